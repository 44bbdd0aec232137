"""What does an activity earn, and why? Pure: values in, values out, nothing read or written.

Order and rounding: semantics C5 and C2. Base rules first (the best of a group wins, groups add up),
then multipliers on the base without compounding, then one rounding for each currency and rule.
Numbers are exact: integers where they suffice, Fractions elsewhere. Every posting comes through here.
"""

from dataclasses import dataclass
from fractions import Fraction

from programs.capping import Part, order_of
from programs.rules.base import Basket, BasketLine, plain


@dataclass(frozen=True, slots=True)
class Earned:
    """`points` maps currency codes to smallest units (> 0 only); `trace` explains them as plain JSON.

    `parts` are the same points by rule, for the caps of a program that has any.
    """

    points: dict
    trace: dict
    parts: tuple = ()


def basket(activity, configuration, *, category_of=None):
    """The Basket that rules see of an Activity. `category_of` maps a SKU to its category."""
    return Basket(
        kind=activity.kind,
        local=activity.activity_at.astimezone(configuration.zone),
        amount=activity.amount,
        eligible=(eligible := _eligible(activity, configuration)),
        major=configuration.major,
        lines=_lines(activity, configuration, eligible, category_of or {}),
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


def _lines(activity, configuration, eligible, category_of):
    """The activity's lines with their share of `eligible`; together they are exactly that."""
    shares = [line.amount - (0 if configuration.earns_on_tax else line.tax) for line in activity.lines]
    listed = sum(shares)
    if listed > eligible:
        # Part of the lines was paid with a gift card or with points: each line bears its share.
        shares = [Fraction(share * eligible, listed) for share in shares]
    lines = [
        BasketLine(line.sku, line.category or category_of.get(line.sku, ""), line.quantity, share)
        for line, share in zip(activity.lines, shares, strict=True)
    ]
    if listed < eligible:
        lines.append(BasketLine(sku="", category="", quantity=0, eligible=eligible - listed))
    return tuple(lines)


def evaluate(configuration, basket, facts):
    """What the rules of `configuration` give for `basket` to a member with `facts`."""
    best, factors, beaten, nearest = {}, {}, [], None
    for rule in _listening(configuration, basket):
        outcome, nearness, why = _ask(rule, basket, facts, configuration)
        if outcome is None:
            if nearest is None or nearness > nearest[0]:
                nearest = nearness, rule, why
        elif rule.kind.phase == "multiplier":
            factors.setdefault(rule.currency, []).append((rule, outcome))
        else:
            place = rule.currency, rule.group
            bid = rule, outcome, _total(outcome)
            best[place], *lost = _ranked(best.get(place), bid)
            beaten += [(*loser, best[place][0]) for loser in lost]
    points, fired, split = {}, [], []
    for bid in best.values():
        rule, parts, total = bid
        applied = factors.get(rule.currency, ())
        given = _award(configuration, rule.currency, parts, total, applied)
        points[rule.currency] = points.get(rule.currency, 0) + given
        if configuration.is_capped:
            split += _split(configuration, bid, applied, len(fired))
        fired.append(_explain(rule, total, applied, given))
    return Earned(
        points={code: number for code, number in points.items() if number > 0},
        trace=_trace(configuration, basket, facts, fired, beaten, nearest),
        parts=tuple(split),
    )


def _listening(configuration, basket):
    """The rules that are about this kind of activity; a multiplier is, where there is something to multiply."""
    heard = [rule for rule in configuration.rules if rule.kind.listens(basket)]
    given = {rule.currency for rule in heard if rule.kind.phase == "base"}
    return [rule for rule in heard if rule.currency in given]


def _ranked(first, second):
    """The bids (rule, parts, total) of one group, the better one first; of equal ones the earlier asked."""
    if first is None:
        return [second]
    return [second, first] if second[2] > first[2] else [first, second]


def _ask(rule, basket, facts, configuration):
    """(what the rule gives, 0, "") or (None, how near it came from 0 to 1, why it did not fire)."""
    if rule.starts_on or rule.ends_on:
        today = basket.local.date()
        if rule.starts_on and today < rule.starts_on:
            return None, 0, f"it starts on {rule.starts_on}"
        if rule.ends_on and today > rule.ends_on:
            return None, 0, f"it ended on {rule.ends_on}"
    reasons = [miss for condition in rule.conditions if (miss := condition.miss(basket, facts))]
    wanted = len(rule.conditions) + 1
    if reasons:
        return None, Fraction(wanted - len(reasons), wanted + 1), "; ".join(reasons)
    if rule.filters:
        basket = basket.narrowed([line for line in basket.lines if all(f.keeps(line) for f in rule.filters)])
    outcome = rule.kind.points(basket, facts, configuration)
    if outcome is None:
        return None, Fraction(wanted, wanted + 1), rule.kind.why_not(basket, facts, configuration)
    return outcome, 0, ""


def _total(parts):
    return parts[0] if len(parts) == 1 else sum(parts)


def _award(configuration, code, parts, total, applied):
    """Smallest units of currency `code` for one rule: exact parts, surplus of multipliers, one rounding."""
    currency = configuration.currencies[code]
    factor = currency.unit
    if applied:
        factor *= 1 + sum(by - 1 for _, by in applied)
    if configuration.rounds_per_line and len(parts) > 1:
        return max(0, sum(round_to(part * factor, currency.rounding) for part in parts))
    return max(0, round_to(total if factor == 1 else total * factor, currency.rounding))


def _split(configuration, bid, applied, row):
    """The points of one rule by who gave them: each multiplier its surplus, the rule itself the rest.

    Differences of rounded totals, so that together they are exactly what is given.
    """
    rule, parts, total = bid
    done = [(by, factor) for by, factor in applied if factor <= 1]
    so_far = _award(configuration, rule.currency, parts, total, done)
    yield Part(rule.currency, rule.code, rule.code, row, so_far, order_of(rule))
    for by, factor in applied:
        if factor > 1:
            done.append((by, factor))
            reached = _award(configuration, rule.currency, parts, total, done)
            yield Part(rule.currency, by.code, rule.code, row, reached - so_far, order_of(by))
            so_far = reached


def round_to(number, mode):
    """The integer that the exact `number` is rounded to by "floor", "half_up", "half_even" or "ceil"."""
    over, under = number.numerator, number.denominator
    if mode == "floor":
        return over // under
    if mode == "ceil":
        return -(-over // under)
    if mode == "half_up":
        return (2 * over + under) // (2 * under)
    return round(Fraction(number))


def _trace(configuration, basket, facts, fired, beaten, nearest):
    trace = {
        "version": configuration.version,
        "eligible": plain(Fraction(basket.eligible, basket.major)),
        "local": basket.local.isoformat(timespec="minutes"),
        "tiers": facts.tiers,
        "rules": fired,
    }
    if beaten:
        trace["beaten"] = [_named(rule) | {"exact": plain(total), "by": by.code} for rule, _, total, by in beaten]
    if nearest:
        trace["nearest"] = _named(nearest[1]) | {"why": nearest[2]}
    return trace


def _named(rule):
    return {"rule": rule.code, "name": rule.name, "version": rule.version}


def _explain(rule, total, applied, given):
    row = {
        "rule": rule.code,
        "name": rule.name,
        "version": rule.version,
        "kind": rule.kind.slug,
        "currency": rule.currency,
        "exact": plain(total),
        "points": given,
    }
    if applied:
        row["multiplied_by"] = [_named(by) | {"factor": plain(factor)} for by, factor in applied]
    return row
