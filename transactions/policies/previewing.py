"""Whom would the thresholds of a ladder move, were they applied now? Shown before anybody agrees; writes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from members import assessing, looking
from members import thresholds as applying
from members.ladder import Ladder
from members.models import Member
from programs import versions
from programs.configuration import Configuration
from programs.ladders import Tier
from programs.models import TierGroup
from transactions.policies import thresholds
from transactions.policies.thresholds import Effect

#: So many members are looked at one by one; of more, only their number is that of all.
MOST = 20_000
_CHUNK = 500

#: Members of each move that are shown.
SHOWN = 5


@dataclass(slots=True)
class Move:
    """Members who would go from one tier to another, None for no tier: how many, and the first of them."""

    outcome: str
    before: Tier | None
    after: Tier | None
    count: int = 0
    first: list[Member] = field(default_factory=list)


@dataclass(slots=True)
class Preview:
    """`members` are all whose tiers are looked at, `seen` those who were looked at here; `version` the program's.

    `locked` counts those whom staff have locked, so that nothing moves them.
    """

    version: int
    effect: Effect
    members: int = 0
    seen: int = 0
    locked: int = 0
    moves: list[Move] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether all members were looked at."""
        return self.seen == self.members

    def count(self, *outcomes: str) -> int:
        """How many would be "raised", "renewed" or "lowered"."""
        return sum(move.count for move in self.moves if move.outcome in outcomes)

    def add(self, member: Member, outcome: str, before: Tier | None, after: Tier | None) -> None:
        """Note that somebody would move."""
        key = outcome, before, after
        move = next((one for one in self.moves if (one.outcome, one.before, one.after) == key), None)
        if move is None:
            move = Move(outcome, before, after)
            self.moves.append(move)
        move.count += 1
        if move.count <= SHOWN:
            move.first.append(member)


def preview(group: TierGroup, effect: Effect, now: datetime | None = None) -> Preview:
    """What a job with this effect would do to the members of the ladder now."""
    now, configuration = now or timezone.now(), versions.renew(group.program_id)
    lowers_before = thresholds.asked_since(configuration, group.code) if effect == "full" else None
    found = Preview(configuration.version, effect, thresholds.concerned(group.program_id).count())
    for member, ladder in look(configuration, group.code, now):
        found.seen += 1
        before, held = ladder.tier, ladder.held
        found.locked += bool(held and held.is_locked(now))
        outcome = applying.apply(ladder, now, lowers_before=lowers_before, note="")
        if outcome:
            found.add(member, outcome, before, ladder.tier)
    found.moves.sort(key=lambda move: -move.count)
    return found


def look(configuration: Configuration, code: str, now: datetime) -> Iterator[tuple[Member, Ladder]]:
    """Each of the first MOST members on the ladder, with what time has done until now; in memory only."""
    last, left = 0, MOST
    while left > 0:
        rows = thresholds.concerned(configuration.id).filter(pk__gt=last).select_related("customer")
        members = {member.pk: member for member in rows[: min(_CHUNK, left)]}
        if not members:
            return
        for key, account in looking.accounts(configuration.id, members).items():
            assessing.settle(configuration, account, now)
            yield members[key], Ladder(configuration, configuration.tier_groups[code], account)
        last, left = max(members), left - len(members)
