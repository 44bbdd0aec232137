"""So many points for each so much money."""

from fractions import Fraction

from programs.rules import base


class PerAmount(base.Kind):
    label = "Points per amount of money"

    class Params(base.Params):
        points = base.PointsField(initial=1, help_text="This many points…")
        per = base.MoneyField(initial=1, help_text="…for each so much of the base currency.")
        minimum = base.MoneyField(required=False, help_text="Nothing below this eligible amount.")

    def __init__(self, params):
        rate = Fraction(params["points"]) / Fraction(params["per"])
        # Apart, so that each line costs one division and not three.
        self.over, self.under = rate.numerator, rate.denominator
        self.minimum = Fraction(params.get("minimum") or 0)

    def listens(self, basket):
        return basket.kind == "purchase"

    def points(self, basket, facts, configuration):
        if self.minimum and basket.eligible < self.minimum * basket.major:
            return None
        under = self.under * basket.major
        return [Fraction(line.eligible * self.over, under) for line in basket.lines]

    def why_not(self, basket, facts, configuration):
        return f"the eligible amount is below the minimum of {base.plain(self.minimum)}"
