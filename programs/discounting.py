"""How much money do rules take off a basket, and what of it comes off which lines? Pure (semantics C5, C7).

Each discount counts what its lines cost before any; it is exact, and rounded down once. Together they never take more
off a line than it costs: by rising priority, a later one has the room that the earlier ones left.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from programs import competing
from programs.awarding import Bid
from programs.capping import Part
from programs.compiled_rules import Rule
from programs.configuration import Configuration
from programs.rules.base import Basket, BasketLine, Exact, plain
from programs.traces import BeatenTrace, DiscountTrace


class Off(NamedTuple):
    """What comes off, by rule, in minor units of the program's money; and which rules would have taken something off,
    had not others stood against them. `parts` are the same amounts, for caps and promotions."""

    rows: list[DiscountTrace]
    parts: list[Part]
    beaten: list[BeatenTrace]


def priced(basket: Basket) -> Basket:
    """The basket as discounts see it: all that its lines cost before any discount is eligible, tax with it."""
    lines = tuple([line._replace(eligible=line.listed) for line in basket.lines])
    return basket._replace(lines=lines, eligible=sum([line.eligible for line in lines]), shipping=0)


def off(
    configuration: Configuration,
    bids: Sequence[Bid],
    basket: Basket,
    lines_of: Callable[[Rule], Sequence[BasketLine]],
) -> Off:
    """What of these bids, in units of money, comes off a `priced` basket; `lines_of` are the lines of a rule."""
    counted, _, beaten = competing.standing(bids, (), lines_of)
    # Lines that are alike are told apart by their places.
    places = {id(line): place for place, line in enumerate(basket.lines)}
    room: list[Exact] = [line.eligible for line in basket.lines]
    all_priced = sum(map(bool, room))
    rows: list[DiscountTrace] = []
    parts: list[Part] = []
    for bid in sorted(counted, key=lambda bid: (bid.rule.priority, bid.rule.code)):
        own = [places[id(line)] for line in lines_of(bid.rule) if line.eligible]
        left = sum([room[place] for place in own])
        amount = int(min(bid.total * basket.major, left))
        if amount:
            kept = 1 - Fraction(amount) / left
            for place in own:
                room[place] *= kept
        rule = bid.rule
        parts.append(Part("", rule.code, rule.code, len(rows), amount, rule.cut_order, rule.promotion))
        rows.append(_row(configuration, bid, amount, own if len(own) < all_priced else ()))
    for loser in beaten:
        loser["money"] = configuration.money
    return Off(rows, parts, beaten)


def _row(configuration: Configuration, bid: Bid, amount: int, lines: Sequence[int]) -> DiscountTrace:
    rule = bid.rule
    row: DiscountTrace = {
        "rule": rule.code,
        "name": rule.name,
        "version": rule.version,
        "money": configuration.money,
        "exact": plain(bid.total),
        "amount": amount,
    }
    if lines:
        row["lines"] = list(lines)
    if rule.promotion:
        row["promotion"] = rule.promotion
    return row
