"""Which rows are posted on which connection, so that all comes out as if they had been posted on one?

Rows of one member always go together. So do those of all members who have to do with a group: what one of them earns
is an entry of the group, too.
"""

from collections.abc import Sequence

from django.db import connection

from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.sql import Session
from members.lookup import Lookup
from partners.callers import Via
from programs.configuration import Configuration
from transactions.imports.records import Row

#: Python needs as long for a row as the database does: with two connections, both are always at work.
CONNECTIONS = 2


def connections(configuration: Configuration) -> int:
    """On how many connections a file of this program may be posted.

    A cap that members share is used up by whoever comes first, so there all rows have one order. Nobody but this
    connection sees what its open transaction has written, and SQLite has one writer.
    """
    is_shared = any(cap.has_counter and cap.scope != "member" for cap in configuration.caps)
    if is_shared or connection.in_atomic_block or connection.vendor != "postgresql":
        return 1
    return CONNECTIONS


def share(rows: Sequence[Row], count: int, configuration: Configuration, via: Via) -> list[list[Row]]:
    """`count` lists of the rows, each in their order."""
    if count == 1:
        return [list(rows)]
    session = Session()
    with session.together():
        references = [row.activity.member for row in rows]
        lookup = Lookup(session, configuration.id, via.pk, references, country=configuration.country)
    shares: list[list[Row]] = [[] for _ in range(count)]
    for row, member in zip(rows, lookup.take(), strict=True):
        if isinstance(member, Refusal) or member in lookup.groups or member in lookup.collective:
            # Whoever is not found is refused on any of them.
            shares[0].append(row)
        else:
            shares[member % count].append(row)
    return shares
