"""The same points for each visit, whatever was bought."""

from fractions import Fraction

from programs.rules import base

VISITS = "purchase, visit"


class PerVisit(base.Kind):
    label = "Points per visit"

    class Params(base.Params):
        points = base.PointsField(initial=10, help_text="Points for the visit.")
        minimum = base.MoneyField(required=False, help_text="Only when at least this eligible amount was spent.")
        counts = base.EventsField(
            required=False, initial=VISITS, help_text="Which activities are a visit, separated by commas."
        )

    def __init__(self, params):
        self.given = [Fraction(params["points"])]
        self.minimum = Fraction(params.get("minimum") or 0)
        self.counts = base.events(params.get("counts") or VISITS)

    def listens(self, basket):
        return basket.kind in self.counts

    def points(self, basket, facts, configuration):
        if self.minimum and basket.eligible < self.minimum * basket.major:
            return None
        return self.given

    def why_not(self, basket, facts, configuration):
        return "less than the minimum was spent"
