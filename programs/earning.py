"""What does an activity earn, and why? Pure: values in, values out, nothing read or written.

Order and rounding: semantics C5 and C2. Base rules first (the best of a group wins, groups add up),
then multipliers on the base without compounding, then one rounding for each currency and rule.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

from programs.rules.base import Basket, BasketLine


@dataclass(frozen=True, slots=True)
class Earned:
    """`points` maps currency codes to smallest units (> 0 only); `trace` explains them as plain JSON."""

    points: dict
    trace: dict


def basket(activity, configuration, *, category_of=None):
    """The Basket that rules see of an Activity. `category_of` maps a SKU to its category."""
    category_of = category_of or {}
    eligible = Fraction(_eligible(activity, configuration))
    lines = [
        BasketLine(
            sku=line.sku,
            category=line.category or category_of.get(line.sku, ""),
            quantity=line.quantity,
            eligible=Fraction(line.amount - (0 if configuration.earns_on_tax else line.tax)),
        )
        for line in activity.lines
    ]
    listed = sum(line.eligible for line in lines)
    if listed > eligible:
        # Part of the lines was paid with a gift card or with points: each line bears its share.
        lines = [replace(line, eligible=line.eligible * eligible / listed) for line in lines]
    elif listed < eligible:
        lines.append(BasketLine(sku="", category="", quantity=0, eligible=eligible - listed))
    return Basket(
        kind=activity.kind,
        local=activity.activity_at.astimezone(configuration.zone),
        amount=activity.amount,
        eligible=eligible,
        major=configuration.major,
        lines=tuple(lines),
        channel=activity.channel,
        partner=activity.partner or configuration.owner,
        store=activity.store,
        code=activity.code,
    )


def _eligible(activity, configuration):
    """The money that may earn, in minor units, never negative."""
    off = activity.points_value
    off += 0 if configuration.earns_on_tax else activity.tax
    off += 0 if configuration.earns_on_shipping else activity.shipping
    off += 0 if configuration.earns_on_gift_cards else activity.gift_card
    return max(0, activity.amount - off)


def evaluate(configuration, basket, facts):
    """What the rules of `configuration` give for `basket` to a member with `facts`."""
    best, factors, misses = {}, {}, []
    for rule in configuration.rules:
        outcome, why = _ask(rule, basket, facts, configuration)
        if outcome is None:
            misses.append((why[0], rule, why[1]))
        elif rule.kind.phase == "multiplier":
            factors.setdefault(rule.currency, []).append((rule, outcome))
        else:
            place = (rule.currency, rule.group)
            if place not in best or sum(outcome) > sum(best[place][1]):
                best[place] = (rule, outcome)
    points, fired = {}, []
    for (code, _), (rule, parts) in best.items():
        applied = factors.get(code, [])
        given = _award(configuration, code, parts, applied)
        points[code] = points.get(code, 0) + given
        fired.append(_explain(rule, parts, applied, given))
    trace = {"version": configuration.version, "eligible": _text(basket.eligible / basket.major)}
    trace |= {"local": basket.local.isoformat(timespec="minutes"), "tiers": facts.tiers, "rules": fired}
    if misses:
        _, rule, why = max(misses, key=lambda miss: miss[0])
        trace["nearest"] = {"rule": rule.code, "name": rule.name, "version": rule.version, "why": why}
    return Earned(points={code: n for code, n in points.items() if n > 0}, trace=trace)


def _ask(rule, basket, facts, configuration):
    """(what the rule gives, None) or (None, (how near it came, why it did not fire))."""
    today = basket.local.date()
    if rule.starts_on and today < rule.starts_on:
        return None, (0, f"it starts on {rule.starts_on}")
    if rule.ends_on and today > rule.ends_on:
        return None, (0, f"it ended on {rule.ends_on}")
    reasons = [miss for condition in rule.conditions if (miss := condition.miss(basket, facts))]
    if reasons:
        met = len(rule.conditions) - len(reasons)
        return None, (Fraction(1 + met, 2 + len(rule.conditions)), "; ".join(reasons))
    if rule.filters:
        kept = tuple(line for line in basket.lines if all(f.keeps(line) for f in rule.filters))
        basket = replace(basket, lines=kept, eligible=sum(line.eligible for line in kept))
    outcome = rule.kind.points(basket, facts, configuration)
    if outcome is None:
        return None, (Fraction(1, 2), rule.kind.why_not(basket, facts, configuration))
    return outcome, None


def _award(configuration, code, parts, applied):
    """Smallest units of currency `code` for one rule: exact parts, surplus of multipliers, one rounding."""
    currency = configuration.currencies[code]
    factor = (1 + sum(factor - 1 for _, factor in applied)) * currency.unit
    parts = parts if configuration.rounds_per_line else [sum(parts)]
    return max(0, sum(round_to(part * factor, currency.rounding) for part in parts))


def _explain(rule, parts, applied, given):
    row = {"rule": rule.code, "name": rule.name, "version": rule.version, "kind": rule.kind.slug}
    row |= {"currency": rule.currency, "exact": _text(sum(parts)), "points": given}
    if applied:
        row["multiplied_by"] = [
            {"rule": by.code, "name": by.name, "version": by.version, "factor": _text(factor)}
            for by, factor in applied
        ]
    return row


def round_to(number, mode):
    """The integer that the exact `number` is rounded to by "floor", "half_up", "half_even" or "ceil"."""
    if mode == "floor":
        return floor(number)
    if mode == "ceil":
        return ceil(number)
    if mode == "half_up":
        return floor(number + Fraction(1, 2))
    return round(Fraction(number))


def _text(number):
    """An exact number as short decimal text; endless ones are cut behind six places."""
    whole, rest = divmod(Fraction(number), 1)
    digits = str(int(rest * 10**6)).zfill(6).rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)
