"""What do the thresholds of today do with a tier that is held, where they are applied at once? Semantics C15-R10.

By itself an edit moves nobody before a posting, or the end of a validity. Applied at once, it raises whom what was
counted takes higher by now; a full re-evaluation lowers, too, who would not have got the tier by these thresholds.
"""

from datetime import date, datetime
from typing import Literal, TypeAlias

from members import assessing
from members.ladder import Ladder, Reason
from members.ladder_rows import LockedStanding
from programs.ladders import Counts, Tier

#: What became of a member; "" for nothing.
Outcome: TypeAlias = Literal["raised", "renewed", "lowered", ""]

#: Why a tier is held that was kept, or given, by what had been counted in a window that closed.
_ASSESSED = {Reason.RENEWAL.value, Reason.DOWNGRADE.value, Reason.ASSESSED.value}
#: Why one is held that no points have reached, so that thresholds do not take it away.
_GIVEN = {Reason.MANUAL.value, Reason.IMPORT.value}


def apply(ladder: Ladder, now: datetime, *, lowers_before: datetime | None, note: str) -> Outcome:
    """Bring a member, of whom nothing is due, to the thresholds of `ladder`; says what became of it.

    `lowers_before`: whoever holds a tier by a decision from before that instant, when these thresholds began to hold,
    may also be lowered; None for nobody. What staff have locked stays, and grace that has begun goes on.
    """
    held, tier = ladder.held, ladder.tier
    if not ladder.group.criteria or (held and held.is_locked(now)):
        return ""
    if assessing.reach(ladder, now, reason=Reason.ASSESSED.value, note=note):
        return "raised"
    if held is None or tier is None:
        return ""
    if held.valid_until and held.valid_until <= now:
        if assessing.saves(ladder, now):
            return "renewed"
        _propose_anew(ladder, held, tier, now)
        return ""
    if lowers_before is None or held.from_at >= lowers_before or held.reason in _GIVEN:
        return ""
    target = _deserved(ladder, held, tier, ladder.day(now))
    if ladder.group.rank(target) >= ladder.group.rank(tier):
        return ""
    _lower(ladder, target, now, note)
    return "lowered"


def _propose_anew(ladder: Ladder, held: LockedStanding, tier: Tier, now: datetime) -> None:
    """A downgrade that waits for somebody may have become a smaller one."""
    if held.waits_from is None or held.valid_until is None:
        return
    target = ladder.group.below(tier, ladder.closing(ladder.last_day(held.valid_until), ladder.day(now)))
    if ladder.group.rank(target) > ladder.group.rank(ladder.group.by_id.get(held.proposed_id)):
        held.proposed_id, held.is_changed = target.id if target else None, True


def _deserved(ladder: Ladder, held: LockedStanding, tier: Tier, today: date) -> Tier | None:
    """The highest tier that the present counts reach, or those by which the held one was decided; None for none.

    How far somebody falls who does not deserve what is held is said by what the ladder does when a validity ends.
    """
    group, counts = ladder.group, _decisive(ladder, held)
    place = group.rank(tier)

    def deserves(one: Tier) -> bool:
        return group.keeps(one, counts) if held.reason in _ASSESSED else group.meets(one.entry, counts)

    if group.on_end == "never" or deserves(tier):
        return tier
    candidates = [group.reached(ladder.counted_on(today)), group.base]
    if group.on_end == "one_level" and place > 0:
        candidates.append(group.tiers[place - 1])
    if group.on_end == "to_earned":
        candidates += [one for one in group.tiers[:place] if deserves(one)]
    return max(candidates, key=group.rank)


def _decisive(ladder: Ladder, held: LockedStanding) -> Counts:
    """What the window counts by now in which it was decided that the tier is held."""
    day = ladder.day(held.from_at)
    if ladder.group.model == "rolling":
        return ladder.counted_on(day)
    first = (
        held.cycle if held.cycle and ladder.group.has_cycles else ladder.group.cycle(day, ladder.enrolled_on).first
    )
    return ladder.counted_in(first)


def _lower(ladder: Ladder, target: Tier | None, now: datetime, note: str) -> None:
    """Hold `target`, None for no tier, as if it had been assessed today."""
    today = ladder.day(now)
    new = LockedStanding(
        None,
        target.id if target else None,
        now,
        now,
        ladder.through(target, ladder.group.last_day(today, ladder.enrolled_on)),
        reason=Reason.ASSESSED.value,
        note=note,
    )
    new.counted = ladder.by_code(ladder.counted_on(today))
    if ladder.group.has_cycles:
        new.cycle = ladder.group.cycle(today, ladder.enrolled_on).first
    ladder.hold(new)
