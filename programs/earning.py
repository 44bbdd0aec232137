"""What does an activity earn, and why? Pure: values in, values out, nothing read or written.

Order and rounding: semantics C5 and C2. Base rules first, of which some count (competing.py), then multipliers and
one rounding for each currency and rule (awarding.py).
Numbers are exact: integers where they suffice, Fractions elsewhere. Every posting comes through here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from operator import attrgetter
from typing import NamedTuple

from loyalty_site.lib.texts import listed
from partners.activity import Activity
from programs import awarding, competing, counting, discounting, eligible, waiting
from programs.awarding import Bid, Factor
from programs.capping import Part
from programs.competing import Standing
from programs.compiled_rules import DISCOUNT, Listening, Rule
from programs.configuration import Configuration
from programs.progress import NOTHING, Advance
from programs.rules.base import Basket, BasketLine, Exact, Facts, decimal_text
from programs.traces import AdvanceTrace, MissTrace, RuleTrace, Trace

_currency = attrgetter("rule.currency")
#: A bid that no factor multiplies.
_UNMULTIPLIED: Sequence[Factor] = ()
#: In which order rules of one phase are asked, and equal ones compete.
_turn = attrgetter("rule.group", "rule.priority", "rule.code")


class Earned(NamedTuple):
    """`points` maps currency codes to smallest units (> 0 only); `trace` explains them as plain JSON.

    `parts` are the same points by rule, for the caps of a program that has any, and money off by rule (of the
    currency ""). `alive` are currencies whose balances live on because a rule says so that gives nothing. `progress`
    is by the codes of rules what they have counted.
    """

    points: dict[str, int]
    trace: Trace
    parts: tuple[Part, ...] = ()
    alive: frozenset[str] = frozenset()
    progress: Mapping[str, Advance] = {}


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
    """The rule that came nearest to firing: of what it `asked` for (`met` / `asked`) the largest part was there.

    And what rules have counted whose conditions hold, by their codes, whether or not they gave something for it.
    """

    # Made for each purchase, and therefore without a call of Python.
    rule: Rule | None = None
    met, asked = 0, 1
    advances: Mapping[str, Advance] = {}

    def note(self, rule: Rule, met: int, asked: int) -> None:
        """Of equally near rules the first stays."""
        if self.rule is None or met * self.asked > self.met * asked:
            self.rule, self.met, self.asked = rule, met, asked

    def count(self, rule: Rule, counted: Basket, facts: Facts) -> None:
        """Note how far the member is behind this with what the rule counts."""
        before = rule.kind.reached(facts)
        own = Advance(rule.kind.measure, before, rule.kind.advanced(counted, before))
        self.advances = {**self.advances, rule.code: own}


def evaluate(configuration: Configuration, basket: Basket, facts: Facts) -> Earned:
    """What the rules of `configuration` give for `basket` to a member with `facts`."""
    heard, nearest = configuration.listening(basket.kind, facts.seen), _Nearest()
    bids = _bids(_asked(heard.base, basket) if basket.asked else heard.base, basket, facts, configuration, nearest)
    found = _bids(heard.multipliers, basket, facts, configuration, nearest)
    if heard.waits:
        standing, facts = _waited(heard, bids + found, basket, facts, configuration, nearest)
        lines_of = partial(_lines_of, basket, facts)
    else:
        lines_of = partial(_lines_of, basket, facts)
        multipliers = [_factor(bid, lines_of) for bid in found] if found else []
        standing = competing.standing(bids, multipliers, lines_of)
    points: dict[str, int] = {}
    fired: list[RuleTrace] = []
    split: list[Part] = []
    for bid in standing.bids:
        code, applied = bid.rule.currency, _UNMULTIPLIED
        if code in standing.factors:
            bid, applied = awarding.multiplied(bid, standing.factors[code], lines_of)
        given = awarding.award(configuration, bid, applied)
        points[code] = points.get(code, 0) + given
        if configuration.has_parts:
            split += awarding.split(configuration, bid, applied, len(fired), given)
        fired.append(awarding.explain(bid, applied, given))
    silent = _bids(heard.activity, basket, facts, configuration, nearest) if heard.activity else []
    fired += [awarding.explain(bid, (), 0) for bid in silent] if silent else []
    trace = _trace(configuration, basket, facts, fired, nearest)
    if standing.beaten:
        trace["beaten"] = standing.beaten
    if heard.discounts:
        split += _off(heard.discounts, basket, facts, configuration, nearest, trace)
    if nearest.rule:
        trace["nearest"] = _miss(nearest.rule, basket, facts, configuration)
    some = {code: number for code, number in points.items() if number > 0}
    return Earned(some, trace, tuple(split), frozenset(map(_currency, silent)), nearest.advances)


def _trace(
    configuration: Configuration, basket: Basket, facts: Facts, fired: list[RuleTrace], nearest: _Nearest
) -> Trace:
    """What was asked, and which rules gave something."""
    trace: Trace = {
        "version": configuration.version,
        "eligible": decimal_text(basket.eligible.numerator, basket.eligible.denominator * basket.major),
        "local": basket.local.isoformat(timespec="minutes"),
        "tiers": facts.tiers,
        "rules": fired,
    }
    if facts.seen:
        trace["seen"] = facts.seen
    if configuration.counting:
        _note_progress(trace, configuration, facts, nearest.advances)
    return trace


def _note_progress(trace: Trace, configuration: Configuration, facts: Facts, advances: Mapping[str, Advance]) -> None:
    """How far the member was with each rule that counts, and is now; also with those that did not count this."""
    found = dict[str, AdvanceTrace]()
    for rule in configuration.counting:
        before = rule.kind.reached(facts)
        advance = advances.get(rule.code) or Advance(rule.kind.measure, before, before)
        if advance.after != NOTHING:
            found[rule.code] = advance.trace()
    if found:
        trace["progress"] = found


def _waited(
    heard: Listening, bids: list[Bid], basket: Basket, facts: Facts, configuration: Configuration, nearest: _Nearest
) -> waiting.Judged:
    """What counts once the rules are asked, too, that wait for those which gave these `bids`; and what they saw."""
    steps = [_asked(step, basket) if basket.asked else step for step in heard.waiting]

    def ask(rules: Iterable[Rule], facts: Facts) -> list[Bid]:
        return _bids(rules, basket, facts, configuration, _Nearest())

    def stand(bids: Sequence[Bid], facts: Facts) -> Standing:
        lines_of = partial(_lines_of, basket, facts)
        in_turn = sorted(bids, key=_turn)
        points = [bid for bid in in_turn if bid.rule.kind.phase == "base"]
        factors = [_factor(bid, lines_of) for bid in in_turn if bid.rule.kind.phase == "multiplier"]
        return competing.standing(points, factors, lines_of)

    judged = waiting.judged(steps, bids, facts, configuration, ask, stand)
    for step in steps:
        # Who misses something in the end, and not on the way there.
        _bids(step, basket, judged.facts, configuration, nearest)
    return judged


def _off(
    rules: Sequence[Rule],
    basket: Basket,
    facts: Facts,
    configuration: Configuration,
    nearest: _Nearest,
    trace: Trace,
) -> list[Part]:
    """The money that the rules take off what the basket costs before any discount; the trace says it, too."""
    priced = discounting.priced(basket)
    bids = _bids(rules, priced, facts, configuration, nearest)
    off = discounting.off(configuration, bids, priced, partial(_lines_of, priced, facts))
    if off.rows:
        trace["discounts"] = off.rows
    if off.beaten:
        trace["beaten"] = trace.get("beaten", []) + off.beaten
    return off.parts


def _factor(bid: Bid, lines_of: Callable[[Rule], Sequence[BasketLine]]) -> Factor:
    """What a multiplier has said, with the lines that it is about."""
    return Factor(bid.rule, bid.total, lines_of(bid.rule) if bid.rule.chooses_lines else None)


def _asked(rules: Sequence[Rule], basket: Basket) -> Sequence[Rule]:
    """Those of the rules that the basket names, and multipliers."""
    return [rule for rule in rules if rule.code in basket.asked or rule.kind.phase != "base"]


def _bids(
    rules: Iterable[Rule], basket: Basket, facts: Facts, configuration: Configuration, nearest: _Nearest
) -> list[Bid]:
    """What each of the rules gives, of those that fire; `nearest` takes note of the others."""
    bids: list[Bid] = []
    day, met, of = basket.local.date(), nearest.met, nearest.asked
    for rule in rules:
        if (rule.starts_on and day < rule.starts_on) or (rule.ends_on and day > rule.ends_on):
            nearest.note(rule, 0, 1)
            continue
        left = asked = rule.asked
        for condition in rule.conditions:
            if not condition.holds(basket, facts):
                left -= 1
                # Most of many rules do not fire: what comes no nearer than another one is not asked to its end.
                if (left - 1) * of <= met * asked and nearest.rule:
                    break
        else:
            if left < asked:
                nearest.note(rule, left - 1, asked)
            elif (parts := _give(rule, basket, facts, configuration, nearest)) is not None:
                bids.append(Bid(rule, parts, parts[0] if len(parts) == 1 else sum(parts)))
            met, of = nearest.met, nearest.asked
    return bids


def _give(
    rule: Rule, basket: Basket, facts: Facts, configuration: Configuration, nearest: _Nearest
) -> Sequence[Exact] | None:
    """What a rule gives whose plain conditions hold; None when it does not fire, which `nearest` takes note of."""
    counted = counting.counted(rule, basket, facts) if rule.filters or rule.tree else basket
    if counted is None:
        nearest.note(rule, rule.asked - 2, rule.asked)
        return None
    if rule.kind.measure:
        nearest.count(rule, counted, facts)
    parts = rule.kind.points(counted, facts, configuration)
    if parts is None:
        nearest.note(rule, rule.asked - 1, rule.asked)
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
    if rule.kind.phase == DISCOUNT:
        basket = discounting.priced(basket)
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
    missed_by: MissTrace = {"rule": rule.code, "name": rule.name, "version": rule.version, "why": why}
    if rule.promotion:
        missed_by["promotion"] = rule.promotion
    return missed_by
