"""Was the ledger changed behind our back after the fact? Each night a seal is put on the new entries.

A seal's root is a hash over the root before it and the chain values of the program's new entries in the
order of their keys. Whoever changes, removes or slips in an entry would have to write anew not only the
member's chain but every seal since: keep a root outside (the night prints it), and even that shows.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from programs.models import Program
from transactions.models import Entry, NightRun, Seal

#: How long the seal waits for postings that have taken a key and are not committed yet.
PATIENCE_S = 60


#: The step of the night that seals; its counts hold the root a second time.
STEP = "seal"


class StillPosting(Exception):
    """A posting that began before the seal has not ended in time; the next attempt waits again."""


def seal(program: Program, day: date, *, patience_s: float = PATIENCE_S, now: datetime | None = None) -> Seal:
    """Put the seal of `day` on all entries of `program` that no seal covers yet; returns the Seal.

    Called twice for a day, it seals once. Waits for at most `patience_s` seconds, then raises StillPosting.
    """
    known = Seal.objects.filter(program=program, day=day).first()
    if known:
        return known
    last = _last_committed(patience_s)
    before = Seal.objects.filter(program=program).order_by("-last_entry", "-pk").first()
    first = before.last_entry + 1 if before else 1
    count, root = root_of(program, first, last, before.root if before else "")
    columns = {
        "first_entry": first,
        "last_entry": max(last, first - 1),
        "entries": count,
        "root": root,
        "sealed_at": now or timezone.now(),
    }
    return Seal.objects.get_or_create(program=program, day=day, defaults=columns)[0]


def root_of(program: Program, first: int, last: int, before: str) -> tuple[int, str]:
    """(how many entries there are, the root over them) of the keys from `first` to `last`, read as a stream."""
    currencies = list(program.currencies.values_list("pk", flat=True))
    entries = Entry.objects.filter(pk__gte=first, pk__lte=last, currency__in=currencies).order_by("pk")
    root, count = hashlib.sha256(before.encode()), 0
    for chain in entries.values_list("chain", flat=True).iterator(chunk_size=5000):
        root.update(chain.encode())
        count += 1
    return count, root.hexdigest()


def _last_committed(patience_s: float) -> int:
    """The largest key below which no entry can appear any more.

    Keys are taken before they are committed, so on PostgreSQL we wait for the transactions that were under
    way when we looked; on SQLite there is one writer at a time.
    """
    last: int = Entry.objects.aggregate(last=Max("pk"))["last"] or 0
    if connection.vendor == "postgresql":
        _wait_for_others(patience_s)
    return last


#: Transactions that write now, of this database as far as it is known whose they are.
_UNDER_WAY = (
    "SELECT x::text FROM pg_snapshot_xip(pg_current_snapshot()) x WHERE NOT EXISTS (SELECT 1 FROM pg_stat_activity a "
    "WHERE a.backend_xid = x::xid AND a.datname IS DISTINCT FROM current_database())"
)


def _wait_for_others(patience_s: float) -> None:
    until = time.monotonic() + patience_s
    with connection.cursor() as cursor:
        # Else a transaction sees whose they are as of when it first asked, and waits for whoever came since.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(_UNDER_WAY)
        waiting = [row[0] for row in cursor.fetchall()]
        while waiting:
            cursor.execute(
                "SELECT x FROM unnest(%s::text[]) x WHERE pg_xact_status(x::xid8) = 'in progress'", [waiting]
            )
            waiting = [row[0] for row in cursor.fetchall()]
            if waiting and time.monotonic() >= until:
                raise StillPosting(f"{len(waiting)} transactions have not ended within {patience_s} seconds.")
            time.sleep(bool(waiting) / 20)


def broken(
    program: Program, *, progress: Callable[[int], object] | None = None
) -> Iterator[tuple[str, int | str, int | str]]:
    """Yields (what, stored, computed) for each seal of `program` that does not fit what it covers.

    Each is measured from the stored root before it, so that one defect is reported once. `progress` is called
    with the number of entries read since.
    """
    root, last = "", 0
    roots: dict[date, str] = {}
    for one in Seal.objects.filter(program=program).order_by("last_entry", "pk").iterator():
        name = f"of {one.day} over the entries {one.first_entry} to {one.last_entry}"
        if one.first_entry != last + 1:
            yield f"where the seal {name} begins", one.first_entry, last + 1
        count, computed = root_of(program, one.first_entry, one.last_entry, root)
        if count != one.entries:
            yield f"the number of entries under the seal {name}", one.entries, count
        if computed != one.root:
            yield f"the seal {name}", one.root, computed
        root, last = one.root, one.last_entry
        roots[one.day] = root
        if progress:
            progress(count)
    for day, counts in NightRun.objects.filter(program=program, step=STEP).values_list("day", "counts"):
        counted = counts.get("root")
        if counted and counted != roots.get(day):
            yield f"the seal of {day}", roots.get(day, "missing"), f"{counted} (as the night told it)"
