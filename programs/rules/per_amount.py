"""So many points for each so much money."""

from collections.abc import Sequence
from fractions import Fraction

from programs.configuration import Configuration
from programs.rules import base


class PerAmount(base.Kind):
    """Points in proportion to the money that may earn."""

    label = "Points per amount of money"
    activities = frozenset({"purchase"})

    class Params(base.Params):
        points = base.PointsField(initial=1, help_text="This many points…")
        per = base.MoneyField(initial=1, help_text="…for each so much of the base currency.")
        minimum = base.MoneyField(required=False, help_text="Nothing below this eligible amount.")

    def __init__(self, params: base.Cleaned) -> None:
        rate = Fraction(params["points"]) / Fraction(params["per"])
        # Apart, so that each number costs one division and not three.
        self.over, self.under = rate.numerator, rate.denominator
        self.minimum = Fraction(params.get("minimum") or 0)

    def points(
        self, basket: base.Basket, facts: base.Facts, configuration: Configuration
    ) -> Sequence[base.Exact] | None:
        if self.minimum and basket.eligible < self.minimum * basket.major:
            return None
        over, under = self.over, self.under * basket.major
        if configuration.rounds_per_line:
            return [Fraction(line.eligible * over, under) for line in basket.lines]
        return [Fraction(basket.eligible * over, under)]

    def why_not(self, basket: base.Basket, facts: base.Facts, configuration: Configuration) -> str:
        return f"the eligible amount is below the minimum of {base.plain(self.minimum)}"
