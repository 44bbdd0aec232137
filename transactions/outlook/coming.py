"""What comes for one member? Renewed, raised, lowered, in grace, waiting for somebody's word; points that end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import TypeAlias

from members.holdings import Account
from members.ladder import Ladder, Reason
from members.ladder_rows import LockedStanding
from programs.configuration import Configuration
from programs.ladders import Counts, Tier, TierGroup
from programs.periods import ONE_DAY

RENEWED, RAISED, LOWERED, GRACE, WAITING = "renewed", "raised", "lowered", "grace", "waiting"
POINTS, BIRTHDAY, ANNIVERSARY = "points", "birthday", "anniversary"

#: What comes, in the order in which people ask for it, and how it is called.
KINDS = {
    LOWERED: "Lowered",
    WAITING: "Waiting for agreement",
    GRACE: "In grace",
    RENEWED: "Renewed",
    RAISED: "Raised",
    POINTS: "Points end",
    BIRTHDAY: "Birthday",
    ANNIVERSARY: "Membership anniversary",
}
#: Who may lose a tier, and would keep it with the points that are missing.
AT_RISK = (LOWERED, WAITING, GRACE)

#: (code of the currency, points in its smallest unit) that are missing; all of them have to come.
Missing: TypeAlias = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Coming:
    """One thing that time does to one member, at the instant `at`.

    `group`, `before` and `after` are codes of a tier group and of tiers, "" for none; of who waits `after` is what is
    proposed. `until` is the last day of the validity that follows, of grace its last day, None for no end.
    `points` of `currency` end. `missing` is the least that would have kept the tier.
    """

    kind: str
    member_id: int
    number: str
    at: datetime | None = None
    group: str = ""
    before: str = ""
    after: str = ""
    until: date | None = None
    currency: str = ""
    points: int = 0
    missing: Missing = ()

    @property
    def short_by(self) -> int:
        """How many points are missing, of all currencies together."""
        return sum(points for _, points in self.missing)

    @property
    def can_be_saved(self) -> bool:
        """Whether points would still save the tier."""
        return self.kind in AT_RISK and bool(self.missing)


def of_tiers(configuration: Configuration, account: Account, now: datetime) -> Iterator[Coming]:
    """What time did by `now` to the tiers of an account that was settled in memory: a Coming for each step."""
    for group in configuration.tier_groups.values():
        held = account.tiers.get(group.id)
        if held is None:
            continue
        ladder = Ladder(configuration, group, account)
        steps = [*account.past.get(group.id, ()), held]
        for before, after in pairwise(steps):
            yield _step(ladder, before, after)
        if held.waits_from and held.is_changed:
            yield _waiting(ladder, held, held.waits_from)
        elif held.is_changed and held.valid_until and held.valid_until <= now < (held.due_at or now):
            yield _grace(ladder, held, held.valid_until)


def _step(ladder: Ladder, before: LockedStanding, after: LockedStanding) -> Coming:
    """From one standing to the next one."""
    group = ladder.group
    ranks = [group.rank(group.by_id.get(one.tier_id)) for one in (before, after)]
    kind = RENEWED if ranks[0] == ranks[1] else RAISED if ranks[0] < ranks[1] else LOWERED
    missing: Missing = ()
    if kind == LOWERED and after.reason == Reason.DOWNGRADE.value:
        missing = _missing(ladder, before, after.from_at)
    return _coming(ladder, kind, before, after.tier_id, at=after.from_at, until=after.valid_until, missing=missing)


def _waiting(ladder: Ladder, held: LockedStanding, at: datetime) -> Coming:
    return _coming(ladder, WAITING, held, held.proposed_id, at=at, until=None, missing=_missing(ladder, held, at))


def still_waiting(ladder: Ladder, held: LockedStanding, now: datetime) -> Coming:
    """What waits for somebody's word, with what is missing `now` to be renewed."""
    ended_at = held.valid_until or held.waits_from or now
    counts = ladder.closing(ladder.last_day(ended_at), ladder.day(now) + ONE_DAY)
    lacking = missing(ladder.group, ladder.tier, counts)
    return _coming(ladder, WAITING, held, held.proposed_id, at=ended_at, until=None, missing=lacking)


def _grace(ladder: Ladder, held: LockedStanding, ended_at: datetime) -> Coming:
    ends_at = ladder.end_of(ladder.group.graced_through(ladder.last_day(ended_at)))
    missing = _missing(ladder, held, ended_at)
    return _coming(ladder, GRACE, held, held.tier_id, at=ended_at, until=ends_at, missing=missing)


def _coming(
    ladder: Ladder,
    kind: str,
    held: LockedStanding,
    then: int | None,
    *,
    at: datetime,
    until: datetime | None,
    missing: Missing,
) -> Coming:
    group, account = ladder.group, ladder.account
    before, after = (group.by_id.get(key) for key in (held.tier_id, then))
    return Coming(
        kind=kind,
        member_id=account.id,
        number=account.number,
        at=at,
        group=group.code,
        before=before.code if before else "",
        after=after.code if after else "",
        until=ladder.last_day(until) if until else None,
        missing=missing,
    )


def _missing(ladder: Ladder, held: LockedStanding, at: datetime) -> Missing:
    """What would have kept a tier that was assessed at an instant, by the program in force then."""
    then = ladder.then(at)
    counts = then.closing(ladder.last_day(held.valid_until or at), ladder.day(at))
    return missing(then.group, then.group.by_id.get(held.tier_id), counts)


def missing(group: TierGroup, tier: Tier | None, counts: Counts) -> Missing:
    """The least that counts lack to keep a tier: of all currencies, or of the one that is nearest.

    Empty where no points keep it.
    """
    if tier is None or group.model == "manual":
        return ()
    needs = zip(group.criteria, tier.retention, counts, strict=True)
    short = [(code, need - count) for code, need, count in needs if need is not None and count < need]
    if group.needs_all or not short:
        return tuple(short)
    return (min(short, key=lambda one: one[1]),)
