"""What becomes of a member on a ladder that counts otherwise from now on? Nobody is lowered by the change itself."""

from collections.abc import Mapping
from datetime import date, datetime

from members.ladder import Ladder, Reason
from members.ladder_rows import LockedStanding


def put(ladder: Ladder, computed: Mapping[tuple[int, date], int]) -> bool:
    """Let the tallies of the ladder be what was `computed` by (currency, first day of the window).

    Says whether any was something else. What is counted in no window any more is 0.
    """
    own = {key[1:] for key in ladder.account.tallies if key[0] == ladder.group.id}
    is_changed = False
    for currency_id, period in sorted(own | computed.keys()):
        tally = ladder.tally(currency_id, period)
        points = computed.get((currency_id, period), 0)
        if tally.points != points or tally.carried:
            tally.add(points - tally.points)
            # Surplus that opened a cycle of before opens none of the new windows.
            tally.carry(0)
            ladder.account.is_touched = is_changed = True
    return is_changed


def adopt(ladder: Ladder, now: datetime, *, note: str) -> None:
    """Keep what is held, with its validity; one that had none gets the one that the ladder gives from today."""
    held, tier = ladder.held, ladder.tier
    if held is None:
        return
    until = ladder.through(tier, ladder.group.last_day(ladder.day(now), ladder.enrolled_on))
    if held.valid_until is not None or until is None:
        held.wake_at(ladder.next_due(held, now))
        return
    new = LockedStanding(
        None,
        held.tier_id,
        held.since_at,
        now,
        until,
        locked_until=held.locked_until,
        reason=Reason.ASSESSED.value,
        note=note,
        counted=ladder.by_code(ladder.counted_on(ladder.day(now))),
    )
    ladder.hold(new)
