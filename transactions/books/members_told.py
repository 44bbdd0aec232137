"""What is told of members: what they hold now, and how their tiers have changed?"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from loyalty_site.lib import instants
from loyalty_site.lib.arrays import Value
from members.holdings import Account
from members.ladder_rows import LockedStanding, Turn
from members.models import Standing
from programs.configuration import Configuration
from programs.ladders import TierGroup
from transactions.books.journals_told import as_json

UPGRADED, DOWNGRADED, RENEWED = "tier.upgraded", "tier.downgraded", "tier.renewed"
_BROUGHT = Standing.Reason.IMPORT.value
#: What is told of tiers.
TURNS = frozenset([UPGRADED, DOWNGRADED, RENEWED])

_MEMBER = b'{"number":"%b","program":"%b","status":"%b","enrolled_at":%b,"balances":[%b],"tiers":[%b]}'
_BALANCE = b'{"currency":"CODE","balance":%d,"available":%d,"pending":%d,"reserved":%d,"arrears":%d}'


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
        self.configuration = configuration
        self._said: dict[int, bytes] = {}
        # Codes have no characters that JSON would write in another way.
        self._program = configuration.code.encode()
        self._balances = [
            (currency.id, _BALANCE.replace(b"CODE", currency.code.encode()))
            for currency in configuration.currencies.values()
        ]
        self._groups = list(configuration.tier_groups.values())
        self._tiers: dict[tuple[int, int | None, datetime | None], bytes] = {}

    def of(self, account: Account) -> bytes:
        """The part `member` of an event."""
        found = self._said.get(account.id)
        if found is None:
            found = self._said[account.id] = self._say(account)
        return found

    def _say(self, account: Account) -> bytes:
        holdings, tiers = account.holdings, account.tiers
        balances = [
            said % (one.available - one.arrears, one.available, one.pending, one.reserved, one.arrears)
            for key, said in self._balances
            if (one := holdings.get(key))
        ]
        held = [self._tier(group, tiers[group.id]) for group in self._groups if group.id in tiers]
        who = account.number.encode(), self._program, account.status.encode(), as_json(account.enrolled_at)
        return _MEMBER % (*who, b",".join(balances), b",".join(held))

    def _tier(self, group: TierGroup, held: LockedStanding) -> bytes:
        key = group.id, held.tier_id, held.valid_until
        found = self._tiers.get(key)
        if found is None:
            tier = _tier(group, held.tier_id)
            said = {"group": group.code, **tier, "valid_until": _last_day(self.configuration, held)}
            found = self._tiers[key] = as_json(said)
        return found


def turns(configuration: Configuration, account: Account) -> Iterator[ToldTurn]:
    """How the tiers of a member changed, one after the other."""
    groups = {group.id: group for group in configuration.tier_groups.values()}
    for turn in _at_once(account.turns):
        group, standing = groups.get(turn.group_id), turn.standing
        name = _name(group, turn) if group else ""
        if not group or not name:
            continue
        before, now = _tier(group, turn.before), _tier(group, standing.tier_id)
        told: dict[str, Value] = {
            "group": group.code,
            "group_name": group.name,
            "before": before["tier"],
            "before_name": before["name"],
            **now,
            "since_at": standing.since_at.astimezone(UTC),
            "valid_until": _last_day(configuration, standing),
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


def _tier(group: TierGroup, tier_id: int | None) -> dict[str, str | None]:
    tier = group.by_id.get(tier_id)
    return {"tier": tier.code if tier else None, "name": tier.name if tier else None}


def _last_day(configuration: Configuration, held: LockedStanding) -> str | None:
    end = held.valid_until
    return instants.last_day(end, configuration.zone).isoformat() if end else None
