"""What is told of members: what they hold now, and how their tiers have changed?"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from loyalty_site.lib.arrays import Value
from members.holdings import Account
from members.ladder_rows import Turn
from members.models import Standing
from members.snapshots import Sayer, as_json, last_day, tier_told
from programs.configuration import Configuration
from programs.ladders import TierGroup

UPGRADED, DOWNGRADED, RENEWED = "tier.upgraded", "tier.downgraded", "tier.renewed"
_BROUGHT = Standing.Reason.IMPORT.value
#: What is told of tiers.
TURNS = frozenset([UPGRADED, DOWNGRADED, RENEWED])


class ToldTurn(NamedTuple):
    """What is told of a tier under a name: it came at an instant, behind the member's entry with the number
    `sequence`; `caused_by` is the key of the journal that reached or set it. `tier` is JSON."""

    name: str
    sequence: int
    at: datetime
    caused_by: int | None
    tier: bytes


class Members:
    """Who members are and all that they hold, as it stands in their accounts, as JSON; each is said once."""

    def __init__(self, configuration: Configuration) -> None:
        self._sayer = Sayer(configuration)
        self._said: dict[int, bytes] = {}

    def of(self, account: Account) -> bytes:
        """The part `member` of an event."""
        found = self._said.get(account.id)
        if found is None:
            found = self._said[account.id] = self._sayer.say_all(account)
        return found


def turns(configuration: Configuration, account: Account) -> Iterator[ToldTurn]:
    """How the tiers of a member changed, one after the other."""
    groups = {group.id: group for group in configuration.tier_groups.values()}
    for turn in _at_once(account.turns):
        group, standing = groups.get(turn.group_id), turn.standing
        name = _name(group, turn) if group else ""
        if not group or not name:
            continue
        before, now = tier_told(group, turn.before), tier_told(group, standing.tier_id)
        told: dict[str, Value] = {
            "group": group.code,
            "group_name": group.name,
            "before": before["tier"],
            "before_name": before["name"],
            **now,
            "since_at": standing.since_at.astimezone(UTC),
            "valid_until": last_day(configuration, standing),
            "reason": standing.reason,
        }
        yield ToldTurn(name, turn.sequence, standing.from_at, standing.caused_by, as_json(told))


def _at_once(turns: list[Turn]) -> list[Turn]:
    """Whoever passes a tier at the very instant of the next one was never there."""
    found: list[Turn] = []
    for turn in turns:
        last = found[-1] if found else None
        if last and last.group_id == turn.group_id and last.standing.from_at == turn.standing.from_at:
            found[-1] = turn._replace(before=last.before)
        else:
            found.append(turn)
    return found


def _name(group: TierGroup, turn: Turn) -> str:
    """The event that a turn is, "" where there is nothing to tell.

    Everybody has what asks for nothing, and what is brought along was reached elsewhere, and before.
    """
    if turn.standing.reason == _BROUGHT:
        return ""
    before, now = group.by_id.get(turn.before), group.by_id.get(turn.standing.tier_id)
    if before is now:
        return RENEWED if now else ""
    if group.rank(now) < group.rank(before):
        return DOWNGRADED
    return "" if before is None and now is group.base else UPGRADED
