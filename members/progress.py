"""How far is a member from the next tier, and from keeping the one that is held? Semantics C15-X7."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from members import assessing
from members.holdings import Account
from members.ladder import Ladder
from members.ladder_rows import LockedStanding
from programs import periods
from programs.configuration import Configuration, Currency
from programs.ladders import FOREVER, Counts, Cycle, Tier, TierGroup, Wanted
from programs.periods import ONE_DAY

#: Of former cycles, as many are read as grace and a validity that just ended may need.
_FORMER_YEARS = 3


@dataclass(frozen=True, slots=True)
class Measure:
    """How far one currency is: what was `counted` in the present window, and what is missing to the next tier.

    `kept` is what was counted so far in the window that decides whether the tier is kept, `to_keep` what is missing
    there. `wanted` reaches the next tier, `keeps` keeps the one that is held. None where the currency says nothing
    about it.
    """

    currency: Currency
    counted: int
    wanted: int | None
    to_next: int | None
    kept: int | None
    keeps: int | None
    to_keep: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """Where a member stands on one ladder.

    `cycle` is the present one, None without cycles. `next` is the next tier that points reach, to be reached by the
    day `next_by` (None: whenever). `ends` says that the held one is given up unless it is kept: by `keep_by`, None
    while its downgrade waits for somebody who agrees; else it goes to `projected`. `grace_until` is the first
    instant at which grace is over, None for a tier that is in none.
    """

    group: TierGroup
    held: LockedStanding | None
    tier: Tier | None
    measures: tuple[Measure, ...]
    cycle: Cycle | None
    next: Tier | None
    next_by: date | None
    ends: bool
    keep_from: date | None
    keep_by: date | None
    grace_until: datetime | None
    projected: Tier | None

    @property
    def is_kept(self) -> bool:
        """Whether what was counted so far keeps the tier already."""
        return self.projected is self.tier


class _Ending(NamedTuple):
    """Of which days it is decided by whether a tier is kept, and what has been counted for it."""

    first: date | None
    by: date | None
    counts: Counts


def steps(configuration: Configuration, account: Account, *, now: datetime) -> Iterator[Step]:
    """A Step for each tier group of the program, from what the `account` counts and holds."""
    for group in configuration.tier_groups.values():
        yield _step(Ladder(configuration, group, account), now)


def _step(ladder: Ladder, now: datetime) -> Step:
    group, held, tier, today = ladder.group, ladder.held, ladder.tier, ladder.day(now)
    cycle = group.cycle(today, ladder.enrolled_on) if group.has_cycles else None
    above, ending = _above(group, tier), _ending(ladder, now)
    projected = tier
    if tier and ending and not group.keeps(tier, ending.counts):
        projected = group.below(tier, ending.counts)
    return Step(
        group=group,
        held=held,
        tier=tier,
        measures=tuple(_measures(ladder, above, ending, today, is_kept=projected is tier)),
        cycle=cycle,
        next=above,
        next_by=cycle.last if cycle and above else None,
        ends=ending is not None,
        keep_from=ending.first if ending else None,
        keep_by=ending.by if ending else None,
        grace_until=_grace_until(ladder, now),
        projected=projected,
    )


def _ending(ladder: Ladder, now: datetime) -> _Ending | None:
    """How it is decided whether the held tier is kept; None where nothing takes it away."""
    group, held, tier, today = ladder.group, ladder.held, ladder.tier, ladder.day(now)
    if held is None or tier is None or tier is group.base or group.on_end == "never":
        return None
    locked_through = ladder.last_day(held.locked_until) if held.locked_until and held.is_locked(now) else None
    if held.valid_until:
        ended_on = ladder.last_day(held.valid_until)
    elif locked_through and assessing.ends_with_lock(ladder, held):
        ended_on = locked_through
    else:
        return None
    by = group.graced_through(ended_on) if ended_on < today else ended_on
    known = max(ended_on, today)
    if locked_through:
        by, known = max(by, locked_through), max(known, locked_through)
    first = assessing.window_of(ladder, ladder.end_of(ended_on) or now)
    return _Ending(
        None if first == FOREVER else first,
        None if held.waits_from else by,
        ladder.closing(ended_on, known + ONE_DAY),
    )


def _grace_until(ladder: Ladder, now: datetime) -> datetime | None:
    """The end of the grace in which the held tier is; None for one that is in none."""
    held = ladder.held
    if held is None or held.valid_until is None or held.valid_until > now or held.waits_from:
        return None
    end = ladder.end_of(ladder.group.graced_through(ladder.last_day(held.valid_until)))
    return end if end and end > now else None


def _measures(
    ladder: Ladder, above: Tier | None, ending: _Ending | None, today: date, *, is_kept: bool
) -> Iterator[Measure]:
    group, tier, counts = ladder.group, ladder.tier, ladder.counted_on(today)
    nothing: Wanted = (None,) * len(counts)
    wanted = above.entry if above else nothing
    keeps = tier.retention if tier and ending else nothing
    # Where any currency is enough, the others miss nothing once one of them has what it takes.
    is_reached = group.meets(wanted, counts)
    for place, code in enumerate(group.criteria):
        kept = ending.counts[place] if ending else None
        yield Measure(
            currency=ladder.configuration.currencies[code],
            counted=counts[place],
            wanted=wanted[place],
            to_next=_missing(wanted[place], counts[place], is_enough=is_reached),
            kept=kept,
            keeps=keeps[place],
            to_keep=_missing(keeps[place], kept, is_enough=is_kept) if kept is not None else None,
        )


def _above(group: TierGroup, tier: Tier | None) -> Tier | None:
    """The next tier that points reach."""
    higher = group.tiers[group.rank(tier) + 1 :]
    return next((one for one in higher if any(need is not None for need in one.entry) and group.criteria), None)


def _missing(need: int | None, count: int, *, is_enough: bool) -> int | None:
    if need is None:
        return None
    return 0 if is_enough else max(0, need - count)


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
