"""So many points for each unit bought; conditions say of which product or category."""

from fractions import Fraction

from programs.rules import base


class PerUnit(base.Kind):
    label = "Points per unit bought"

    class Params(base.Params):
        points = base.PointsField(initial=10, help_text="Points for each unit.")

    def __init__(self, params):
        self.rate = Fraction(params["points"])

    def listens(self, basket):
        return basket.kind == "purchase"

    def points(self, basket, facts, configuration):
        units = [line.quantity for line in basket.lines]
        if not sum(units):
            return None
        return [count * self.rate for count in units]

    def why_not(self, basket, facts, configuration):
        return "no unit of such a product was bought"
