"""What was paid for each part of a purchase: its lines, its shipping, and what stands in neither?

Amounts are minor units, as the Activity reports them; nothing here knows of rules or points. The shares that are
found here are those that earn and those that come back, so that they are always the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from loyalty_site.lib.money import divide
from partners.activity import Activity, Line, Refunded

#: Pieces of a line, and exact parts of one where it was weighed.
Units: TypeAlias = int | Fraction

#: What of a price can be tax on sales at most: 27 % on top of the rest, the highest rate of any country.
HIGHEST_TAX = Fraction(27, 127)


def for_lines(item: Activity) -> list[int]:
    """What was paid for each line of the order, tax included: its price, less its share of the order's discount."""
    prices, goods = [line.price for line in item.lines], max(0, item.paid - item.shipping)
    return divide(goods, prices) if is_spread(sum(prices), goods, len(prices)) else prices


def is_spread(listed: int, paid: int, lines: int) -> bool:
    """Whether the lines bear, in proportion, the difference between `listed`, their sum, and what was `paid`.

    So it is with a discount of the whole order, and with what rounding left: up to one unit for each line. Of
    more, the order says nothing in its lines, and it stands in none of them.
    """
    return listed > paid or (0 < paid - listed <= lines and listed > 0)


def shipping_tax(item: Activity) -> int:
    """How much of the tax is that on shipping, in minor units.

    Unsaid, it is what the lines, each with the tax of what was paid for it, leave of the tax: where they say any,
    name all goods, and shipping can have that much; else none.
    """
    if item.shipping_tax is not None:
        return item.shipping_tax
    if not item.shipping or not item.tax:
        return 0
    said, goods = sum(line.tax for line in item.lines), item.paid - item.shipping
    listed, count = sum(line.price for line in item.lines), len(item.lines)
    if not said or listed + count < goods:
        return 0
    if is_spread(listed, goods, count):
        said = (2 * said * goods + listed) // (2 * listed)
    left = item.tax - said
    return left if 0 < left <= _most_shipping_tax(item) else 0


def _most_shipping_tax(item: Activity) -> int:
    """The most tax that shipping can have: that of the line with the highest rate, one unit more by rounding; and by
    the highest rate there is, unless a line without tax may be what its sender did not say."""
    whole, rate = item.shipping, max(Fraction(line.tax, line.price) for line in item.lines if line.price)
    if all(line.tax for line in item.lines if line.price):
        rate = max(rate, HIGHEST_TAX)
    return min(whole, int(whole * rate) + 1)


@dataclass(frozen=True, slots=True)
class PaidLine:
    """One line of an order, for which `paid` was paid, of which `money` and `pieces` are left."""

    line: Line
    paid: int
    money: int
    pieces: Units

    @property
    def all_pieces(self) -> Units:
        """How many pieces it had, parts of one where it was weighed; what counts none comes back whole."""
        return self.line.units or 1

    @property
    def quantity(self) -> Units:
        """How many of its pieces are left, as the order counts them: none where it counts none."""
        return min(self.pieces, self.line.units)

    @property
    def is_gone(self) -> bool:
        """Whether all of it came back: its money and its pieces."""
        return not self.money and not self.pieces

    def less(self, back: Refunded) -> "PaidLine":
        """What is left after `back`; who tells only the money means all pieces when it is all of the money."""
        money, pieces = max(0, self.money - back.amount), max(0, self.pieces - back.units)
        is_whole = bool(back.amount) and not money and not back.units
        return PaidLine(self.line, self.paid, money, 0 if is_whole else pieces)

    def means_all_pieces(self, named: Refunded, order: Activity) -> bool:
        """Whether who names a line for which nothing was paid, and no pieces of it, means all that are left: by its
        list price, or in an order without money. Of others their money says so (see `less`)."""
        return not self.paid and not named.units and (named.amount > 0 or not order.paid)

    def due(self, pieces: Units) -> int:
        """What was paid for the next `pieces`: each its share, the last ones the rest, so no unit is lost."""
        return self.money if pieces == self.pieces else min(self._share(pieces), self.money)

    def counted(self, back: Refunded) -> int:
        """How much of what was paid comes back with `back`, which may name the list price of its pieces instead.

        The last pieces at either price, rounded by whomever, are all that is left.
        """
        amount, pieces = back.amount, back.units or self.pieces
        if not pieces or not amount:
            return amount
        part = Fraction(pieces) / Fraction(self.all_pieces)
        from_paid, from_listed = abs(amount - self.paid * part), abs(amount - self.line.amount * part)
        # A sender who spreads a discount may round a share to the other side.
        is_paid = from_paid < (2 if self.is_reduced else 1)
        is_listed = self.is_reduced and from_listed < 1
        if is_listed and from_listed < from_paid:
            amount = self._share(pieces)
        is_rounding = abs(amount - self.money) <= max(1, self.all_pieces)
        return self.money if pieces == self.pieces and (is_paid or is_listed) and is_rounding else amount

    @property
    def is_reduced(self) -> bool:
        """Whether something else was paid than the line says."""
        return self.line.amount != self.paid

    def _share(self, pieces: Units) -> int:
        """What was paid for the next `pieces`, counted from those that have come back, to the last unit."""
        gone, whole = Fraction(self.all_pieces) - Fraction(self.pieces), Fraction(self.all_pieces)
        return int(self.paid * (gone + Fraction(pieces)) / whole) - int(self.paid * gone / whole)


def left_of_lines(item: Activity, back: Iterable[Refunded]) -> list[PaidLine]:
    """What is left of each line of the order after `back`, parts of what was paid for them, came back."""
    left = [
        PaidLine(line, paid, paid, line.units or 1) for line, paid in zip(item.lines, for_lines(item), strict=True)
    ]
    for one in back:
        left[one.position] = left[one.position].less(one)
    return left
