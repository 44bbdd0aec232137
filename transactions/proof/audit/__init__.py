"""Does everything that is stored follow from the ledger? Recomputed from the entries, never repaired.

Each invariant is one small check in `CHECKS`: a statement that returns only what differs, or a walk through
the entries. They run over members in chunks, in memory that does not grow, and on one consistent view of
the database for each chunk.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from django.db import connection, transaction

from loyalty_site.lib.sql import Session
from members.models import Member
from programs import versions
from programs.models import Program
from transactions.proof import seals
from transactions.proof.audit.drift import Drift, Members
from transactions.proof.audit.ladders import time_finds_what_is_due_on_ladders
from transactions.proof.audit.orphans import orphans
from transactions.proof.audit.promotions import (
    codes_were_used_as_often_as_traces_say,
    promotions_gave_what_traces_say,
)
from transactions.proof.audit.standings import STANDINGS
from transactions.proof.audit.statements import STATEMENTS
from transactions.proof.audit.walks import WALKS

__all__ = ["CHECKS", "Drift", "audit"]

#: Members in one chunk. Large enough to cost few statements, small enough to hold a snapshot only briefly.
CHUNK = 500

#: Yields what differs among the members of one chunk.
Check: TypeAlias = Callable[[Members], Iterator[Drift]]

CHECKS: list[Check] = [
    *STATEMENTS,
    *STANDINGS,
    *WALKS,
    time_finds_what_is_due_on_ladders,
    promotions_gave_what_traces_say,
]


def audit(
    program: Program, *, progress: Callable[[int], object] | None = None, chunk: int = CHUNK
) -> Iterator[Drift]:
    """Yields each Drift of the members of `program`, then what names a missing row, codes of promotions
    that were used less or more often, and its seals.

    `progress` is called with the members done since.
    """
    session, last, is_last = Session(), 0, False
    # Compiled before any snapshot: that takes a lock, and writes the document of a version that nobody has used yet.
    versions.of(Program.objects.get(pk=program.pk))
    currencies = dict(program.currencies.values_list("pk", "code"))
    queue = Member.objects.filter(program=program).order_by("pk").values_list("pk", "number")
    while not is_last and (numbers := dict(queue.filter(pk__gt=last)[:chunk])):
        # Behind a chunk that is not full there is nobody.
        last, is_last = max(numbers), len(numbers) < chunk
        members = Members(session, program.pk, numbers, currencies)
        with _snapshot():
            for check in CHECKS:
                yield from check(members)
        if progress:
            progress(len(numbers))
    yield from orphans(session, program.pk)
    with _snapshot():
        yield from codes_were_used_as_often_as_traces_say(program.pk)
    for what, stored, computed in seals.broken(program):
        yield Drift("", "", what, stored, computed)


@contextmanager
def _snapshot() -> Iterator[None]:
    """One view of the database for several statements, without a lock that would make a posting wait."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        # Django's own BEGIN is IMMEDIATE here and would keep writers out.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("COMMIT")
