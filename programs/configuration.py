"""What does a program promise, as frozen values that rules and the ledger can work with?

Compiled from a program's document (compiling.py), so a live program, an old version and a draft are the same thing.
The `id` of each value is its primary key, 0 in a draft that is not stored.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from programs.capping import Cap, CutOrder
from programs.expiry import Terms
from programs.ladders import Tier, TierGroup

if TYPE_CHECKING:
    # Rules see the configuration that holds them; here only their names are needed.
    from programs.rules.base import Kind
    from programs.rules.conditions.base import Condition, LineCondition
    from programs.rules.conditions.tree import Node


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
class Rule:
    """An earning rule; `kind` is a ready instance of a file of programs/rules/, `filters` are those of its
    `conditions` that narrow the lines which it counts, `tree` has the conditions that are put together, or ask for
    sums of lines. `choice` is that of its whole group."""

    code: str
    name: str
    version: int
    currency: str
    group: str
    priority: int
    stacking: str
    choice: str
    starts_on: date | None
    ends_on: date | None
    kind: "Kind"
    conditions: "tuple[Condition, ...]"
    filters: "tuple[LineCondition, ...]"
    tree: "Node | None" = None
    #: Whether it is about some lines of a basket.
    chooses_lines: bool = False

    @property
    def leaves(self) -> "Iterator[Condition]":
        """All its conditions, wherever they stand."""
        yield from self.conditions
        if self.tree:
            yield from self.tree.leaves()

    @property
    def cut_order(self) -> CutOrder:
        """By what its points are cut, the first of them first (semantics C8-R4)."""
        return self.kind.phase == "base", self.group == "base", self.priority, self.code


class Listening(NamedTuple):
    """The rules that are about one kind of activity, in evaluation order; multipliers only of currencies in which
    the `base` rules give something to multiply; those of `activity` give nothing and keep balances alive."""

    base: tuple[Rule, ...] = ()
    multipliers: tuple[Rule, ...] = ()
    activity: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Configuration:
    """A whole program at one version.

    `rules` and `caps` are in evaluation order; `is_capped` when a cap or the largest balance of a currency may cut
    what the rules give; `timeline` are (since, version) of the versions under which it was active, the oldest first.
    `primary` is the currency that is meant where none is named, if there is one. `major` is how many minor units
    make one unit of `money`; `partners` are the codes of all who take part, the `owner` among them. Phone numbers
    that name no country are of `country` (ISO 3166, "" for none). What is surely wrong is refused where it
    `is_strict`, else taken with a warning: activities that are not among the `known_activities`, channels that are
    not among the `channels` (empty: any).
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
    primary: Currency | None = field(init=False, compare=False, repr=False)
    currencies_by_id: Mapping[int, Currency] = field(init=False, compare=False, repr=False)
    #: Whether one of the ladders counts in cycles.
    has_cycles: bool = field(init=False, compare=False, repr=False)
    #: What rules ask of the member beyond their tiers: values by the name of what is asked (see `Facts.seen`).
    asks: Mapping[str, frozenset[str]] = field(init=False, compare=False, repr=False)
    _listening: Mapping[str, Listening] = field(init=False, compare=False, repr=False)
    _listening_to_others: Listening = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # Tables of what every posting asks; made once for each version.
        named = {activity for rule in self.rules for activity in rule.kind.activities or ()}
        object.__setattr__(self, "primary", self._primary())
        object.__setattr__(self, "currencies_by_id", {one.id: one for one in self.currencies.values()})
        object.__setattr__(self, "has_cycles", any(group.has_cycles for group in self.tier_groups.values()))
        object.__setattr__(self, "asks", self._asked())
        object.__setattr__(self, "_listening", {activity: self._listen(activity) for activity in named})
        object.__setattr__(self, "_listening_to_others", self._listen(None))

    def _asked(self) -> dict[str, frozenset[str]]:
        asked: dict[str, frozenset[str]] = {}
        for condition in (leaf for rule in self.rules for leaf in rule.leaves if leaf.needs):
            asked[condition.needs] = asked.get(condition.needs, frozenset()) | condition.asks()
        return asked

    def _primary(self) -> Currency | None:
        spendable = [currency for currency in self.currencies.values() if currency.is_spendable]
        marked = [currency for currency in spendable if currency.is_primary]
        return marked[0] if marked else spendable[0] if len(spendable) == 1 else None

    def _listen(self, activity: str | None) -> Listening:
        """The rules about this kind of activity; None stands for all that no rule names."""
        heard = [rule for rule in self.rules if rule.kind.activities is None or activity in rule.kind.activities]
        base = tuple(rule for rule in heard if rule.kind.phase == "base")
        given = {rule.currency for rule in base}
        multipliers = (rule for rule in heard if rule.kind.phase == "multiplier" and rule.currency in given)
        alive = (rule for rule in heard if rule.kind.phase == "activity")
        return Listening(base, tuple(multipliers), tuple(alive))

    def listening(self, activity: str) -> Listening:
        """The rules that are about this kind of activity ("purchase", "visit" ...)."""
        return self._listening.get(activity, self._listening_to_others)

    def tier(self, group: str, code: str) -> Tier | None:
        """The tier of these codes, if there is one."""
        found = self.tier_groups.get(group)
        return found.by_code.get(code) if found else None
