"""What is left of an order's basket after parts of it came back? Exact, nothing rounded (semantics C14-R1)."""

from collections.abc import Iterable
from fractions import Fraction

from partners.activity import Activity
from programs.rules.base import Basket
from transactions.books.refunded import Share


def kept(basket: Basket, item: Activity, shares: Iterable[Share]) -> Basket:
    """The Basket that is left of the order `item` after `shares` came back."""
    shares, lines = list(shares), list(basket.lines)
    for share in shares:
        for back in share.lines:
            bought, line = item.lines[back.position], lines[back.position]
            part = Fraction(back.amount, bought.amount) if bought.amount else Fraction(0)
            full = basket.lines[back.position].eligible
            # Who tells only the money of a line means all of its pieces when it is all of the money.
            quantity = bought.quantity if part == 1 and not back.quantity else back.quantity
            lines[back.position] = line._replace(
                eligible=line.eligible - full * part, quantity=line.quantity - quantity
            )
    by_lines = sum(line.amount for share in shares for line in share.lines)
    by_amount = sum(share.amount for share in shares)
    rest = item.amount - by_lines
    scale = Fraction(rest - by_amount, rest) if rest else Fraction(0)
    left = tuple(line._replace(eligible=line.eligible * scale) for line in lines)
    return basket._replace(lines=left, eligible=sum(line.eligible for line in left), amount=rest - by_amount)
