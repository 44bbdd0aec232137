"""What did a member hold at any instant: as it was true, and as we knew it?

Two axes. `true_at` takes what members did by then, whenever it reached us; `known_at` takes what was written
down by then, whenever it happened. Given both, it is what we knew then about what was true then; given
neither, it is all that is in the ledger, which equals the stored balance. Reads entries, traces, standings
and redatings only: no stored balance is asked, or touched. What time has done since the member was last
settled is not in the ledger yet: call `ledger.refresh` first where the present matters.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeAlias, cast

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from members.held import HeldLot, State
from members.models import Standing
from transactions.models import Entry, Lot, Redating, Trace

PARTS = ("available", "pending", "reserved", "arrears")


def as_of(member_id: int, *, true_at: datetime | None = None, known_at: datetime | None = None) -> State:
    """The State of a member at these instants, inclusive; None takes everything on that axis.

    A back-dated debit may take from a later credit, so what was true can be below zero for a while.
    """
    return State(
        balances=_balances(member_id, _until(true_at, known_at)),
        lots=list(_lots(member_id, true_at, known_at)),
        tiers=_tiers(member_id, true_at, known_at),
    )


def _until(true_at: datetime | None, known_at: datetime | None, path: str = "") -> Q:
    """The condition on entries (reached by `path`) for both axes."""
    limits = {f"{path}activity_at__lte": true_at, f"{path}posted_at__lte": known_at}
    return Q(**{name: at for name, at in limits.items() if at is not None})


def _balances(member_id: int, until: Q) -> dict[int, dict[str, int]]:
    entries = Entry.objects.filter(until, member=member_id).order_by()
    sums = entries.values("currency_id").annotate(**{f"sum_{part}": Sum(part) for part in PARTS})
    rows = cast("Iterable[Mapping[str, int]]", sums)
    return {row["currency_id"]: {part: int(row[f"sum_{part}"]) for part in PARTS} for row in rows}


def _lots(member_id: int, true_at: datetime | None, known_at: datetime | None) -> Iterator[HeldLot]:
    until = _until(true_at, known_at)
    # By way of the entries: lots have an index by member only as long as something is left of them.
    traces = Trace.objects.filter(_until(true_at, known_at, "entry__"), lot__entry__member=member_id).order_by()
    used = dict(traces.values_list("lot").annotate(Sum("points")))
    rows = Lot.objects.filter(_until(true_at, known_at, "entry__"), entry__member=member_id)
    lots = rows.annotate(born_pending=Coalesce("entry__pending", 0)).order_by("pk")
    releases = Entry.objects.filter(until, member=member_id, kind=Entry.Kind.RELEASE)
    released = set(releases.values_list("currency_id", "activity_at"))
    ends = _ends(member_id, known_at if known_at is not None else true_at)
    for lot in lots.iterator(chunk_size=2000):
        remaining = lot.points - int(used.get(lot.pk, 0))
        if remaining:
            is_free = not lot.is_pending and (lot.currency_id, lot.available_at) in released
            yield HeldLot(
                id=lot.pk,
                currency_id=lot.currency_id,
                points=lot.points,
                remaining=remaining,
                is_pending=lot.born_pending > 0 and not is_free,
                activity_at=lot.activity_at,
                expires_at=ends.get(lot.pk, lot.expires_at),
            )


def _ends(member_id: int, at: datetime | None) -> dict[int, datetime | None]:
    """{lot: its end at `at`} of the lots whose end was changed afterwards: the end that the change replaced."""
    if at is None:
        return {}
    changed = Redating.objects.filter(lot__entry__member=member_id, at__gt=at).order_by("-pk")
    return dict(changed.values_list("lot", "expires_before"))


def _tiers(member_id: int, true_at: datetime | None, known_at: datetime | None) -> dict[int, int]:
    """Of the standings that began by `true_at` and were known by `known_at`, the last of each group.

    What was superseded by then counts no more; without `known_at`, whatever was superseded at any time.
    """
    rows = list(Standing.objects.filter(member=member_id).order_by("from_at", "pk"))
    told = [row for row in rows if true_at is None or row.from_at <= true_at]
    if known_at is None:
        told = [row for row in told if row.superseded_at is None]
    else:
        rewritten = _rewritten(rows)
        told = [row for row in told if _is_told(row, known_at, rewritten)]
    last = {row.group_id: row.tier_id for row in told}
    return {group: tier for group, tier in last.items() if tier is not None}


#: {(tier group, instant of writing): from when on the past of the group was written anew then}.
Rewritten: TypeAlias = Mapping[tuple[int, datetime], datetime]


def _rewritten(rows: Iterable[Standing]) -> Rewritten:
    found: dict[tuple[int, datetime], datetime] = {}
    for row in rows:
        if row.superseded_at:
            key = row.group_id, row.superseded_at
            found[key] = min(found.get(key, row.from_at), row.from_at)
    return found


def _is_told(row: Standing, known_at: datetime, rewritten: Rewritten) -> bool:
    """Whether a standing counted for who looked at `known_at`.

    What time alone does was certain when it did it, however late it was booked: whoever had looked in between would
    have been told. What was written with a past that was written anew was known when that was.
    """
    by_time = row.reason in (Standing.Reason.RENEWAL, Standing.Reason.DOWNGRADE) and row.caused_by is None
    anew_from = rewritten.get((row.group_id, row.recorded_at))
    is_anew = anew_from is not None and row.from_at >= anew_from and row.superseded_at != row.recorded_at
    known = row.from_at if by_time and not is_anew else row.recorded_at
    return known <= known_at and (row.superseded_at is None or row.superseded_at > known_at)
