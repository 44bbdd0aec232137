"""Which entries count for tiers, and in which window of a ladder? Read by the audit, and to count a ladder anew."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, tzinfo
from typing import NamedTuple, TypeAlias

from programs.configuration import Configuration
from programs.ladders import TierGroup
from programs.models import Currency
from programs.periods import local_date
from transactions.models.entries import Entry

#: What changes how many qualifying points were earned.
_COUNTED_KINDS = (
    Entry.Kind.CREDIT,
    Entry.Kind.DEBIT,
    Entry.Kind.REVERSAL_DEBIT,
    Entry.Kind.REVERSAL_CREDIT,
    Entry.Kind.TRANSFER_IN,
    Entry.Kind.TRANSFER_OUT,
    Entry.Kind.OPENING,
)

#: {(tier group id, currency id, first day of the window): points}.
Tallies: TypeAlias = dict[tuple[int, int, date], int]


class Moved(NamedTuple):
    """What an entry moved of qualifying points, and what decides whether and where it counts."""

    member_id: int
    currency_id: int
    points: int
    pending: int
    is_born_pending: bool | None
    is_taken_pending: bool | None
    activity_at: datetime
    undone_at: datetime | None
    version: int
    released_at: datetime | None
    taken_released_at: datetime | None
    counted_on: str | None
    undone_counted_on: str | None

    @property
    def happened_at(self) -> datetime:
        """When that happened which counts: what is taken back leaves the window in which it was earned."""
        return self.undone_at or self.activity_at

    @property
    def counted(self) -> int:
        """How many points it adds to what was counted."""
        if self.pending:
            # Pending points count when they are released, and then what is left of them.
            return 0 if self.is_born_pending or self.is_taken_pending else self.pending
        return self.points

    def known_on(self, zone: tzinfo) -> date:
        """The day of the cycle in which it counts, where its own was over."""
        said = self.undone_counted_on if self.undone_at else self.counted_on
        if said:
            return date.fromisoformat(said)
        released = self.released_at if self.is_born_pending is not None else self.taken_released_at
        return local_date(released or self.happened_at, zone)


def moved(member_ids: Collection[int]) -> Iterator[Moved]:
    """The entries of these members that count, those of one behind the other."""
    entries = Entry.objects.filter(
        member__in=member_ids, currency__kind=Currency.Kind.QUALIFYING, kind__in=_COUNTED_KINDS
    )
    rows = entries.order_by("member_id").values_list(
        "member_id",
        "currency_id",
        "points",
        "pending",
        "lot__is_pending",
        "traces__lot__is_pending",
        "activity_at",
        "journal__reverses__activity_at",
        "journal__program_version",
        "lot__available_at",
        "traces__lot__available_at",
        "journal__trace__counted_on",
        "journal__reverses__trace__counted_on",
    )
    return (Moved(*row) for row in rows.iterator())


def tallied(
    rows: Iterable[Moved],
    enrolled_at: datetime,
    *,
    at: Callable[[int], Configuration],
    recounts: Mapping[int, Configuration],
) -> Tallies:
    """The tallies that follow from one member's entries, under the terms `at` the version of their posting.

    `recounts` maps a ladder that was counted anew to the terms that hold for all that was posted before them.
    """
    sums: Tallies = {}
    for row in rows:
        points = row.counted
        for terms, group in _ladders(row.version, at, recounts) if points else ():
            if row.currency_id in (terms.currencies[code].id for code in group.criteria):
                enrolled_on, day = local_date(enrolled_at, terms.zone), local_date(row.happened_at, terms.zone)
                period = group.counted_in(day, known_on=row.known_on(terms.zone), enrolled_on=enrolled_on)
                key = group.id, row.currency_id, period
                sums[key] = sums.get(key, 0) + points
    return sums


def _ladders(
    version: int, at: Callable[[int], Configuration], recounts: Mapping[int, Configuration]
) -> Iterator[tuple[Configuration, TierGroup]]:
    """The ladders on which something counts that was posted under a version, each with the terms that say how."""
    terms = at(version)
    anew = {key: later for key, later in recounts.items() if version < later.version}
    yield from ((terms, group) for group in terms.tier_groups.values() if group.id not in anew)
    for key, later in anew.items():
        yield from ((later, group) for group in later.tier_groups.values() if group.id == key)
