"""What has time done to the tiers of a member: validities, grace, locks and cycles that ended?

A tier is exact at any instant because whoever locks a member assesses first what is due, one instant after the other;
the night only does the same for members whom nobody touched (semantics C15-R5 to R7, R11).
"""

from datetime import date, datetime

from members.holdings import Account, Counted
from members.ladder import Ladder, Reason
from members.ladder_rows import LockedStanding
from programs.configuration import Configuration
from programs.ladders import Counts, Tier
from programs.periods import ONE_DAY


def due_at(account: Account) -> datetime | None:
    """When time next changes a tier of the member; None for never."""
    return min((held.due_at for held in account.tiers.values() if held.due_at), default=None)


def is_due(account: Account, now: datetime) -> bool:
    """Whether time has done something to a tier that is not booked yet."""
    # Every posting asks it of every member: a loop is quicker than `any`.
    for held in account.tiers.values():  # noqa: SIM110
        if held.due_at is not None and held.due_at <= now:
            return True
    return False


def settle(configuration: Configuration, account: Account, now: datetime) -> None:
    """Do everything that is due by now to the tiers of a member."""
    for group in configuration.tier_groups.values():
        held = account.tiers.get(group.id)
        if held and held.due_at and held.due_at <= now:
            settle_group(Ladder(configuration, group, account), now)


def settle_group(ladder: Ladder, now: datetime) -> None:
    """The same on one ladder: one instant after the other."""
    while (held := ladder.held) and held.due_at and held.due_at <= now:
        _step(ladder.then(held.due_at), held, held.due_at)


def _step(ladder: Ladder, held: LockedStanding, at: datetime) -> None:
    """What one instant does."""
    was_locked = held.locked_until is not None and held.locked_until <= at
    if was_locked:
        held.locked_until, held.is_changed = None, True
    _carry_over(ladder, at)
    # What was reached under a lock comes before what ended under it.
    if was_locked and reach(ladder, at):
        return
    if held.valid_until and held.valid_until <= at:
        _assess(ladder, held, at, ended_at=held.valid_until)
    elif was_locked:
        end_with_lock(ladder, at)
    _open_anew(ladder, at)
    if ladder.held is held:
        held.wake_at(ladder.next_due(held, at))


def end_with_lock(ladder: Ladder, at: datetime) -> None:
    """Assess anew what was locked until an instant and has no other end, where points reach no higher (C15-R9)."""
    held = ladder.held
    if held and ends_with_lock(ladder, held):
        _assess(ladder, held, at, ended_at=at)


def ends_with_lock(ladder: Ladder, held: LockedStanding) -> bool:
    """Whether staff set a tier that has no other end than its lock; one that is paid or granted just goes on."""
    is_set = held.reason in (Reason.MANUAL.value, Reason.REVERSAL.value)
    return is_set and held.valid_until is None and ladder.group.model != "manual"


def _assess(ladder: Ladder, held: LockedStanding, at: datetime, *, ended_at: datetime) -> None:
    """Keep, wait, or go down: what was counted decides."""
    group, tier = ladder.group, ladder.tier
    if tier is None:
        held.wake_at(None)
        return
    ended_on = ladder.last_day(ended_at)
    counts = ladder.closing(ended_on, ladder.day(at))
    target = tier if group.keeps(tier, counts) else group.below(tier, counts)
    grace = ladder.end_of(group.graced_through(ended_on))
    if target is tier:
        renew(ladder, held, tier, counts, ended_at=ended_at)
    elif held.valid_until and grace and at < grace:
        held.wake_at(ladder.next_due(held, at))
    elif group.holds_downgrades:
        held.waits_from, held.proposed_id = at, target.id if target else None
        held.due_at, held.is_changed = None, True
    else:
        lower(ladder, held, target, at=at)


def renew(
    ladder: Ladder,
    held: LockedStanding,
    tier: Tier,
    counts: Counts,
    *,
    ended_at: datetime,
    reason: str = Reason.RENEWAL.value,
    note: str = "",
) -> None:
    """Hold the same tier on from the original end."""
    ended_on = ladder.last_day(ended_at)
    ladder.hold(
        LockedStanding(
            None,
            tier.id,
            held.since_at,
            ended_at,
            ladder.through(tier, ladder.group.renewed_through(ended_on, ladder.enrolled_on)),
            reason=reason,
            note=note,
            counted=ladder.by_code(counts),
            cycle=window_of(ladder, ended_at),
        )
    )


def lower(
    ladder: Ladder, held: LockedStanding, target: Tier | None, *, at: datetime, note: str = "", reason: str = ""
) -> None:
    """Let the member hold `target`, None for no tier, from `at` on, because what is held was not kept."""
    ended_at = held.valid_until or at
    ended_on = ladder.last_day(ended_at)
    ladder.hold(
        LockedStanding(
            None,
            target.id if target else None,
            at,
            at,
            ladder.through(target, ladder.group.renewed_through(ended_on, ladder.enrolled_on)),
            reason=reason or Reason.DOWNGRADE.value,
            note=note,
            counted=ladder.by_code(ladder.closing(ended_on, ladder.day(at))),
            cycle=window_of(ladder, ended_at),
        )
    )


def window_of(ladder: Ladder, ended_at: datetime) -> date | None:
    """The first day of the window that decides about what ended at an instant."""
    ended_on = ladder.last_day(ended_at)
    if ladder.group.model == "rolling":
        return ladder.group.window_before(ended_on + ONE_DAY)
    return ladder.group.cycle(ended_on, ladder.enrolled_on).first


def saves(ladder: Ladder, now: datetime) -> bool:
    """Renew a tier in grace, or one whose downgrade waits, whose threshold is reached by now; says whether it was."""
    return _saves(ladder, now, ladder.day(now) + ONE_DAY)


def saves_at_its_end(ladder: Ladder, one: Counted, now: datetime) -> bool:
    """The same by the trailing window of the day on which the validity had ended, for what comes late."""
    end = ladder.held.valid_until if ladder.held else None
    return end is not None and one.day < ladder.day(end) and _saves(ladder, now, ladder.day(end))


def _saves(ladder: Ladder, now: datetime, before: date) -> bool:
    """Renew by what counts before a day."""
    held, tier = ladder.held, ladder.tier
    if held is None or tier is None or held.valid_until is None or held.valid_until > now or held.is_locked(now):
        return False
    counts = ladder.closing(ladder.last_day(held.valid_until), before)
    if not ladder.group.keeps(tier, counts):
        return False
    renew(ladder, held, tier, counts, ended_at=held.valid_until)
    settle_group(ladder, now)
    return True


def reach(ladder: Ladder, at: datetime, *, reason: str = Reason.ACTIVITY.value, note: str = "") -> bool:
    """Hold the highest tier that the present counts reach, if it is a higher one: after a lock, a merge, an edit.

    Says whether it was.
    """
    if not ladder.group.criteria or (ladder.held and ladder.held.is_locked(at)):
        return False
    day = ladder.day(at)
    counts = ladder.counted_on(day)
    reached = ladder.group.reached(counts)
    if reached is None or ladder.group.rank(reached) <= ladder.group.rank(ladder.tier):
        return False
    until = ladder.through(reached, ladder.group.last_day(day, ladder.enrolled_on))
    new = LockedStanding(None, reached.id, at, at, until, reason=reason, note=note)
    new.counted = ladder.by_code(counts)
    ladder.hold(new)
    return True


# What a cycle leaves for the next one.


def wake_for_rollover(ladder: Ladder, now: datetime) -> None:
    """A cycle in which something was counted has to be looked at when it closes."""
    held = ladder.held
    if ladder.group.rollover and held and held.tier_id and not held.waits_from:
        held.wake_at(ladder.next_due(held, now))


def _carry_over(ladder: Ladder, at: datetime) -> None:
    """When a cycle closes, open the next one with its surplus above the threshold of the held tier (C15-R7)."""
    if not ladder.group.rollover:
        return
    day = ladder.day(at)
    closed = ladder.group.cycle(day - ONE_DAY, ladder.enrolled_on)
    if closed.last + ONE_DAY == day and (tier := ladder.closed_with(at)):
        carry(ladder, tier, closed.first)


def _open_anew(ladder: Ladder, at: datetime) -> None:
    """What a cycle opens with may be enough already to reach the tier again."""
    if not ladder.group.rollover:
        return
    day = ladder.day(at)
    first = ladder.group.cycle(day, ladder.enrolled_on).first
    if first == day:
        _reach_again(ladder, ladder.carried_into(first), at)


def _reach_again(ladder: Ladder, counts: Counts, at: datetime) -> None:
    """Renew the tier that is held, at an instant, if these counts of its cycle reach it and it then lasts longer."""
    group, tier, held, day = ladder.group, ladder.tier, ladder.held, ladder.day(at)
    if tier is None or held is None or held.valid_until is None or held.is_locked(at):
        return
    until = ladder.through(tier, group.last_day(day, ladder.enrolled_on))
    if group.meets(tier.entry, counts) and until and until > held.valid_until:
        renewed = LockedStanding(None, tier.id, held.since_at, at, until, reason=Reason.RENEWAL.value)
        renewed.counted, renewed.cycle = ladder.by_code(counts), group.cycle(day, ladder.enrolled_on).first
        ladder.hold(renewed)


def opened_with(ladder: Ladder, now: datetime) -> Counts:
    """What was carried into the present cycle, as far as is known."""
    return ladder.carried_into(ladder.group.cycle(ladder.day(now), ladder.enrolled_on).first)


def reach_by_surplus(ladder: Ladder, opening: Counts, now: datetime) -> None:
    """Hold what the present cycle reaches now if late points made its `opening`, what was carried into it, more
    (C15-R7, C16-R3)."""
    counts, carried = ladder.counted_on(ladder.day(now)), opened_with(ladder, now)
    if not any(more > less for more, less in zip(carried, opening, strict=True)) or reach(ladder, now):
        return
    before = [count - more + less for count, more, less in zip(counts, carried, opening, strict=True)]
    if ladder.tier and not ladder.group.meets(ladder.tier.entry, tuple(before)):
        _reach_again(ladder, counts, now)


def carry(ladder: Ladder, tier: Tier, first: date) -> None:
    """Carry the surplus above a tier's threshold from the cycle that begins on a day into the next one."""
    group = ladder.group
    following = group.cycle(group.cycle(first, ladder.enrolled_on).last + ONE_DAY, ladder.enrolled_on).first
    for currency_id, count, need in zip(group.currency_ids, ladder.counted_in(first), tier.entry, strict=True):
        surplus = max(0, count - need) if need is not None and tier is not group.base else 0
        if group.rollover_limit is not None:
            surplus = min(surplus, group.rollover_limit)
        known = ladder.account.tallies.get((group.id, currency_id, following))
        if surplus or (known and known.carried):
            ladder.tally(currency_id, following).carry(surplus)
            ladder.account.is_touched = True
