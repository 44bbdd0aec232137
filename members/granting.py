"""How is a tier set by hand, or sold, and how is that taken back? Semantics C15-R9."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from loyalty_site.lib.refusals import Refusal
from members import assessing, reassessing
from members.ladder import Ladder, Reason
from members.ladder_rows import LockedStanding
from programs.ladders import Tier


@dataclass(frozen=True, slots=True)
class Grant:
    """`tier`, None for no tier, is held from `at` until the instant `until` (None: as long as the ladder gives).

    Until `locked_until` nothing raises or lowers it; None is no lock. `caused_by` is the key of its journal, `reason`
    one of Standing.Reason.
    """

    tier: Tier | None
    at: datetime
    until: datetime | None
    locked_until: datetime | None
    note: str
    caused_by: int
    reason: str = Reason.MANUAL.value


def problems(
    ladder: Ladder, tier: Tier | None, until: datetime | None, locked_until: datetime | None, *, now: datetime
) -> Iterator[Refusal]:
    """Why the member cannot be given `tier` so at `now`."""
    group = ladder.group
    if until and (tier is None or tier is group.base):
        detail = "What asks for nothing has no end: leave it out; a lock holds the member there."
        yield Refusal("invalid_value", detail, field="until")
    if locked_until or not group.criteria or _unlocks(ladder, tier, locked_until, now):
        return
    reached = group.reached(ladder.counted_on(ladder.day(now)))
    if reached and group.rank(tier) < group.rank(reached):
        detail = f"The member's points reach {reached.name}, so the next ones would raise the tier again: lock it."
        yield Refusal("invalid_value", detail, field="locked_until")


def _unlocks(ladder: Ladder, tier: Tier | None, locked_until: datetime | None, now: datetime) -> bool:
    """Whether it takes the lock off what is held, and that is all."""
    held = ladder.held
    return held is not None and held.is_locked(now) and locked_until is None and ladder.tier is tier


def give(ladder: Ladder, grant: Grant, *, now: datetime) -> None:
    """Let the member hold what a Grant says. What was locked and is not any more is assessed anew."""
    group, held, tier = ladder.group, ladder.held, grant.tier
    is_same = held is not None and ladder.tier is tier
    unlocks = _unlocks(ladder, tier, grant.locked_until, now)
    own = ladder.through(tier, group.last_day(ladder.day(grant.at), ladder.enrolled_on))
    new = LockedStanding(
        None,
        tier.id if tier else None,
        held.since_at if is_same and held else grant.at,
        grant.at,
        grant.until or (held.valid_until if unlocks and held else own),
        locked_until=grant.locked_until,
        reason=grant.reason,
        note=grant.note,
        caused_by=grant.caused_by,
        counted=ladder.by_code(ladder.counted_on(ladder.day(now))),
    )
    ladder.hold(new)
    if unlocks:
        # What was reached under the lock comes before what ended under it.
        assessing.reach(ladder, now)
    assessing.settle_group(ladder, now)
    if unlocks and ladder.held is new:
        assessing.end_with_lock(ladder, now)
    after = ladder.held
    if after and after is not new and after.id is None:
        after.note, after.caused_by = grant.note, grant.caused_by


def take_back(ladder: Ladder, journal_id: int, *, now: datetime) -> bool:
    """Restore the standing that a Grant has replaced, and what points have reached since; False where what is held
    is not of that journal any more."""
    held = ladder.held
    if held is None or held.caused_by != journal_id:
        return False
    reassessing.restore(ladder, reassessing.before(ladder, journal_id), now)
    assessing.reach(ladder, now)
    return True
