"""Where do new versions of rows go that every posting changes?

PostgreSQL writes each change of a row as a new row. Where its page has room, and no indexed column changed, that
is all; where not, every index of the table gets a new entry too.
"""

from django.db import connections

from members.models import Balance, Member, Tally

#: Per cent of a page that inserts may fill.
FILL = 90


def leave_room(*, using: str, **kwargs: object) -> None:
    """post_migrate: keep room in the pages of the rows that a posting changes."""
    connection = connections[using]
    tables = {model._meta.db_table for model in (Balance, Member, Tally)}
    if connection.vendor == "postgresql" and tables <= set(connection.introspection.table_names()):
        with connection.cursor() as cursor:
            for table in sorted(tables):
                cursor.execute(f'ALTER TABLE "{table}" SET (fillfactor = {FILL})')
