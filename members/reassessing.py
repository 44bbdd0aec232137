"""What follows for tiers when something reaches us late, or is taken back? Semantics C16-R3, C15-R8.

A cycle that closed lately is assessed again, upward only: standings that would not have been are superseded.
"""

from datetime import datetime

from members import assessing
from members.holdings import Account, Counted
from members.ladder import Ladder, Reason
from members.ladder_rows import LockedStanding
from programs.configuration import Configuration
from programs.ladders import Tier


def closed_cycle(ladder: Ladder, one: Counted, *, now: datetime) -> None:
    """Assess again the cycle in which late points count, if it has closed and cost the member a tier."""
    if not ladder.group.has_cycles or one.points <= 0:
        return
    cycle = ladder.group.cycle(one.day, ladder.enrolled_on)
    if cycle.first != one.period or cycle.last >= ladder.day(now):
        return
    _carry_again(ladder, one)
    held = ladder.held
    if held is None or held.is_locked(now):
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


def _carry_again(ladder: Ladder, one: Counted) -> None:
    """What the closed cycle left for the next one may be more, or less, by now."""
    if not ladder.group.rollover:
        return
    closed_at = ladder.end_of(ladder.group.cycle(one.period, ladder.enrolled_on).last)
    rows = [*ladder.account.past.get(ladder.group.id, ()), *filter(None, [ladder.held])]
    told = [row for row in rows if row.superseded_at is None and closed_at and row.from_at < closed_at]
    tier: Tier | None = ladder.group.by_id.get(told[-1].tier_id) if told else None
    if tier:
        assessing.carry(ladder, tier, one.period)


def revert(configuration: Configuration, account: Account, *, journal_id: int, now: datetime) -> None:
    """Take back tiers that a reversed journal had reached, where a ladder says so and it was what reached them.

    The standing of before is restored with its dates (C15-R8).
    """
    for group in configuration.tier_groups.values():
        ladder = Ladder(configuration, group, account)
        held, tier = ladder.held, ladder.tier
        if not group.reverts or held is None or tier is None or held.caused_by != journal_id or held.is_locked(now):
            continue
        counts = ladder.counted_on(ladder.day(now)) if held.cycle is None or group.model == "rolling" else None
        if group.meets(tier.entry, counts or ladder.counted_in(held.cycle)):  # type: ignore[arg-type]
            continue
        told = [row for row in account.past.get(group.id, ()) if row.superseded_at is None]
        if not told:
            continue
        before = told[-1]
        new = LockedStanding(
            None,
            before.tier_id,
            before.since_at,
            held.from_at,
            before.valid_until,
            locked_until=before.locked_until,
            reason=Reason.REVERSAL.value,
            counted=ladder.by_code(counts or ladder.counted_in(held.cycle)),  # type: ignore[arg-type]
            cycle=held.cycle,
        )
        _replace(ladder, [held], new, now)
