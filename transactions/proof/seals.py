"""Was the ledger changed behind our back after the fact? Each night a seal is put on the new entries.

A seal's root is a hash over the root before it and the chain values of the program's new entries in the
order of their keys; then come the new standings and benefits (`sealed_rows.py`). Whoever changes, removes or
slips in an entry would have to write anew not only the member's chain but every seal since: keep a root
outside (the night prints it), and even that shows.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from programs.models import Program
from transactions.models import Entry, NightRun, Seal
from transactions.proof import sealed_rows
from transactions.proof.sealed_rows import Span

#: How long the seal waits for postings that have taken a key and are not committed yet.
PATIENCE_S = 60


#: The step of the night that seals; its counts hold the root a second time.
STEP = "seal"


class StillPosting(Exception):
    """A posting that began before the seal has not ended in time; the next attempt waits again."""


def seal(program: Program, day: date, *, patience_s: float = PATIENCE_S, now: datetime | None = None) -> Seal:
    """Put the seal of `day` on all of `program` that no seal covers yet; returns the Seal.

    Called twice for a day, it seals once. Waits for at most `patience_s` seconds, then raises StillPosting.
    """
    known = Seal.objects.filter(program=program, day=day).first()
    if known:
        return known
    last, further = _last_committed(patience_s)
    before = Seal.objects.filter(program=program).order_by("-last_entry", "-pk").first()
    first = before.last_entry + 1 if before else 1
    ends = before.further if before else {}
    spans = {
        name: sealed_rows.span(ends[name]["last"] + 1 if name in ends else 1, key) for name, key in further.items()
    }
    count, root = root_of(program, first, last, before.root if before else "", spans)
    columns = {
        "first_entry": first,
        "last_entry": max(last, first - 1),
        "entries": count,
        "further": spans,
        "root": root,
        "sealed_at": now or timezone.now(),
    }
    return Seal.objects.get_or_create(program=program, day=day, defaults=columns)[0]


def root_of(program: Program, first: int, last: int, before: str, further: Mapping[str, Span]) -> tuple[int, str]:
    """(how many entries there are, the root over them) of the keys from `first` to `last`, read as a stream.

    The rows of `further` are part of the root, too; how many there are is put into it.
    """
    currencies = list(program.currencies.values_list("pk", flat=True))
    entries = Entry.objects.filter(pk__gte=first, pk__lte=last, currency__in=currencies).order_by("pk")
    root, count = hashlib.sha256(before.encode()), 0
    for chain in entries.values_list("chain", flat=True).iterator(chunk_size=5000):
        root.update(chain.encode())
        count += 1
    for name in sorted(further):
        further[name]["rows"] = sealed_rows.add(root, program, name, further[name])
    return count, root.hexdigest()


def _last_committed(patience_s: float) -> tuple[int, dict[str, int]]:
    """The largest key below which no entry can appear any more, and the same of each kind of further rows.

    Keys are taken before they are committed, so on PostgreSQL we wait for the transactions that were under
    way when we looked; on SQLite there is one writer at a time.
    """
    last: int = Entry.objects.aggregate(last=Max("pk"))["last"] or 0
    further = sealed_rows.last_keys()
    if connection.vendor == "postgresql":
        _wait_for_others(patience_s)
    return last, further


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
    ends: dict[str, int] = {}
    roots: dict[date, str] = {}
    for one in Seal.objects.filter(program=program).order_by("last_entry", "pk").iterator():
        name = f"of {one.day} over the entries {one.first_entry} to {one.last_entry}"
        if one.first_entry != last + 1:
            yield f"where the seal {name} begins", one.first_entry, last + 1
        further = {name: dict(keys) for name, keys in one.further.items()}
        count, computed = root_of(program, one.first_entry, one.last_entry, root, further)
        if count != one.entries:
            yield f"the number of entries under the seal {name}", one.entries, count
        yield from _further_differs(one, further, ends)
        if computed != one.root:
            yield f"the seal {name}", one.root, computed
        root, last = one.root, one.last_entry
        roots[one.day] = root
        ends |= {name: keys["last"] for name, keys in further.items()}
        if progress:
            progress(count)
    for day, counts in NightRun.objects.filter(program=program, step=STEP).values_list("day", "counts"):
        counted = counts.get("root")
        if counted and counted != roots.get(day):
            yield f"the seal of {day}", roots.get(day, "missing"), f"{counted} (as the night told it)"


def _further_differs(
    one: Seal, computed: Mapping[str, Span], ends: Mapping[str, int]
) -> Iterator[tuple[str, int | str, int | str]]:
    """What a seal says of its further rows, and does not fit: none is left out, and none is missing."""
    for name in sorted(ends.keys() | computed.keys()):
        keys = one.further.get(name)
        if keys is None:
            yield f"the {name} under the seal of {one.day}", "none", f"from {ends[name] + 1} on"
            continue
        covered = f"under the seal of {one.day} over the {name} {keys['first']} to {keys['last']}"
        if keys["first"] != ends.get(name, 0) + 1:
            yield f"the first key {covered}", keys["first"], ends.get(name, 0) + 1
        if keys["rows"] != computed[name]["rows"]:
            yield f"the number of rows {covered}", keys["rows"], computed[name]["rows"]
