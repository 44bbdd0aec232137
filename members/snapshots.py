"""What does an event say of the member whom it is about? The part `member` of its data, as JSON.

`Sayer` says it of whatever is at hand, as posting has it under its locks; `of` of what is stored. The shape is that
of partners/event_shapes.py.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

import orjson

from loyalty_site.lib import instants
from loyalty_site.lib.arrays import Fragment, Value
from loyalty_site.lib.sql import Session, instant
from members.holdings import Account
from programs.configuration import Configuration
from programs.ladders import TierGroup

_MEMBER = b'{"number":"%b","program":"%b","status":"%b","enrolled_at":%b,"balances":[%b],"tiers":[%b]}'
_BALANCE = b'{"currency":"CODE","balance":%d,"available":%d,"pending":%d,"reserved":%d,"arrears":%d}'

_MEMBERS = "SELECT id, number, status, enrolled_at FROM members_member WHERE id {ids} AND program_id = %s ORDER BY id"
_BALANCES = (
    "SELECT member_id, currency_id, available, pending, reserved, arrears FROM members_balance "
    "WHERE member_id {ids} AND currency_id {ids}"
)
_TIERS = (
    "SELECT member_id, group_id, tier_id, valid_until FROM members_standing "
    "WHERE is_current AND member_id {ids} AND group_id {ids}"
)


def as_json(value: Value | Mapping[str, Value]) -> bytes:
    """The JSON of what is told; instants, which are in UTC, end in Z."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


class Parts(Protocol):
    """The parts of a balance."""

    @property
    def available(self) -> int: ...
    @property
    def pending(self) -> int: ...
    @property
    def reserved(self) -> int: ...
    @property
    def arrears(self) -> int: ...


class HeldTier(Protocol):
    """The tier that is held, and until when."""

    @property
    def tier_id(self) -> int | None: ...
    @property
    def valid_until(self) -> datetime | None: ...


class Sayer:
    """Says who members of a program are, and all that they hold."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        # Codes have no characters that JSON would write in another way.
        self._program = configuration.code.encode()
        self._balances = [
            (currency.id, _BALANCE.replace(b"CODE", currency.code.encode()))
            for currency in configuration.currencies.values()
        ]
        self._groups = list(configuration.tier_groups.values())
        self._tiers: dict[tuple[int, int | None, datetime | None], bytes] = {}

    def say(
        self,
        number: str,
        status: str,
        enrolled_at: datetime,
        holdings: Mapping[int, Parts],
        tiers: Mapping[int, HeldTier],
    ) -> bytes:
        """The part `member`; `holdings` by the keys of currencies, `tiers` by those of tier groups."""
        balances = [
            said % (one.available - one.arrears, one.available, one.pending, one.reserved, one.arrears)
            for key, said in self._balances
            if (one := holdings.get(key))
        ]
        held = [self._tier(group, tiers[group.id]) for group in self._groups if group.id in tiers]
        who = number.encode(), self._program, status.encode(), as_json(enrolled_at)
        return _MEMBER % (*who, b",".join(balances), b",".join(held))

    def say_all(self, account: Account) -> bytes:
        """The same of all that is at hand in an account."""
        return self.say(account.number, account.status, account.enrolled_at, account.holdings, account.tiers)

    def _tier(self, group: TierGroup, held: HeldTier) -> bytes:
        key = group.id, held.tier_id, held.valid_until
        found = self._tiers.get(key)
        if found is None:
            until = last_day(self.configuration, held)
            said = {"group": group.code, **tier_told(group, held.tier_id), "valid_until": until}
            found = self._tiers[key] = as_json(said)
        return found


def tier_told(group: TierGroup, tier_id: int | None) -> dict[str, str | None]:
    """A tier as events name it; None for none."""
    tier = group.by_id.get(tier_id)
    return {"tier": tier.code if tier else None, "name": tier.name if tier else None}


def last_day(configuration: Configuration, held: HeldTier) -> str | None:
    """The local day on which a tier ends, None for one without an end."""
    end = held.valid_until
    return instants.last_day(end, configuration.zone).isoformat() if end else None


class Snapshot(NamedTuple):
    """A member as stored: what an event says of it, the status, and the balances by the keys of the currencies."""

    said: Fragment
    status: str
    balances: Mapping[int, int]


class _Balance(NamedTuple):
    available: int
    pending: int
    reserved: int
    arrears: int

    @property
    def balance(self) -> int:
        return self.available - self.arrears


class _Tier(NamedTuple):
    tier_id: int | None
    valid_until: datetime | None


def of(configuration: Configuration, member_ids: Collection[int]) -> dict[int, Snapshot]:
    """{key: Snapshot} of these members of the program, in ascending order, in three statements whatever their number.

    What time did since is not in it: whoever needs it settles the members first. Keys of nobody are left out.
    """
    keys, session, sayer = list(member_ids), Session(), Sayer(configuration)
    currencies = [one.id for one in configuration.currencies.values()]
    groups = [one.id for one in configuration.tier_groups.values()]
    with session.together():
        members = session.run(_MEMBERS, [keys, configuration.id])
        balances = session.run(_BALANCES, [keys, currencies])
        tiers = session.run(_TIERS, [keys, groups]) if groups else None
    held: defaultdict[int, dict[int, _Balance]] = defaultdict(dict)
    for member, currency, *parts in balances.fetchall():
        held[member][currency] = _Balance(*parts)
    climbed: defaultdict[int, dict[int, _Tier]] = defaultdict(dict)
    for member, group, tier, until in tiers.fetchall() if tiers else ():
        climbed[member][group] = _Tier(tier, instant(until))
    found: dict[int, Snapshot] = {}
    for key, number, status, enrolled_at in members.fetchall():
        said = sayer.say(number, status, instant(enrolled_at), held[key], climbed[key])
        found[key] = Snapshot(Fragment(said), status, {one: each.balance for one, each in held[key].items()})
    return found


def text(at: datetime) -> str:
    """An instant as events say it: in UTC, with Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
