"""How is PostgreSQL kept from reading whole tables, whatever it believes about how many rows are meant?"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from loyalty_site.lib.sql import Session

#: Leaves nothing but indexes to read tables by, and nothing but look-ups to join with, until the transaction ends; no
#: other process is called in, nothing is compiled: both take longer than what they do for few.
ONLY_LOOK_UP = (
    "SELECT set_config(name, value, TRUE) FROM (VALUES ('enable_seqscan', 'off'), ('jit', 'off'), "
    "('max_parallel_workers_per_gather', '0')) AS these(name, value)"
)

#: Between these, rows come in the order that is asked for only by an index that has them in it.
NEVER_SORT, MAY_SORT = (
    f"SELECT set_config('enable_sort', '{switch}', TRUE), set_config('enable_incremental_sort', '{switch}', TRUE)"
    for switch in ("off", "on")
)


@contextmanager
def only_looking_up(*, sorts: bool = True) -> Iterator[Session]:
    """A transaction that reads by indexes alone; inside another one, that one does so until its end.

    Without `sorts`, what is asked for in an order is read by the index that has it in this order.
    """
    session = Session()
    with transaction.atomic(savepoint=False):
        if session.is_postgresql:
            session.run(ONLY_LOOK_UP)
            if not sorts:
                session.run(NEVER_SORT)
        yield session
        if session.is_postgresql and not sorts:
            session.run(MAY_SORT)
