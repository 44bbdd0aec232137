"""How do the points of a rule become whole ones? Multipliers, then one rounding, and who gave which (C2, C7).

Exact until the rounding. A multiplier of some lines multiplies only the points that these lines earned.
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from operator import attrgetter
from typing import NamedTuple

from programs.capping import Part
from programs.compiled_rules import Rule
from programs.configuration import Configuration
from programs.rounding import rounded
from programs.rules.base import BasketLine, Exact, plain
from programs.traces import FactorTrace, RuleTrace


class Bid(NamedTuple):
    """What a rule gives before multipliers and rounding: `parts` by line, or one for the whole.

    `by_line` is the same by line even where there is one part; worked out only for multipliers of some lines.
    """

    rule: Rule
    parts: Sequence[Exact]
    total: Exact
    by_line: Sequence[Exact] = ()


class Factor(NamedTuple):
    """A multiplier and the factor that it has for this member.

    `lines` are those whose points it multiplies, and `keeps` says of each line of a bid whether it is one of them;
    None: all points are multiplied, also those of no line.
    """

    rule: Rule
    factor: Exact
    lines: Sequence[BasketLine] | None = None
    keeps: Sequence[bool] | None = None


#: Asked for each rule that gives something, and therefore without a call of Python.
_keeps = attrgetter("keeps")


class Multiplied(NamedTuple):
    """A bid, and the factors that multiply something of it."""

    bid: Bid
    factors: Sequence[Factor]


def multiplied(bid: Bid, factors: Sequence[Factor], lines_of: Callable[[Rule], Sequence[BasketLine]]) -> Multiplied:
    """The bid with those of the factors that are about it; `lines_of` are the lines that a rule counted."""
    named = [by for by in factors if not by.rule.kind.groups or bid.rule.group in by.rule.kind.groups]
    if all(by.lines is None for by in named):
        return Multiplied(bid, named)
    lines = lines_of(bid.rule)
    bid = bid._replace(by_line=_by_line(bid, lines))
    seen = [by if by.lines is None else by._replace(keeps=[line in by.lines for line in lines]) for by in named]
    return Multiplied(bid, [by for by in seen if by.keeps is None or _points_of(bid, by)])


def surplus(bid: Bid, by: Factor, lines_of: Callable[[Rule], Sequence[BasketLine]]) -> Exact:
    """What the factor alone adds to the bid."""
    seen, factors = multiplied(bid, [by], lines_of)
    return sum(_points_of(seen, one) * (one.factor - 1) for one in factors)


def _points_of(bid: Bid, by: Factor) -> Exact:
    """The points of the bid that the factor multiplies."""
    if by.keeps is None:
        return bid.total
    return sum(points for kept, points in zip(by.keeps, bid.by_line, strict=False) if kept)


def _by_line(bid: Bid, lines: Sequence[BasketLine]) -> Sequence[Exact]:
    """The points that each line earned; nothing where the rule's points are of no line."""
    weights = bid.rule.kind.weights(lines)
    whole = sum(weights)
    if not whole:
        return ()
    return bid.parts if len(bid.parts) == len(lines) else [Fraction(bid.total * weight) / whole for weight in weights]


def award(configuration: Configuration, bid: Bid, applied: Sequence[Factor]) -> int:
    """Smallest units of the bid's currency: exact parts, what multipliers make of them, one rounding."""
    currency = configuration.currencies[bid.rule.currency]
    parts, total, factor = bid.parts, bid.total, _together(applied)
    if any(map(_keeps, applied)):
        made = [
            points * _together([by for by in applied if by.keeps is None or by.keeps[place]])
            for place, points in enumerate(bid.by_line)
        ]
        parts, total, factor = made if len(parts) == len(made) else [sum(made)], sum(made), 1
    over, under = currency.unit * factor.numerator, factor.denominator
    if configuration.rounds_per_line and len(parts) > 1:
        exact = ((part.numerator * over, part.denominator * under) for part in parts)
        return max(0, sum(rounded(*part, currency.rounding) for part in exact))
    numerator, denominator = total.as_integer_ratio()
    return max(0, rounded(numerator * over, denominator * under, currency.rounding))


def _together(applied: Sequence[Factor]) -> Exact:
    """The factor of several multipliers: those of the base add their surplus (C7-R2), the others compound on that."""
    if not applied:
        return 1
    if len(applied) == 1:
        return applied[0].factor
    factor = max(0, 1 + sum(by.factor - 1 for by in applied if not by.rule.kind.compounds))
    for by in applied:
        if by.rule.kind.compounds:
            factor *= by.factor
    return factor


def split(configuration: Configuration, bid: Bid, applied: Sequence[Factor], row: int, given: int) -> Iterator[Part]:
    """The points of one rule, `given` in all, by who gave them: each multiplier its surplus, the rule the rest.

    Differences of rounded totals, so that together they are exactly what is given.
    """
    rule = bid.rule
    raising = [by for by in applied if by.factor > 1]
    done = [by for by in applied if by.factor <= 1]
    so_far = award(configuration, bid, done) if raising else given
    yield Part(rule.currency, rule.code, rule.code, row, so_far, rule.cut_order, rule.promotion)
    for by in raising:
        done.append(by)
        reached = given if by is raising[-1] else award(configuration, bid, done)
        own = by.rule
        yield Part(rule.currency, own.code, rule.code, row, reached - so_far, own.cut_order, own.promotion)
        so_far = reached


def explain(bid: Bid, applied: Sequence[Factor], given: int) -> RuleTrace:
    """The row of the trace about a rule that gave something."""
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
    if rule.promotion:
        row["promotion"] = rule.promotion
    if applied:
        in_turn = sorted(applied, key=lambda by: by.rule.kind.compounds)
        row["multiplied_by"] = [_factor(bid, by) for by in in_turn]
    return row


def _factor(bid: Bid, by: Factor) -> FactorTrace:
    rule = by.rule
    row: FactorTrace = {"rule": rule.code, "name": rule.name, "version": rule.version, "factor": plain(by.factor)}
    if by.keeps is not None:
        row["of"] = plain(_points_of(bid, by))
    if rule.kind.compounds:
        row["compounds"] = True
    if rule.promotion:
        row["promotion"] = rule.promotion
    return row
