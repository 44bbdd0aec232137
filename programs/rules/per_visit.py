"""The same points for each visit, whatever was bought."""

from fractions import Fraction

from django import forms

from programs.rules import base


class PerVisit(base.Kind):
    label = "Points per visit"

    class Params(base.Params):
        points = forms.DecimalField(
            min_value=0,
            max_value=10**6,
            max_digits=12,
            decimal_places=4,
            initial=10,
            help_text="Points for the visit.",
        )
        minimum = forms.DecimalField(
            required=False,
            min_value=0,
            max_value=10**9,
            max_digits=14,
            decimal_places=3,
            help_text="Only when at least this eligible amount was spent.",
        )
        counts = forms.CharField(
            required=False,
            max_length=200,
            initial="purchase, visit",
            help_text="Which activities are a visit, separated by commas.",
        )

    def __init__(self, params):
        self.given = Fraction(params["points"])
        self.minimum = Fraction(params.get("minimum") or 0)
        self.counts = base.events(params.get("counts") or "purchase, visit")

    def points(self, basket, facts, configuration):
        if basket.kind not in self.counts or basket.eligible < self.minimum * basket.major:
            return None
        return [self.given]

    def why_not(self, basket, facts, configuration):
        if basket.kind not in self.counts:
            return f"“{basket.kind}” does not count as a visit"
        return "less than the minimum was spent"
