"""What money of an activity may earn, and which of its lines has which part of it? (semantics C2)

Tax, shipping, gift cards and value paid with points earn as the program says. What is in two parts of the amount,
the tax on shipping, is taken off once. What was paid by other means comes off all money that may earn alike: off the
goods, and off shipping where that earns; where it does not, the goods bear all of it.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from partners import paid
from partners.activity import Activity
from programs.configuration import Configuration
from programs.rules.base import BasketLine, Exact


class Eligible(NamedTuple):
    """The money that may earn, in minor units, never negative: `all` of it, and what of that is for `shipping`.

    `goods` is what may earn of the rest of the order however it was paid, of which `borne` is what was not paid by
    means that do not earn.
    """

    all: int
    shipping: Exact
    goods: int
    borne: Exact

    def lines(
        self,
        activity: Activity,
        configuration: Configuration,
        category_of: Mapping[str, str],
        lists_of: Mapping[str, Sequence[str]],
    ) -> tuple[BasketLine, ...]:
        """The activity's lines with their shares, and one for what stands in none; together exactly `all`."""
        if not activity.lines:
            # Without lines nobody knows what a discount that is in the amount already took off.
            price = max(0, activity.paid - activity.shipping) if configuration.gives_discounts else 0
            return (_rest(self.all, price),) if self.all or price else ()
        shares: list[Exact] = [
            line.price - (0 if configuration.earns_on_tax else line.tax) for line in activity.lines
        ]
        borne, listed = self.borne, sum(shares)
        if paid.is_spread(int(listed), self.goods, len(shares)):
            borne = Fraction(borne * self.goods, listed)
        if borne != 1:
            shares = [share * borne for share in shares]
        lines = [
            BasketLine(
                line.sku,
                line.category or category_of.get(line.sku, ""),
                line.units,
                share,
                line.labels,
                line.attributes,
                lists_of.get(line.sku, ()),
                line.amount,
            )
            for line, share in zip(activity.lines, shares, strict=True)
        ]
        if rest := self.all - sum(shares):
            lines.append(_rest(rest))
        return tuple(lines)


def money_of(activity: Activity, configuration: Configuration) -> Eligible:
    """The Eligible money of an activity."""
    tax_of_shipping = 0 if configuration.earns_on_tax else paid.shipping_tax(activity)
    tax_of_goods = 0 if configuration.earns_on_tax else activity.tax - tax_of_shipping
    goods = max(0, activity.paid - activity.shipping - tax_of_goods)
    shipping = activity.shipping - tax_of_shipping if configuration.earns_on_shipping else 0
    otherwise = 0 if configuration.earns_on_points else activity.points_value
    otherwise += 0 if configuration.earns_on_gift_cards else activity.gift_card
    whole = goods + shipping
    left = max(0, whole - otherwise)
    borne: Exact = Fraction(left, whole) if left < whole else 1
    return Eligible(left, shipping * borne, goods, borne)


def _rest(share: Exact, listed: int = 0) -> BasketLine:
    """The line of the money that stands in no line; of it nothing is `listed` where there are lines."""
    return BasketLine(sku="", category="", quantity=0, eligible=share, listed=listed)
