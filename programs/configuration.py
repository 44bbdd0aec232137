"""What does a program promise, as frozen values that rules and the ledger can work with?

Compiled from a program's document (compiling.py), so a live program, an old version and a draft are the same thing.
The `id` of each value is its primary key, 0 in a draft that is not stored.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from programs.capping import Cap
from programs.compiled_rules import DISCOUNT, Listening, Promotion, Rule, asked, listen
from programs.expiry import Terms
from programs.ladders import Tier, TierGroup
from programs.scoring import USUAL
from programs.scoring import Terms as Scoring

#: The name under which facts say which promotions were stopped when it happened.
STOPPED = "stopped"
_NOTHING: Mapping[str, Collection[str]] = {}
#: The name under which it is asked how far a member is with what rules count.
PROGRESS = "progress"


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency; `unit` is how many smallest units make one point. Limits count in the smallest unit, None for
    no limit; `point_value` is money in units of the program's base currency."""

    id: int
    code: str
    name: str
    kind: str
    decimals: int
    unit: int
    rounding: str
    is_primary: bool
    expiry: Terms
    point_value: Decimal
    pending_days: int
    pending_event: str
    pending_deadline_days: int
    expiry_starts: str
    refund_policy: str
    consumption: str
    returned_points: str
    grace_days: int
    min_spend: int
    max_spend: int | None
    spend_step: int
    max_basket_percent: int
    max_balance: int | None
    transfers: bool
    transfer_min: int
    transfer_max: int | None
    transfer_fee_percent: int
    transfer_after_days: int
    transfer_daily_limit: int | None
    transfer_daily_count: int | None
    transfer_yearly_limit: int | None
    transfer_yearly_count: int | None
    transfer_cooling_days: int
    #: Balances of which is told when they are reached, in ascending order.
    milestones: tuple[int, ...] = ()
    is_spendable: bool = field(init=False)
    #: Whether its points may be pending at first.
    may_wait: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_spendable", self.kind == "spendable")
        object.__setattr__(self, "may_wait", bool(self.pending_event or self.pending_days))


@dataclass(frozen=True, slots=True)
class Configuration:
    """A whole program at one version.

    `rules` and `caps` are in evaluation order; `is_capped` when a cap or the largest balance of a currency may cut
    what the rules give; `timeline` are (since, version) of the versions under which it was active, the oldest first.
    `primary` is the currency that is meant where none is named, if there is one. `major` is how many minor units
    make one unit of `money`; `partners` are the codes of all who take part, the `owner` among them. Phone numbers
    that name no country are of `country` (ISO 3166, "" for none). What is surely wrong is refused where it
    `is_strict`, else taken with a warning: activities that are not among the `known_activities`, channels that are
    not among the `channels` (empty: any). `promotions` are all of it by code, also those that are switched off.
    """

    id: int
    version: int
    code: str
    name: str
    status: str
    zone: ZoneInfo
    country: str
    money: str
    major: int
    rounds_per_line: bool
    earns_on_tax: bool
    earns_on_shipping: bool
    earns_on_gift_cards: bool
    earns_on_points: bool
    max_backdate_days: int
    pre_enrolment_days: int
    owner: str
    partners: frozenset[str]
    currencies: Mapping[str, Currency]
    tier_groups: Mapping[str, TierGroup]
    rules: tuple[Rule, ...]
    caps: tuple[Cap, ...]
    is_capped: bool
    timeline: tuple[tuple[datetime, int], ...] = ()
    is_strict: bool = False
    known_activities: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    promotions: Mapping[str, Promotion] = field(default_factory=dict)
    scoring: Scoring = USUAL
    primary: Currency | None = field(init=False, compare=False, repr=False)
    currencies_by_id: Mapping[int, Currency] = field(init=False, compare=False, repr=False)
    #: Whether one of the ladders counts in cycles.
    has_cycles: bool = field(init=False, compare=False, repr=False)
    #: {promotion: instant from which on it counts for nothing} of those that were stopped.
    stopped: Mapping[str, datetime] = field(init=False, compare=False, repr=False)
    #: Promotions that have a rule.
    offered: frozenset[str] = field(init=False, compare=False, repr=False)
    #: Whether caps, or promotions, ask who gave which of the points.
    has_parts: bool = field(init=False, compare=False, repr=False)
    #: Whether a rule takes money off.
    gives_discounts: bool = field(init=False, compare=False, repr=False)
    #: What rules ask of the member beyond their tiers: values by the name of what is asked (see `Facts.seen`).
    asks: Mapping[str, frozenset[str]] = field(init=False, compare=False, repr=False)
    #: The names of all that is asked, PROGRESS among them where rules count.
    asked_names: frozenset[str] = field(init=False, compare=False, repr=False)
    #: The rules that count something for each member from one activity to the next.
    counting: tuple[Rule, ...] = field(init=False, compare=False, repr=False)
    _listening: Mapping[str, Listening] = field(init=False, compare=False, repr=False)
    _listening_to_others: Listening = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # Tables of what every posting asks; made once for each version.
        named = {activity for rule in self.rules for activity in rule.kind.activities or ()}
        object.__setattr__(self, "primary", self._primary())
        object.__setattr__(self, "currencies_by_id", {one.id: one for one in self.currencies.values()})
        object.__setattr__(self, "has_cycles", any(group.has_cycles for group in self.tier_groups.values()))
        stopped = {one.code: one.stopped_from for one in self.promotions.values() if one.stopped_from}
        object.__setattr__(self, "stopped", stopped)
        object.__setattr__(self, "offered", frozenset(rule.promotion for rule in self.rules if rule.promotion))
        object.__setattr__(self, "has_parts", self.is_capped or bool(self.offered))
        object.__setattr__(self, "gives_discounts", any(rule.kind.phase == DISCOUNT for rule in self.rules))
        object.__setattr__(self, "asks", asked(self.rules))
        object.__setattr__(self, "counting", tuple(rule for rule in self.rules if rule.kind.measure))
        object.__setattr__(self, "asked_names", frozenset([*self.asks, *([PROGRESS] if self.counting else ())]))
        object.__setattr__(self, "_listening", {activity: listen(self.rules, activity) for activity in named})
        object.__setattr__(self, "_listening_to_others", listen(self.rules, None))

    def _primary(self) -> Currency | None:
        spendable = [currency for currency in self.currencies.values() if currency.is_spendable]
        marked = [currency for currency in spendable if currency.is_primary]
        return marked[0] if marked else spendable[0] if len(spendable) == 1 else None

    def listening(self, activity: str, seen: Mapping[str, Collection[str]] = _NOTHING) -> Listening:
        """The rules that are about this kind of activity ("purchase", "visit" ...), without those of promotions that
        are `seen` to be stopped."""
        found = self._listening.get(activity, self._listening_to_others)
        return found.without(seen[STOPPED]) if STOPPED in seen else found

    def tier(self, group: str, code: str) -> Tier | None:
        """The tier of these codes, if there is one."""
        found = self.tier_groups.get(group)
        return found.by_code.get(code) if found else None
