"""What would a job that re-dates the live lots of a currency do? Shown before anybody agrees; writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from itertools import groupby
from typing import Any, TypeAlias

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils import timezone

from loyalty_site.lib import instants
from members.models import Balance
from programs import versions
from programs.configuration import Currency
from programs.models import Currency as StoredCurrency
from transactions.expiry import redating
from transactions.models import Lot

#: So many lots are looked at one by one; of more, only the totals are those of all.
MOST = 50_000

#: Lots that are shown with their old and new end.
SHOWN = 10


@dataclass(slots=True)
class Moved:
    """Lots that would get another end, their points and whose they are."""

    lots: int = 0
    points: int = 0
    members: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """A lot with its end of today and the one that it would get, None for never."""

    lot: Lot
    before: datetime | None
    after: datetime | None


@dataclass(slots=True)
class Preview:
    """`lots`, `points` and `members` are all that is live, `seen` how many of the lots were looked at.

    `moves` counts by (last usable day now, last usable day then), None for never; `sooner`, `later` and
    `unchanged` are lots.
    """

    at: datetime
    lots: int = 0
    points: int = 0
    members: int = 0
    seen: int = 0
    sooner: int = 0
    later: int = 0
    unchanged: int = 0
    moved: Moved = field(default_factory=Moved)
    moves: dict[tuple[date | None, date | None], Moved] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether all lots were looked at."""
        return self.seen == self.lots


#: A Lot with `clock_ends` and `active_at`, the end and the last activity of the balance that it is part of.
LiveLot: TypeAlias = Any


def preview(currency: StoredCurrency, now: datetime | None = None) -> Preview:
    """What a job would do to `currency` now."""
    now = now or timezone.now()
    configuration = versions.renew(currency.program_id)
    terms, zone = configuration.currencies[currency.code], configuration.zone
    live = _live(currency, now, lives_on_activity=terms.expiry.model == "activity")
    totals = live.aggregate(
        lots=Count("pk"), points=Sum("remaining", default=0), members=Count("member", distinct=True)
    )
    found = Preview(at=now, **totals)
    rows = live.select_related("member").order_by("member_id", "pk")[:MOST]
    for _, lots in groupby(rows.iterator(chunk_size=2000), key=lambda lot: lot.member_id):
        _count(found, terms, list(lots), zone)
    return found


def _live(currency: StoredCurrency, now: datetime, *, lives_on_activity: bool) -> "QuerySet[LiveLot]":
    """The lots that have not ended, with the clock of the balance that each is part of."""
    balance = Balance.objects.filter(member=OuterRef("member"), currency=OuterRef("currency"))
    live = Lot.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), currency=currency, remaining__gt=0)
    lots = live.annotate(
        clock_ends=Subquery(balance.values("expires_at")[:1]),
        active_at=Subquery(balance.values("last_activity_at")[:1]),
    )
    return lots.filter(Q(clock_ends=None) | Q(clock_ends__gt=now)) if lives_on_activity else lots


def _count(found: Preview, terms: Currency, lots: Sequence[LiveLot], zone: tzinfo) -> None:
    """Add the lots of one member."""
    member, active_at, clock = lots[0].member, lots[0].active_at, lots[0].clock_ends
    # A clock that ran out under another model ends nothing any more.
    clock = clock if clock and clock > found.at else None
    had_end = any(lot.expires_at or clock for lot in lots)
    clock_then = redating.new_balance_end(
        terms,
        current=clock,
        active_at=active_at or member.enrolled_at,
        had_end=had_end,
        at=found.at,
        zone=zone,
    )
    moved_before = found.moved.lots
    for lot in lots:
        end = redating.new_end(terms, lot, at=found.at, zone=zone, enrolled_at=member.enrolled_at, balance_end=clock)
        _add(found, Example(lot, lot.expires_at or clock, end or clock_then), zone)
    found.moved.members += found.moved.lots > moved_before


def _add(found: Preview, example: Example, zone: tzinfo) -> None:
    """Count one lot."""
    before, after, points = example.before, example.after, example.lot.remaining
    found.seen += 1
    if before == after:
        found.unchanged += 1
        return
    if before is None or (after and after < before):
        found.sooner += 1
    else:
        found.later += 1
    group = found.moves.setdefault((_last_day(before, zone), _last_day(after, zone)), Moved())
    for count in (group, found.moved):
        count.lots += 1
        count.points += points
    if len(found.examples) < SHOWN:
        found.examples.append(example)


def _last_day(end: datetime | None, zone: tzinfo) -> date | None:
    return end and instants.last_day(end, zone)
