"""So many points for each unit bought; conditions say of which product or category."""

from collections.abc import Sequence
from fractions import Fraction

from programs.configuration import Configuration
from programs.rules import base


class PerUnit(base.Kind):
    """Points in proportion to the number of units."""

    label = "Points per unit bought"
    activities = frozenset({"purchase"})

    class Params(base.Params):
        points = base.PointsField(initial=10, help_text="Points for each unit.")

    def __init__(self, params: base.Cleaned) -> None:
        rate = Fraction(params["points"])
        self.over, self.under = rate.numerator, rate.denominator

    def points(
        self, basket: base.Basket, facts: base.Facts, configuration: Configuration
    ) -> Sequence[base.Exact] | None:
        units = [line.quantity for line in basket.lines]
        bought = sum(units)
        if not bought:
            return None
        counts = units if configuration.rounds_per_line else [bought]
        return [Fraction(count * self.over, self.under) for count in counts]

    def why_not(self, basket: base.Basket, facts: base.Facts, configuration: Configuration) -> str:
        return "no unit of such a product was bought"
