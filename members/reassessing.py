"""What follows for tiers when something reaches us late, or is taken back? Semantics C16-R3, C15-R8.

A cycle that closed lately is assessed again, upward only: standings that would not have been are superseded.
"""

from dataclasses import replace
from datetime import date, datetime

from members import assessing
from members.holdings import Account, Counted
from members.ladder import Ladder, Reason
from members.ladder_rows import LockedStanding
from programs import periods
from programs.configuration import Configuration
from programs.ladders import Counts


def closed_cycle(ladder: Ladder, one: Counted, *, now: datetime) -> None:
    """Assess again the cycle in which late points count, if it has closed and cost the member a tier.

    Points that are taken back lower nobody; only what the cycle left for the next one is less.
    """
    if not ladder.group.has_cycles or ladder.group.cycle(one.period, ladder.enrolled_on).last >= ladder.day(now):
        return
    carry_again(ladder, one, now=now)
    held = ladder.held
    if held is None or held.is_locked(now) or one.points <= 0:
        return
    rows = [row for row in ladder.account.past.get(ladder.group.id, ()) if row.superseded_at is None] + [held]
    for place, row in enumerate(rows[1:], start=1):
        if row.reason == Reason.DOWNGRADE.value and row.cycle == one.period:
            _restore(ladder.then(row.from_at), rows[place - 1], rows[place:], now)
            return


def _restore(ladder: Ladder, before: LockedStanding, since: list[LockedStanding], now: datetime) -> None:
    """Hold what the closed cycle deserves by now from the instant of the downgrade on, if that is more (C16-X1)."""
    group, tier, lowered = ladder.group, ladder.group.by_id.get(before.tier_id), since[0]
    if tier is None or before.valid_until is None:
        return
    ended_on = ladder.last_day(before.valid_until)
    counts = ladder.closing(ended_on, ladder.day(lowered.from_at))
    deserved = tier if group.keeps(tier, counts) else group.below(tier, counts)
    if deserved is None or group.rank(deserved) <= group.rank(ladder.tier):
        return
    from_at = before.valid_until if deserved is tier else lowered.from_at
    new = LockedStanding(
        None,
        deserved.id,
        before.since_at if deserved is tier else from_at,
        max(from_at, before.from_at),
        ladder.through(deserved, group.renewed_through(ended_on, ladder.enrolled_on)),
        reason=Reason.ASSESSED.value,
        counted=ladder.by_code(counts),
        cycle=lowered.cycle,
    )
    _replace(ladder, since, new, now)


def _replace(ladder: Ladder, rows: list[LockedStanding], new: LockedStanding, now: datetime) -> None:
    """Hold `new` in place of these rows, of which the last is current, as if they had not been."""
    ladder.supersede(rows, now)
    account, group_id = ladder.account, ladder.group.id
    current = account.tiers[group_id]
    stored = account.past.setdefault(group_id, [])
    if current.id or current.from_at < now:
        # Also what was booked only now: whoever had looked in between would have been told.
        stored.append(current)
    from_at = rows[0].from_at
    current_tier = current.tier_id
    account.tiers[group_id] = LockedStanding(None, current_tier, from_at, from_at)
    ladder.hold(new)
    assessing.settle_group(ladder, now)


def carry_again(ladder: Ladder, one: Counted, *, now: datetime) -> None:
    """What a closed cycle left for the next one, and that for the one behind it, may be more, or less, by now."""
    group, first = ladder.group, one.period
    while group.rollover and (last := group.cycle(first, ladder.enrolled_on).last) < ladder.day(now):
        tier = ladder.closed_with(periods.end_of_day(last, ladder.zone))
        if tier:
            assessing.carry(ladder, tier, first)
        first = last + periods.ONE_DAY


def revert(configuration: Configuration, account: Account, *, journal_id: int, now: datetime) -> None:
    """Take back tiers that a reversed journal had reached, where a ladder says so and it was what reached them.

    The standing of before is restored with its dates, or what is left of the journal reaches by itself (C15-R8).
    """
    for group in configuration.tier_groups.values():
        ladder = Ladder(configuration, group, account)
        held = ladder.held
        if group.reverts and held and held.caused_by == journal_id and not held.is_locked(now):
            _revert(ladder, held, journal_id, now)


def _revert(ladder: Ladder, held: LockedStanding, journal_id: int, now: datetime) -> None:
    group = ladder.group
    day, counts = _best(ladder, held, now)
    reached = group.reached(counts)
    if group.rank(reached) >= group.rank(ladder.tier):
        return
    earlier = before(ladder, journal_id)
    was = group.by_id.get(earlier.tier_id)
    until = ladder.through(reached, group.last_day(day, ladder.enrolled_on))
    if group.rank(reached) > group.rank(was):
        # Less than it had reached, and more than what was held before.
        since = earlier.since_at if reached is was else held.from_at
        earlier = LockedStanding(None, reached.id if reached else None, since, held.from_at, until)
        earlier.caused_by = journal_id
    elif reached and reached is was and group.has_cycles and earlier.cycle != held.cycle:
        # It was reached in a former cycle, and what is left reaches it again in this one.
        ends = [end for end in (earlier.valid_until, until) if end]
        earlier = replace(earlier, valid_until=max(ends, default=None), caused_by=journal_id)
    restore(ladder, earlier, now, counts=counts, cycle=held.cycle)


def _best(ladder: Ladder, held: LockedStanding, now: datetime) -> tuple[date, Counts]:
    """(a day, what counted on it) of those on which the points that caused a standing are or were in the window:
    that with the highest tier."""
    reached_on = ladder.day(held.from_at)
    if ladder.group.model != "rolling" or held.cycle is None:
        return reached_on, ladder.counted_in(held.cycle) if held.cycle else ladder.counted_on(reached_on)
    today = ladder.day(now)
    days = {period for group, _, period in ladder.account.tallies if group == ladder.group.id}
    looks = sorted({reached_on, today, *(day for day in days if held.cycle <= day <= today)})
    found = [(day, ladder.counted_on(day)) for day in looks]
    return max(found, key=lambda look: ladder.group.rank(ladder.group.reached(look[1])))


def before(ladder: Ladder, journal_id: int) -> LockedStanding:
    """What was held before the standings that a journal has caused; no tier where nothing was."""
    told = [row for row in ladder.account.past.get(ladder.group.id, ()) if row.superseded_at is None]
    while told and told[-1].caused_by == journal_id:
        told.pop()
    held = ladder.held
    from_at = held.from_at if held else ladder.account.enrolled_at
    return told[-1] if told else LockedStanding(None, None, from_at, from_at)


def restore(
    ladder: Ladder,
    earlier: LockedStanding,
    now: datetime,
    *,
    counts: Counts | None = None,
    cycle: date | None = None,
) -> None:
    """Hold `earlier` with its dates in place of what is held, as if that had not been; what is over by now is
    assessed. `counts` and `cycle` are what decided, the present ones unless said."""
    held = ladder.held
    assert held is not None, "nothing is held that could be taken back"
    new = LockedStanding(
        None,
        earlier.tier_id,
        earlier.since_at,
        held.from_at,
        earlier.valid_until,
        locked_until=earlier.locked_until,
        # What a segment gives it goes on giving, or takes away.
        reason=(Reason.SEGMENT if earlier.reason == Reason.SEGMENT.value else Reason.REVERSAL).value,
        counted=ladder.by_code(ladder.counted_on(ladder.day(now)) if counts is None else counts),
        cycle=cycle,
        caused_by=earlier.caused_by,
    )
    _replace(ladder, [held], new, now)
