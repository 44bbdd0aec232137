"""So many points for each so much money."""

from fractions import Fraction

from django import forms

from programs.rules import base


class PerAmount(base.Kind):
    label = "Points per amount of money"

    class Params(base.Params):
        points = forms.DecimalField(
            min_value=0,
            max_value=10**6,
            max_digits=12,
            decimal_places=4,
            initial=1,
            help_text="This many points…",
        )
        per = forms.DecimalField(
            min_value=0.001,
            max_value=10**9,
            max_digits=14,
            decimal_places=3,
            initial=1,
            help_text="…for each so much of the base currency.",
        )
        minimum = forms.DecimalField(
            required=False,
            min_value=0,
            max_value=10**9,
            max_digits=14,
            decimal_places=3,
            help_text="Nothing below this eligible amount.",
        )

    def __init__(self, params):
        self.rate = Fraction(params["points"]) / Fraction(params["per"])
        self.minimum = Fraction(params.get("minimum") or 0)

    def points(self, basket, facts, configuration):
        money = [line.eligible / basket.major for line in basket.lines]
        if basket.kind != "purchase" or sum(money) < self.minimum:
            return None
        return [part * self.rate for part in money]

    def why_not(self, basket, facts, configuration):
        if basket.kind != "purchase":
            return "it is not a purchase"
        return f"the eligible amount is below the minimum of {plain(self.minimum)}"


def plain(number):
    """A Fraction as people write it."""
    whole, rest = divmod(number, 1)
    return str(whole) if not rest else f"{whole}.{str(int(rest * 1000)).zfill(3).rstrip('0')}"
