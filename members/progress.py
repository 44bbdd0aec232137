"""How far is a member from the next tier, and from keeping the one that is held? Semantics C15-X7."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from members.holdings import Account
from members.ladder import Ladder
from members.ladder_rows import LockedStanding
from programs import periods
from programs.configuration import Configuration, Currency
from programs.ladders import FOREVER, Cycle, Tier, TierGroup, Wanted
from programs.periods import ONE_DAY

#: Of former cycles, as many are read as grace and a validity that just ended may need.
_FORMER_YEARS = 3


@dataclass(frozen=True, slots=True)
class Measure:
    """How far one currency is: what was `counted` in the present window, and what is missing to the next tier.

    `kept` is what was counted so far in the window that decides whether the tier is kept, `to_keep` what is missing
    there. None where the currency says nothing about it.
    """

    currency: Currency
    counted: int
    to_next: int | None
    kept: int | None
    to_keep: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """Where a member stands on one ladder.

    `cycle` is the present one, None without cycles. `next` is the next tier that points reach, to be reached by the
    day `next_by` (None: whenever); the held one has to be kept by `keep_by`, which else goes to `projected`.
    """

    group: TierGroup
    held: LockedStanding | None
    tier: Tier | None
    measures: tuple[Measure, ...]
    cycle: Cycle | None
    next: Tier | None
    next_by: date | None
    keep_by: date | None
    projected: Tier | None


def steps(configuration: Configuration, account: Account, *, now: datetime) -> Iterator[Step]:
    """A Step for each tier group of the program, from what the `account` counts and holds."""
    for group in configuration.tier_groups.values():
        yield _step(Ladder(configuration, group, account), ladder_day=periods.local_date(now, configuration.zone))


def _step(ladder: Ladder, *, ladder_day: date) -> Step:
    group, held, tier = ladder.group, ladder.held, ladder.tier
    cycle = group.cycle(ladder_day, ladder.enrolled_on) if group.has_cycles else None
    above = _above(group, tier)
    ended_on = ladder.last_day(held.valid_until) if held and held.valid_until and tier is not group.base else None
    keep_by, kept = None, None
    if ended_on and tier:
        keep_by = max(ended_on, group.graced_through(ended_on)) if ended_on < ladder_day else ended_on
        kept = ladder.closing(ended_on, max(ended_on, ladder_day) + ONE_DAY)
    counts = ladder.counted_on(ladder_day)
    wanted: Wanted = above.entry if above else (None,) * len(counts)
    keeps: Wanted = tier.retention if tier and kept is not None else (None,) * len(counts)
    measures = [
        Measure(
            currency=ladder.configuration.currencies[code],
            counted=counts[place],
            to_next=_missing(wanted[place], counts[place]),
            kept=kept[place] if kept is not None else None,
            to_keep=_missing(keeps[place], kept[place]) if kept is not None else None,
        )
        for place, code in enumerate(group.criteria)
    ]
    projected = tier
    if tier and kept is not None and not group.keeps(tier, kept):
        projected = group.below(tier, kept)
    return Step(
        group, held, tier, tuple(measures), cycle, above, cycle.last if cycle and above else None, keep_by, projected
    )


def _above(group: TierGroup, tier: Tier | None) -> Tier | None:
    """The next tier that points reach."""
    higher = group.tiers[group.rank(tier) + 1 :]
    return next((one for one in higher if any(need is not None for need in one.entry) and group.criteria), None)


def _missing(need: int | None, count: int) -> int | None:
    return None if need is None else max(0, need - count)


def windows_from(configuration: Configuration, *, now: datetime) -> date:
    """The first day of the earliest window that may count now."""
    today = periods.local_date(now, configuration.zone)
    found = [date.max]
    for group in configuration.tier_groups.values():
        if group.has_cycles:
            found.append(periods.add(today, -_FORMER_YEARS, "year"))
        else:
            found.append(group.window_before(today) if group.model == "rolling" else FOREVER)
    return min(found)
