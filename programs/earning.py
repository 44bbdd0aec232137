"""What does an activity earn, and why? Pure: values in, values out, nothing read or written.

Order and rounding: semantics C5 and C2. Base rules first, of which some count (competing.py), then multipliers and
one rounding for each currency and rule (awarding.py).
Numbers are exact: integers where they suffice, Fractions elsewhere. Every posting comes through here.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from operator import attrgetter
from typing import NamedTuple

from loyalty_site.lib.texts import listed
from partners.activity import Activity
from programs import awarding, competing, counting, eligible
from programs.awarding import Bid, Factor
from programs.capping import Part
from programs.configuration import Configuration, Rule
from programs.rules.base import Basket, BasketLine, Exact, Facts, decimal_text
from programs.traces import MissTrace, RuleTrace, Trace

_currency = attrgetter("rule.currency")


class Earned(NamedTuple):
    """`points` maps currency codes to smallest units (> 0 only); `trace` explains them as plain JSON.

    `parts` are the same points by rule, for the caps of a program that has any. `alive` are currencies whose balances
    live on because a rule says so that gives nothing.
    """

    points: dict[str, int]
    trace: Trace
    parts: tuple[Part, ...] = ()
    alive: frozenset[str] = frozenset()


def basket(
    activity: Activity,
    configuration: Configuration,
    *,
    at: datetime | None = None,
    partner: str = "",
    category_of: Mapping[str, str] | None = None,
    lists_of: Mapping[str, Sequence[str]] | None = None,
) -> Basket:
    """The Basket that rules see of an Activity. `category_of` maps a SKU to its category, `lists_of` to the codes of
    the lists that have it.

    `at` and `partner` are when it happened and with whom, where the activity does not say so itself.
    """
    at = activity.activity_at or at
    if at is None:
        raise ValueError("only an activity whose instant is known can earn")
    may_earn = eligible.money_of(activity, configuration)
    return Basket(
        kind=activity.kind,
        local=at.astimezone(configuration.zone),
        amount=activity.paid,
        eligible=may_earn.all,
        major=configuration.major,
        lines=may_earn.lines(activity, configuration, category_of or {}, lists_of or {}),
        channel=activity.channel,
        partner=activity.partner or partner or configuration.owner,
        store=activity.store,
        code=activity.code,
        shipping=may_earn.shipping,
        asked=listed(activity.occasion.rules) if activity.occasion else frozenset(),
        attributes=activity.attributes,
    )


class _Nearest:
    """The rule that came nearest to firing: of what it `asked` for (`met` / `asked`) the largest part was there."""

    __slots__ = ("asked", "met", "rule")

    def __init__(self) -> None:
        self.rule: Rule | None = None
        self.met, self.asked = 0, 1

    def note(self, rule: Rule, met: int, asked: int) -> None:
        """Of equally near rules the first stays."""
        if self.rule is None or met * self.asked > self.met * asked:
            self.rule, self.met, self.asked = rule, met, asked


def evaluate(configuration: Configuration, basket: Basket, facts: Facts) -> Earned:
    """What the rules of `configuration` give for `basket` to a member with `facts`."""
    heard, nearest = configuration.listening(basket.kind), _Nearest()
    lines_of = partial(_lines_of, basket, facts)
    bids = _bids(_asked(heard.base, basket) if basket.asked else heard.base, basket, facts, configuration, nearest)
    found = _bids(heard.multipliers, basket, facts, configuration, nearest)
    multipliers = [_factor(bid, lines_of) for bid in found] if found else []
    counted, factors, beaten = competing.standing(bids, multipliers, lines_of)
    points: dict[str, int] = {}
    fired: list[RuleTrace] = []
    split: list[Part] = []
    for bid in counted:
        code = bid.rule.currency
        applied: Sequence[Factor] = ()
        if code in factors:
            bid, applied = awarding.multiplied(bid, factors[code], lines_of)
        given = awarding.award(configuration, bid, applied)
        points[code] = points.get(code, 0) + given
        if configuration.is_capped:
            split += awarding.split(configuration, bid, applied, len(fired))
        fired.append(awarding.explain(bid, applied, given))
    silent = _bids(heard.activity, basket, facts, configuration, nearest) if heard.activity else []
    for bid in silent:
        fired.append(awarding.explain(bid, (), 0))
    trace: Trace = {
        "version": configuration.version,
        "eligible": decimal_text(basket.eligible.numerator, basket.eligible.denominator * basket.major),
        "local": basket.local.isoformat(timespec="minutes"),
        "tiers": facts.tiers,
        "rules": fired,
    }
    if facts.seen:
        trace["seen"] = facts.seen
    if beaten:
        trace["beaten"] = beaten
    if nearest.rule:
        trace["nearest"] = _miss(nearest.rule, basket, facts, configuration)
    positive = {code: number for code, number in points.items() if number > 0}
    return Earned(positive, trace, tuple(split), frozenset(map(_currency, silent)))


def _factor(bid: Bid, lines_of: Callable[[Rule], Sequence[BasketLine]]) -> Factor:
    """What a multiplier has said, with the lines that it is about."""
    return Factor(bid.rule, bid.total, lines_of(bid.rule) if bid.rule.chooses_lines else None)


def _asked(rules: Sequence[Rule], basket: Basket) -> Sequence[Rule]:
    """Those of the rules that the basket names."""
    return [rule for rule in rules if rule.code in basket.asked]


def _bids(
    rules: Sequence[Rule], basket: Basket, facts: Facts, configuration: Configuration, nearest: _Nearest
) -> list[Bid]:
    """What each of the rules gives, of those that fire."""
    bids: list[Bid] = []
    for rule in rules:
        parts = _ask(rule, basket, facts, configuration, nearest)
        if parts is not None:
            bids.append(Bid(rule, parts, parts[0] if len(parts) == 1 else sum(parts)))
    return bids


def _ask(
    rule: Rule, basket: Basket, facts: Facts, configuration: Configuration, nearest: _Nearest
) -> Sequence[Exact] | None:
    """What the rule gives; None when it does not fire, which `nearest` takes note of."""
    if (rule.starts_on or rule.ends_on) and _out_of_season(rule, basket.local.date()):
        nearest.note(rule, 0, 1)
        return None
    missed = 0
    for condition in rule.conditions:
        if not condition.holds(basket, facts):
            missed += 1
    asked = len(rule.conditions) + 2
    if missed:
        nearest.note(rule, asked - 1 - missed, asked)
        return None
    counted = counting.counted(rule, basket, facts) if rule.filters or rule.tree else basket
    if counted is None:
        nearest.note(rule, asked - 2, asked)
        return None
    parts = rule.kind.points(counted, facts, configuration)
    if parts is None:
        nearest.note(rule, asked - 1, asked)
    return parts


def _out_of_season(rule: Rule, day: date) -> str:
    """Why the rule does not hold on `day`; "" when it does."""
    if rule.starts_on and day < rule.starts_on:
        return f"it starts on {rule.starts_on}"
    if rule.ends_on and day > rule.ends_on:
        return f"it ended on {rule.ends_on}"
    return ""


def _lines_of(basket: Basket, facts: Facts, rule: Rule) -> Sequence[BasketLine]:
    """The lines of the basket that the rule counts; it gave something for them."""
    counted = counting.counted(rule, basket, facts) if rule.filters or rule.tree else basket
    return counted.lines if counted else ()


def _miss(rule: Rule, basket: Basket, facts: Facts, configuration: Configuration) -> MissTrace:
    """Why a rule that did not fire did not: worked out for the nearest one only."""
    why = _out_of_season(rule, basket.local.date())
    if not why:
        missed = [condition for condition in rule.conditions if not condition.holds(basket, facts)]
        why = "; ".join(condition.miss(basket, facts) for condition in missed)
    if not why:
        counted = counting.counted(rule, basket, facts) if rule.filters or rule.tree else basket
        why = (
            counting.why_none(rule, basket, facts)
            if counted is None
            else rule.kind.why_not(counted, facts, configuration)
        )
    return {"rule": rule.code, "name": rule.name, "version": rule.version, "why": why}
