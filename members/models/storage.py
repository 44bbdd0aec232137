"""Where do new versions of rows go that every posting changes?

PostgreSQL writes each change of a row as a new row. Where its page has room, and no indexed column changed, that
is all; where not, every index of the table gets a new entry too.
"""

from django.db import connections

from members.models import Balance, Delivery, Member, Tally

#: Per cent of a page that inserts may fill. A delivery is begun and ended by the same rows, within seconds.
FILL = {Balance: 90, Member: 90, Tally: 90, Delivery: 60}


def leave_room(*, using: str, **kwargs: object) -> None:
    """post_migrate: keep room in the pages of the rows that a posting changes."""
    connection = connections[using]
    fill = {model._meta.db_table: share for model, share in FILL.items()}
    if connection.vendor == "postgresql" and fill.keys() <= set(connection.introspection.table_names()):
        with connection.cursor() as cursor:
            for table, share in sorted(fill.items()):
                cursor.execute(f'ALTER TABLE "{table}" SET (fillfactor = {share})')
