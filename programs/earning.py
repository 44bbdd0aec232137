"""What does an activity earn, and why? Pure: values in, values out, nothing read or written.

Order and rounding: semantics C5 and C2. Base rules first (the best of a group wins, groups add up),
then multipliers on the base without compounding, then one rounding for each currency and rule.
Numbers are exact: integers where they suffice, Fractions elsewhere. Every posting comes through here.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, TypeAlias

from loyalty_site.lib.texts import listed
from partners.activity import Activity
from programs import eligible
from programs.capping import Part
from programs.configuration import Configuration, Rule
from programs.rounding import rounded
from programs.rules.base import Basket, Exact, Facts, decimal_text, plain
from programs.traces import BeatenTrace, MissTrace, RuleTrace, Trace


class Earned(NamedTuple):
    """`points` maps currency codes to smallest units (> 0 only); `trace` explains them as plain JSON.

    `parts` are the same points by rule, for the caps of a program that has any.
    """

    points: dict[str, int]
    trace: Trace
    parts: tuple[Part, ...] = ()


def basket(
    activity: Activity,
    configuration: Configuration,
    *,
    at: datetime | None = None,
    partner: str = "",
    category_of: Mapping[str, str] | None = None,
) -> Basket:
    """The Basket that rules see of an Activity. `category_of` maps a SKU to its category.

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
        lines=may_earn.lines(activity, configuration, category_of or {}),
        channel=activity.channel,
        partner=activity.partner or partner or configuration.owner,
        store=activity.store,
        code=activity.code,
        shipping=may_earn.shipping,
        asked=listed(activity.occasion.rules) if activity.occasion else frozenset(),
    )


class _Bid(NamedTuple):
    """What a rule gives before multipliers and rounding: `parts` by line, or one for the whole."""

    rule: Rule
    parts: Sequence[Exact]
    total: Exact


#: A multiplier and the factor that it has for this member.
_Factor: TypeAlias = tuple[Rule, Exact]


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
    best: dict[tuple[str, str], _Bid] = {}
    beaten: list[BeatenTrace] = []
    for rule in _asked(heard.base, basket) if basket.asked else heard.base:
        parts = _ask(rule, basket, facts, configuration, nearest)
        if parts is not None:
            _compete(best, beaten, _Bid(rule, parts, parts[0] if len(parts) == 1 else sum(parts)))
    factors: dict[str, list[_Factor]] = {}
    for rule in heard.multipliers:
        parts = _ask(rule, basket, facts, configuration, nearest)
        if parts is not None:
            factors.setdefault(rule.currency, []).append((rule, parts[0]))
    points: dict[str, int] = {}
    fired: list[RuleTrace] = []
    split: list[Part] = []
    for bid in best.values():
        code = bid.rule.currency
        applied = factors.get(code, ())
        given = _award(configuration, bid, applied)
        points[code] = points.get(code, 0) + given
        if configuration.is_capped:
            split += _split(configuration, bid, applied, len(fired))
        fired.append(_explain(bid, applied, given))
    trace: Trace = {
        "version": configuration.version,
        "eligible": decimal_text(basket.eligible.numerator, basket.eligible.denominator * basket.major),
        "local": basket.local.isoformat(timespec="minutes"),
        "tiers": facts.tiers,
        "rules": fired,
    }
    if beaten:
        trace["beaten"] = beaten
    if nearest.rule:
        trace["nearest"] = _miss(nearest.rule, basket, facts, configuration)
    return Earned({code: number for code, number in points.items() if number > 0}, trace, tuple(split))


def _asked(rules: Sequence[Rule], basket: Basket) -> Sequence[Rule]:
    """Those of the rules that the basket names."""
    return [rule for rule in rules if rule.code in basket.asked]


def _compete(best: dict[tuple[str, str], _Bid], beaten: list[BeatenTrace], bid: _Bid) -> None:
    """Keep the better bid of a group in `best`; of equal ones the earlier asked. The other one is beaten."""
    place = bid.rule.currency, bid.rule.group
    leader = best.get(place)
    if leader is None:
        best[place] = bid
        return
    new, old = bid.total, leader.total
    # As integers, because comparing Fractions takes five times as long.
    is_better = new.numerator * old.denominator > old.numerator * new.denominator
    winner, loser = (bid, leader) if is_better else (leader, bid)
    best[place] = winner
    rule, exact = loser.rule, plain(loser.total)
    trace: BeatenTrace = {
        "rule": rule.code,
        "name": rule.name,
        "version": rule.version,
        "exact": exact,
        "by": winner.rule.code,
    }
    beaten.append(trace)


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
    parts = rule.kind.points(_counted(rule, basket) if rule.filters else basket, facts, configuration)
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


def _counted(rule: Rule, basket: Basket) -> Basket:
    """The basket with the lines that the rule counts."""
    lines = basket.lines
    for condition in rule.filters:
        lines = tuple([line for line in lines if condition.keeps(line)])
    if len(lines) == len(basket.lines):
        return basket
    return basket._replace(lines=lines, eligible=sum([line.eligible for line in lines]))


def _miss(rule: Rule, basket: Basket, facts: Facts, configuration: Configuration) -> MissTrace:
    """Why a rule that did not fire did not: worked out for the nearest one only."""
    why = _out_of_season(rule, basket.local.date())
    if not why:
        missed = [condition for condition in rule.conditions if not condition.holds(basket, facts)]
        why = "; ".join(condition.miss(basket, facts) for condition in missed)
    if not why:
        why = rule.kind.why_not(_counted(rule, basket), facts, configuration)
    return {"rule": rule.code, "name": rule.name, "version": rule.version, "why": why}


def _award(configuration: Configuration, bid: _Bid, applied: Sequence[_Factor]) -> int:
    """Smallest units of the bid's currency: exact parts, surplus of multipliers, one rounding."""
    currency = configuration.currencies[bid.rule.currency]
    factor = _together(applied)
    over, under = currency.unit * factor.numerator, factor.denominator
    if configuration.rounds_per_line and len(bid.parts) > 1:
        parts = ((part.numerator * over, part.denominator * under) for part in bid.parts)
        return max(0, sum(rounded(*part, currency.rounding) for part in parts))
    numerator, denominator = bid.total.as_integer_ratio()
    return max(0, rounded(numerator * over, denominator * under, currency.rounding))


def _together(applied: Sequence[_Factor]) -> Exact:
    """The factor of several multipliers: each adds its surplus, none compounds."""
    if not applied:
        return 1
    return applied[0][1] if len(applied) == 1 else 1 + sum(factor - 1 for _, factor in applied)


def _split(configuration: Configuration, bid: _Bid, applied: Sequence[_Factor], row: int) -> Iterator[Part]:
    """The points of one rule by who gave them: each multiplier its surplus, the rule itself the rest.

    Differences of rounded totals, so that together they are exactly what is given.
    """
    rule = bid.rule
    done = [(by, factor) for by, factor in applied if factor <= 1]
    so_far = _award(configuration, bid, done)
    yield Part(rule.currency, rule.code, rule.code, row, so_far, rule.cut_order)
    for by, factor in applied:
        if factor > 1:
            done.append((by, factor))
            reached = _award(configuration, bid, done)
            yield Part(rule.currency, by.code, rule.code, row, reached - so_far, by.cut_order)
            so_far = reached


def _explain(bid: _Bid, applied: Sequence[_Factor], given: int) -> RuleTrace:
    rule = bid.rule
    row: RuleTrace = {
        "rule": rule.code,
        "name": rule.name,
        "version": rule.version,
        "kind": rule.kind.slug,
        "currency": rule.currency,
        "exact": plain(bid.total),
        "points": given,
    }
    if applied:
        row["multiplied_by"] = [
            {"rule": by.code, "name": by.name, "version": by.version, "factor": plain(factor)}
            for by, factor in applied
        ]
    return row
