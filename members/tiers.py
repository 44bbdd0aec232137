"""Which tier does a member hold? Upgrades at once, while the ledger posts; semantics C15-R3, R4, R8, R9.

What time does to tiers: `assessing.py`. What reaches us late: `reassessing.py`.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from members import assessing, reassessing
from members.holdings import Account, Counted
from members.ladder import Ladder, Reason
from members.ladder_rows import LockedStanding
from programs import periods
from programs.configuration import Configuration, Currency
from programs.ladders import FOREVER, Counts, Tier, TierGroup


class Fact(NamedTuple):
    """What qualifying points are about: it happened at `at`, is known at `known_at`, and reaches a tier at `since`.

    `counted_on` names a day of the cycle in which it was counted, where that is known; `caused_by` is its journal.
    """

    at: datetime
    known_at: datetime
    since: datetime
    counted_on: date | None = None
    caused_by: int | None = None


def codes(configuration: Configuration, account: Account, *, at: datetime | None = None) -> dict[str, str]:
    """{tier group code: tier code} that the member holds, for rules and answers; `at` an instant: held then."""
    found = {}
    for group in configuration.tier_groups.values():
        held = account.tiers.get(group.id)
        if held and at is not None and held.from_at > at:
            held = _held_before(account, group.id, held, at)
        tier = group.by_id.get(held.tier_id) if held else None
        if tier:
            found[group.code] = tier.code
    return found


def _held_before(account: Account, group_id: int, held: LockedStanding, at: datetime) -> LockedStanding:
    """The standing of an instant before the present one began; of one before the first, the first."""
    past = [one for one in account.past.get(group_id, ()) if one.superseded_at is None] or [held]
    return next((one for one in reversed(past) if one.from_at <= at), past[0])


def starting(configuration: Configuration) -> list[tuple[TierGroup, Tier]]:
    """(group, tier) of every tier that a member has from the first day, because it asks for nothing."""
    return [(group, group.base) for group in configuration.tier_groups.values() if group.base]


def count(ladder: Ladder, currency: Currency, points: int, fact: Fact) -> None:
    """Move the tally of the window in which a Fact counts; `upgrade` compares it with the thresholds."""
    group, account = ladder.group, ladder.account
    day = ladder.day(fact.at)
    if not group.has_cycles:
        period = day if group.model == "rolling" else FOREVER
    elif fact.counted_on:
        period = group.cycle(fact.counted_on, ladder.enrolled_on).first
    else:
        period = group.counted_in(day, known_on=ladder.day(fact.known_at), enrolled_on=ladder.enrolled_on)
    ladder.tally(currency.id, period).add(points)
    account.counted.append(Counted(group.id, currency.id, period, points, day, fact.since, fact.caused_by))
    account.is_touched = True


def counts_elsewhere(configuration: Configuration, account: Account, *, at: datetime, known_at: datetime) -> bool:
    """Whether what happened at an instant, and is known at another, counts in a later cycle than its own."""
    if not configuration.has_cycles:
        return False
    day, known_on = (periods.local_date(instant, configuration.zone) for instant in (at, known_at))
    if day == known_on:
        return False
    enrolled_on = periods.local_date(account.enrolled_at, configuration.zone)
    return any(
        group.cycle(day, enrolled_on).first != group.counted_in(day, known_on=known_on, enrolled_on=enrolled_on)
        for group in configuration.tier_groups.values()
        if group.has_cycles
    )


def upgrade(configuration: Configuration, account: Account, *, now: datetime) -> None:
    """Compare what was counted since the last time with the thresholds; boundaries are inclusive.

    Several steps may be taken at once, a tier that is reached again is renewed, and nobody goes down.
    """
    counted, account.counted = account.counted, []
    for group in configuration.tier_groups.values() if counted else ():
        own = [one for one in counted if one.group_id == group.id]
        if not own:
            continue
        ladder = Ladder(configuration, group, account)
        if len(own) > 1 or not _stays(ladder, own[0], now):
            _compare(ladder, own, now)


def _stays(ladder: Ladder, one: Counted, now: datetime) -> bool:
    """Whether these points change nothing but their tally, as most do: nothing is due, their window is open, and with
    them the member reaches neither a higher tier nor the same one again."""
    group, held = ladder.group, ladder.held
    if held is None or group.rollover or group.model == "rolling":
        return False
    if (held.due_at and held.due_at <= now) or (held.valid_until and held.valid_until <= now):
        return False
    if group.has_cycles and group.cycle(one.period, ladder.enrolled_on).last < ladder.day(now):
        return False
    reached, tier = group.reached(ladder.counted_in(one.period)), ladder.tier
    return group.rank(reached) < group.rank(tier) or (reached is tier and not held.valid_until)


def _compare(ladder: Ladder, own: Sequence[Counted], now: datetime) -> None:
    opening = assessing.opened_with(ladder, now) if ladder.group.rollover else None
    for fact, later in _facts(own):
        for one in fact:
            reassessing.closed_cycle(ladder, one, now=now)
        if any(one.points > 0 for one in fact):
            _reach(ladder, fact, later, now=now, is_saved=assessing.saves(ladder, now))
        for one in fact:
            # By the tier that it reached, if it did.
            reassessing.carry_again(ladder, one, now=now)
    assessing.settle_group(ladder, now)
    if opening:
        assessing.reach_by_surplus(ladder, opening, now)


def _facts(counted: Sequence[Counted]) -> Iterator[tuple[Sequence[Counted], Sequence[Counted]]]:
    """(points of all currencies that one fact gave, those of later facts) for each fact."""
    done = 0
    for _, points in groupby(counted, key=attrgetter("period", "day", "since", "caused_by")):
        fact = list(points)
        done += len(fact)
        yield fact, counted[done:]


def _reach(
    ladder: Ladder, fact: Sequence[Counted], later: Sequence[Counted], *, now: datetime, is_saved: bool
) -> None:
    """Move the member to the highest tier that is reached now, and was not before these points.

    What saved a tier in grace does not also renew it.
    """
    assessing.wake_for_rollover(ladder, now)
    held, one = ladder.held, fact[0]
    if held and held.is_locked(now):
        return
    is_rolling = ladder.group.model == "rolling"
    for day in _looks(ladder, one, now):
        # Of a rolling window a later day may reach something again, after what an earlier one reached has ended.
        began = min(now, periods.start_of_day(day, ladder.zone))
        since = min(max(one.since, began), now)
        assessing.settle_group(ladder, began)
        if is_rolling:
            # It may also have kept, in grace, what the window of now does not.
            assessing.saves_at_its_end(ladder, one, began)
            is_saved = assessing.saves(ladder, since) or is_saved
        counts = _without(ladder, later, one, day)
        reached, held = ladder.group.reached(counts), ladder.held
        is_higher = ladder.group.rank(reached) > ladder.group.rank(ladder.tier)
        if reached is None or not (is_higher or (held and held.valid_until and reached is ladder.tier)):
            continue
        until = ladder.through(reached, ladder.group.last_day(day, ladder.enrolled_on))
        new = LockedStanding(None, reached.id, since, since, until, caused_by=one.caused_by, cycle=one.period)
        new.counted = ladder.by_code(counts)
        if is_higher:
            ladder.hold(new)
        elif held and reached is ladder.tier and not is_saved and _lasts_longer(held, until):
            was_there = ladder.group.meets(reached.entry, _without(ladder, [*fact, *later], one, day))
            if not was_there:
                new.since_at, new.reason = held.since_at, Reason.RENEWAL.value
                ladder.hold(new)
    if is_rolling:
        assessing.saves_at_its_end(ladder, one, now)


def _lasts_longer(held: LockedStanding, until: datetime | None) -> bool:
    return held.valid_until is not None and until is not None and until > held.valid_until


def _looks(ladder: Ladder, one: Counted, now: datetime) -> list[date]:
    """The days on which points may reach a tier: of a rolling window, each later day with points, too."""
    if ladder.group.model == "lifetime":
        return [one.day]
    if ladder.group.model != "rolling":
        is_own = ladder.group.cycle(one.day, ladder.enrolled_on).first == one.period
        # What counts in the present cycle, its own being over, reaches a tier today.
        return [one.day if is_own else ladder.day(now)]
    tallies = ladder.account.tallies.items()
    days = {period for (group, _, period), tally in tallies if group == ladder.group.id and tally.total}
    last = max(one.day, ladder.day(now))
    return sorted(
        day for day in days if one.day <= day <= last and ladder.group.window_before(day + periods.ONE_DAY) <= one.day
    )


def _without(ladder: Ladder, those: Sequence[Counted], one: Counted, day: date) -> Counts:
    """What counts on a day for a tier, but for `those` points."""
    is_rolling = ladder.group.model == "rolling"
    found = ladder.counted_on(day) if is_rolling else ladder.counted_in(one.period)
    if not those:
        return found
    counts = list(found)
    first = ladder.group.window_before(day + periods.ONE_DAY) if is_rolling else one.period
    for other in those:
        if (first <= other.day <= day) if is_rolling else (other.period == one.period):
            counts[ladder.group.currency_ids.index(other.currency_id)] -= other.points
    return tuple(counts)


def keep(
    configuration: Configuration,
    account: Account,
    group: TierGroup,
    tier: Tier,
    *,
    since: datetime,
    until: datetime | None,
    reason: str,
) -> bool:
    """Let the member hold at least `tier`, until the end that was promised; False where a higher one is held, or a
    lock freezes what is.

    The tier that is held already gets the later end of the two; None promises what the ladder itself gives.
    """
    ladder = Ladder(configuration, group, account)
    held, mine = ladder.held, ladder.tier
    if held and (held.is_locked(since) or (mine and group.rank(mine) > group.rank(tier))):
        return False
    is_same = held is not None and mine is tier
    if is_same and held and (held.valid_until is None or until is None or until <= held.valid_until):
        return True
    own = ladder.through(tier, group.last_day(ladder.day(since), ladder.enrolled_on))
    since_at = held.since_at if is_same and held else since
    ladder.hold(LockedStanding(None, tier.id, since_at, since, until or own, reason=reason))
    assessing.settle_group(ladder, since)
    return True
