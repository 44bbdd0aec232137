"""How does a ladder of tiers count, until when does a tier hold, and what follows it? Pure; semantics C15.

Days are local to the program. A window or a cycle is named by its first day: that of a lifetime is `FOREVER`, and
a rolling ladder counts each day by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from loyalty_site.lib.memoising import memoised
from programs import periods
from programs.periods import ONE_DAY

#: Qualifying points in the order of a group's criteria, in the smallest units of their currencies.
Counts: TypeAlias = tuple[int, ...]
#: What counts must reach in the same order; None where a currency says nothing.
Wanted: TypeAlias = tuple[int | None, ...]

FOREVER = date(1, 1, 1)

#: No cycle begins longer before any of its days.
_LONGEST_CYCLE = timedelta(days=366)


class Cycle(NamedTuple):
    """The first and the last day of a qualification period."""

    first: date
    last: date


#: The period of a ladder without cycles.
_ALL_TIME = Cycle(FOREVER, date.max)


@memoised
def _cycle(anchor: date, day: date) -> Cycle:
    """The year in which a day lies, of those that begin on the day of `anchor`; a night asks it of very many."""
    years = day.year - anchor.year
    if periods.add_months(anchor, 12 * years) > day:
        years -= 1
    first, following = (periods.add_months(anchor, 12 * n) for n in (years, years + 1))
    return Cycle(first, following - ONE_DAY)


@dataclass(frozen=True, slots=True)
class Benefit:
    """A privilege of a tier; days inclusive, None for open."""

    id: int
    code: str
    name: str
    text: str
    kind: str
    starts_on: date | None
    ends_on: date | None

    def is_over(self, day: date) -> bool:
        """Whether nobody has it any more on a day."""
        return self.ends_on is not None and self.ends_on < day


@dataclass(frozen=True, slots=True)
class Tier:
    """One level of a ladder: `entry` reaches it, `retention` keeps it, both inclusive."""

    id: int
    code: str
    name: str
    entry: Wanted
    retention: Wanted
    multiplier: Fraction
    extension_months: int
    benefits: tuple[Benefit, ...] = ()
    #: The code of the segment whose members hold it at least, "" for none.
    segment: str = ""

    @property
    def threshold(self) -> int | None:
        """What reaches it in the first currency; None where no points of that do."""
        return self.entry[0] if self.entry else None


@dataclass(frozen=True, slots=True)
class TierGroup:
    """A ladder; `tiers` from the lowest to the highest, `criteria` the codes of the currencies that count.

    See programs/models/tiers.py for what each setting means.
    """

    id: int
    code: str
    name: str
    model: str
    criteria: tuple[str, ...]
    needs_all: bool
    cycle_start: tuple[int, int]
    window: int
    window_unit: str
    validity: str
    period_length: int
    period_unit: str
    period_end: str
    rounding: str
    on_end: str
    grace: int
    grace_unit: str
    grace_to_month_end: bool
    rollover: bool
    rollover_limit: int | None
    late_window: int
    reverts: bool
    holds_downgrades: bool
    tiers: tuple[Tier, ...]
    #: The version of the program from which on it counts as it does, while tallies are counted anew; else 0.
    recounts: int = field(default=0, compare=False)
    #: The keys of the currencies that count, in the order of the criteria.
    currency_ids: tuple[int, ...] = field(default=(), compare=False)
    by_code: Mapping[str, Tier] = field(init=False, compare=False, repr=False)
    by_id: Mapping[int | None, Tier] = field(init=False, compare=False, repr=False)
    ranks: Mapping[str, int] = field(init=False, compare=False, repr=False)
    has_cycles: bool = field(init=False, compare=False, repr=False)
    base: Tier | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_code", {tier.code: tier for tier in self.tiers})
        object.__setattr__(self, "by_id", {tier.id: tier for tier in self.tiers})
        object.__setattr__(self, "ranks", {tier.code: place for place, tier in enumerate(self.tiers)})
        object.__setattr__(self, "has_cycles", self.model in ("calendar", "anniversary"))
        object.__setattr__(self, "base", self._base())

    def _base(self) -> Tier | None:
        if self.model == "manual":
            return next((tier for tier in self.tiers if tier.threshold == 0), None)
        return self.reached((0,) * len(self.criteria))

    # What it is, for who compares two versions of it.

    @property
    def asks(self) -> tuple[object, ...]:
        """What has to be reached and kept: equal where the thresholds are."""
        return self.needs_all, tuple((tier.id, tier.entry, tier.retention) for tier in self.tiers)

    @property
    def counting(self) -> tuple[object, ...]:
        """What is counted in which windows: equal where the same tallies serve."""
        is_rolling = self.model == "rolling"
        start = self.cycle_start if self.model == "calendar" else None
        window = (self.window, self.window_unit) if is_rolling else None
        return self.model, start, window, frozenset(self.criteria)

    # Levels.

    @property
    def currency(self) -> str:
        """The code of the first criterion, "" for none."""
        return self.criteria[0] if self.criteria else ""

    def rank(self, tier: Tier | None) -> int:
        """The place of a tier in the ladder, -1 for none."""
        return self.ranks[tier.code] if tier else -1

    def reached(self, counts: Counts) -> Tier | None:
        """The highest tier that the counts reach, or None."""
        if self.model == "manual":
            return self.base
        for tier in reversed(self.tiers):
            if self.meets(tier.entry, counts):
                return tier
        return None

    def meets(self, wanted: Wanted, counts: Counts) -> bool:
        """Whether counts are enough: any of the currencies, or all of them, reach what they have to."""
        if len(wanted) == len(counts) == 1:
            return wanted[0] is not None and counts[0] >= wanted[0]
        hits = [count >= need for need, count in zip(wanted, counts, strict=True) if need is not None]
        return bool(hits) and (all(hits) if self.needs_all else any(hits))

    def keeps(self, tier: Tier, counts: Counts) -> bool:
        """Whether counts keep a tier when its validity ends; what asks for nothing is always kept."""
        return tier is self.base or (self.model != "manual" and self.meets(tier.retention, counts))

    def below(self, tier: Tier, counts: Counts) -> Tier | None:
        """Where a member goes who could not keep `tier`."""
        place = self.rank(tier)
        if self.on_end == "never":
            return tier
        if self.on_end == "one_level":
            return self.tiers[place - 1] if place > 0 else None
        if self.on_end == "to_earned":
            lower = reversed(self.tiers[:place])
            return next((one for one in lower if self.keeps(one, counts)), None)
        return self.base if self.rank(self.base) < place else None

    # Time.

    def cycle(self, day: date, enrolled_on: date) -> Cycle:
        """The qualification period in which a day lies; that of a ladder without cycles is all time."""
        if not self.has_cycles:
            return _ALL_TIME
        anchor = enrolled_on if self.model == "anniversary" else date(2000, *self.cycle_start)
        return _cycle(anchor, day)

    def counted_in(self, day: date, *, known_on: date, enrolled_on: date) -> date:
        """The name of the tally in which what happened on `day` counts, when it reaches us on `known_on` (C16-R3).

        A cycle that has closed long ago is over: then it counts in the present one.
        """
        if self.model == "rolling":
            return day
        cycle = self.cycle(day, enrolled_on)
        if not self.has_cycles or (known_on - cycle.last).days <= self.late_window:
            return cycle.first
        return self.cycle(known_on, enrolled_on).first

    def window_before(self, end: date) -> date:
        """The first day of the trailing window that ends before the day `end`."""
        return periods.add(end, -self.window, self.window_unit)

    def counts_since(self, day: date) -> date:
        """The earliest day that a window may be named by which counts on a day, whoever the member is."""
        if self.model == "rolling":
            return self.window_before(day)
        return day - _LONGEST_CYCLE if self.has_cycles else FOREVER

    def last_day(self, entered_on: date, enrolled_on: date) -> date | None:
        """The last day on which a tier holds that is reached on a day; None for life (C15-R4)."""
        if self.on_end == "never" or self.validity == "none" or self.model == "manual":
            return None
        if self.validity == "period":
            last = periods.last_day(entered_on, self.period_length, self.period_unit, self.period_end)
            return periods.round_up(last, self.rounding)
        last = self.cycle(entered_on, enrolled_on).last
        if self.validity == "rest_of_cycle":
            return last
        return self.cycle(last + ONE_DAY, enrolled_on).last

    def renewed_through(self, ended_on: date, enrolled_on: date) -> date | None:
        """The last day of a tier that is kept, or given, when one ends on `ended_on`."""
        following = ended_on + ONE_DAY
        if self.validity == "rest_of_cycle_plus_next":
            # The closing cycle was one of its two already.
            return None if self.on_end == "never" else self.cycle(following, enrolled_on).last
        return self.last_day(following, enrolled_on)

    def graced_through(self, ended_on: date) -> date:
        """The last day of grace of a tier whose validity ended on a day (C15-R6)."""
        if not self.grace:
            return ended_on
        last = periods.add(ended_on, self.grace, self.grace_unit)
        return periods.round_up(last, "month") if self.grace_to_month_end else last
