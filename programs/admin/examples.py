"""What would this rule give? An example that fits its conditions, computed by the engine itself."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

from loyalty_site.lib import money
from loyalty_site.lib.panels import points
from programs import compiling, document, earning
from programs.configuration import Configuration
from programs.configuration import Rule as CompiledRule
from programs.models import Rule
from programs.rules import conditions
from programs.rules.base import Basket, BasketLine, Facts

#: How much is bought in the example, in units of the base currency.
SPENT = 100


def example(rule: Rule) -> list[str]:
    """Sentences about what the rule gives for an example; none when the program cannot be compiled yet."""
    try:
        terms = compiling.build(document.export(rule.program), version=rule.program.version)
    except (KeyError, TypeError, ValueError):
        return []
    own = [one for one in terms.rules if one.code == rule.code]
    if not own:
        return ["It is not active, so it gives nothing."]
    return list(_sentences(terms, own[0]))


def _sentences(terms: Configuration, rule: CompiledRule) -> Iterator[str]:
    # A multiplier has something to say only beside the rules whose points it multiplies.
    beside = terms.rules if rule.kind.phase != "base" else (rule,)
    terms = replace(terms, rules=tuple(one for one in beside if one.currency == rule.currency))
    basket = _basket(terms, rule)
    bought = f"{money.render(basket.amount, money.exponent(terms.money))} {terms.money}"
    what = f"a purchase of {bought}" if basket.kind == "purchase" else f"one “{basket.kind}” of {bought}"
    currency = terms.currencies[rule.currency]
    for tiers, who in _members(terms, rule):
        earned = earning.evaluate(terms, basket, Facts(tiers=tiers))
        given = earned.points.get(rule.currency, 0)
        if given:
            yield f"Example: {what} on a {basket.local:%A} at {basket.local:%H:%M} gives {who} " + (
                f"{points(given, currency)} {currency.name}."
            )


def _basket(terms: Configuration, rule: CompiledRule) -> Basket:
    """A basket that satisfies each condition of the rule."""
    wanted = {condition.key: condition.wanted for condition in rule.conditions}

    def first(key: str) -> str:
        return str(min(wanted[key])) if key in wanted else ""

    amount = SPENT * terms.major
    line = BasketLine(sku=first("products"), category=first("categories"), quantity=1, eligible=amount)
    return Basket(
        kind=_activity(rule.kind.activities),
        local=_moment(rule, wanted, terms.zone),
        amount=amount,
        eligible=amount,
        major=terms.major,
        lines=(line,),
        channel=first("channels"),
        partner=first("partners") or terms.owner,
        store=first("stores"),
        code=first("codes"),
    )


def _activity(kinds: Collection[str] | None) -> str:
    """One of the kinds of activity that the rule is about (None: all), a purchase if it is one of them."""
    return "purchase" if kinds is None or "purchase" in kinds else min(kinds)


def _moment(rule: CompiledRule, wanted: Mapping[str, Any], zone: tzinfo) -> datetime:
    """The next noon, or the next hour that the rule asks for, on a day on which it holds."""
    local = datetime.now(zone).replace(hour=12, minute=0, second=0, microsecond=0)
    if conditions.Hours.key in wanted:
        start = wanted[conditions.Hours.key][0]
        local = local.replace(hour=start.hour, minute=start.minute)
    if rule.starts_on and local.date() < rule.starts_on:
        local += rule.starts_on - local.date()
    days = wanted.get(conditions.Weekdays.key, range(1, 8))
    while local.isoweekday() not in days:
        local += timedelta(days=1)
    return local


def _members(terms: Configuration, rule: CompiledRule) -> list[tuple[dict[str, str], str]]:
    """({tier group: tier}, name) of the members that the example speaks of."""
    tiers = [(group, tier) for group in terms.tier_groups.values() for tier in group.tiers]
    asked = {c.key: c.wanted for c in rule.conditions}.get(conditions.Tiers.key)
    if asked:
        tiers = [(group, tier) for group, tier in tiers if tier.code in asked]
    elif rule.kind.phase == "base":
        return [({}, "a member")]
    return [({group.code: tier.code}, f"a member of {tier.name}") for group, tier in tiers]
