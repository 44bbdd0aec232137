"""What would this rule give? An example that fits its conditions, computed by the engine itself."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, tzinfo

from loyalty_site.lib import money
from loyalty_site.lib.panels import points
from programs import compiling, document, earning
from programs.compiled_rules import Rule as CompiledRule
from programs.configuration import Configuration
from programs.models import Rule
from programs.rules.base import Basket, BasketLine, Facts
from programs.rules.conditions.member import Tiers
from programs.traces import Trace

#: How much is bought in the example, in units of the base currency: the first of these that gives something.
SPENT = (100, 1_000, 10_000, 100_000)


def example(rule: Rule) -> list[str]:
    """Sentences about what the rule gives for an example; none when the program cannot be compiled yet."""
    try:
        terms = compiling.build(document.export(rule.program), version=rule.program.version)
    except (KeyError, TypeError, ValueError):
        return []
    own = [one for one in terms.rules if one.code == rule.code]
    if not own:
        return ["It is not active, so it gives nothing."]
    if own[0].kind.phase == "activity":
        return ["It gives no points; whoever does it is active."]
    return list(_sentences(terms, own[0]))


def _sentences(terms: Configuration, rule: CompiledRule) -> Iterator[str]:
    # A multiplier has something to say only beside the rules whose points it multiplies.
    beside = terms.rules if rule.kind.phase == "multiplier" else (rule,)
    beside = tuple(one for one in beside if one.currency == rule.currency)
    # One that waits for others needs them, whatever they give.
    terms = replace(terms, rules=terms.rules if rule.waits_for else beside)
    for spent in SPENT:
        basket = _basket(terms, rule, spent)
        found = list(_given(terms, rule, basket))
        bought = f"{money.render(basket.amount, money.exponent(terms.money))} {terms.money}"
        what = f"a purchase of {bought}" if basket.kind == "purchase" else f"one “{basket.kind}” of {bought}"
        for who, given in found:
            yield f"Example: {what} on a {basket.local:%A} at {basket.local:%H:%M} gives {who} {given}."
        if found:
            return
        if rule.kind.measure:
            earned = earning.evaluate(terms, basket, Facts())
            if "nearest" in earned.trace:
                yield f"Example: {what} gives a new member nothing yet: {earned.trace['nearest']['why']}."
            return


def _given(terms: Configuration, rule: CompiledRule, basket: Basket) -> Iterator[tuple[str, str]]:
    """(who, the points in words) of the members to whom the rule gives something for the basket."""
    seen = {one.needs: one.example_seen() for one in rule.conditions if one.needs}
    for tiers, who in _members(terms, rule):
        earned = earning.evaluate(terms, basket, Facts(tiers=tiers, seen=seen))
        off = sum(row["amount"] for row in earned.trace.get("discounts", ()))
        given = earned.points.get(rule.currency, 0)
        if off:
            yield who, f"{money.render(off, money.exponent(terms.money))} {terms.money} off"
        elif given and (not rule.waits_for or rule.code in _counting(earned.trace)):
            currency = terms.currencies[rule.currency]
            yield who, f"{points(given, currency)} {currency.name}"


def _counting(trace: Trace) -> set[str]:
    """The codes of the rules that gave something, and of those that multiplied it."""
    factors = [by["rule"] for row in trace["rules"] for by in row.get("multiplied_by", ())]
    return {*factors, *(row["rule"] for row in trace["rules"])}


def _basket(terms: Configuration, rule: CompiledRule, spent: int) -> Basket:
    """A basket of `spent` units of money that satisfies each condition of the rule, as far as one can."""
    amount = spent * terms.major
    basket = Basket(
        kind=_activity(rule.kind.activities),
        local=_moment(rule, terms.zone),
        amount=amount,
        eligible=amount,
        major=terms.major,
        lines=(BasketLine(sku="", category="", quantity=1, eligible=amount),),
        partner=terms.owner,
    )
    for condition in rule.conditions:
        basket = condition.example(basket)
    basket = rule.tree.example(basket) if rule.tree else basket
    return basket._replace(lines=tuple(line._replace(listed=line.eligible) for line in basket.lines))


def _activity(kinds: Collection[str] | None) -> str:
    """One of the kinds of activity that the rule is about (None: all), a purchase if it is one of them."""
    return "purchase" if kinds is None or "purchase" in kinds else min(kinds)


def _moment(rule: CompiledRule, zone: tzinfo) -> datetime:
    """The next noon of a day on which the rule holds by its own dates."""
    local = datetime.now(zone).replace(hour=12, minute=0, second=0, microsecond=0)
    if rule.starts_on and local.date() < rule.starts_on:
        local += rule.starts_on - local.date()
    return local


def _members(terms: Configuration, rule: CompiledRule) -> list[tuple[dict[str, str], str]]:
    """({tier group: tier}, name) of the members that the example speaks of."""
    tiers = [(group, tier) for group in terms.tier_groups.values() for tier in group.tiers]
    asked = [condition.wanted for condition in rule.conditions if isinstance(condition, Tiers)]
    if asked:
        tiers = [(group, tier) for group, tier in tiers if tier.code in asked[0]]
    elif not rule.kind.asks_for_tier:
        return [({}, "a member")]
    return [({group.code: tier.code}, f"a member of {tier.name}") for group, tier in tiers]
