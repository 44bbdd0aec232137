"""Points whenever so much has been bought: every five coffees, every ten purchases, every 500 euro."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil

from django import forms
from django.core.exceptions import ValidationError

from loyalty_site.lib import quantities
from loyalty_site.lib.json_types import ExactJson
from loyalty_site.lib.texts import listed
from programs.configuration import Configuration
from programs.progress import MONEY, PURCHASES, TIMES, UNITS, Reached, Shown
from programs.rules import base
from programs.rules.fields import BySegmentField, ByTierField
from programs.rules.rates import Rated, others
from programs.rules.units import Units, plain

_MOST_TIMES = 10**6


class TimesField(forms.IntegerField):
    """How often each member is rewarded at most."""

    def __init__(self) -> None:
        words = "How often each member gets the points at most; empty: again and again."
        super().__init__(required=False, min_value=1, max_value=_MOST_TIMES, help_text=words)


class Target(Rated, base.Kind):
    """What is counted adds up over all activities of a member; each time that it reaches the target points are given.

    What is left beyond a target goes on to the next one. Only what the conditions of the rule choose is counted.
    """

    label = "Cumulative target"

    class Params(base.Params):
        counts = forms.ChoiceField(
            choices=[(UNITS, "Units bought"), (PURCHASES, "Purchases"), (MONEY, "Money that may earn")],
            initial=UNITS,
            help_text="What adds up; changed later, it begins at nothing for everybody.",
        )
        every = base.MoneyField(initial=5, help_text="How many, or how much money, it takes each time.")
        points = base.PointsField(initial=50, help_text="Points each time that it is reached.")
        by_tier = ByTierField()
        by_segment = BySegmentField()
        times = TimesField()
        events = base.EventsField(
            required=False, initial="purchase", help_text="Which activities count, separated by commas."
        )

        def clean_every(self) -> Decimal:
            every: Decimal = self.cleaned_data["every"]
            if self.cleaned_data.get("counts") == PURCHASES and every % 1:
                raise ValidationError("Purchases are counted whole: write a whole number.")
            return every

    def __init__(self, params: base.Cleaned) -> None:
        self._count(params, str(params["counts"]), Fraction(params["every"]))
        self.activities = listed(params.get("events") or "purchase")

    def _count(self, params: base.Cleaned, measure: str, every: Fraction) -> None:
        super().__init__(params)
        self.measure, self.every = measure, every
        self.times: int | None = params.get("times")

    def points(
        self, basket: base.Basket, facts: base.Facts, configuration: Configuration
    ) -> Sequence[base.Exact] | None:
        before = self.reached(facts)
        rewards = self.advanced(basket, before).rewarded - before.rewarded
        return [self.rates.of(facts) * rewards] if rewards else None

    def why_not(self, basket: base.Basket, facts: base.Facts, configuration: Configuration) -> str:
        if not self._counted(basket):
            return f"it has none of the {self._of} that it counts"
        shown = self.shown(self.advanced(basket, self.reached(facts)), basket.local.date(), basket.major)
        if shown.to_go is None:
            return f"it was given {self.times} times, which is all"
        return said(shown)

    def advanced(self, basket: base.Basket, before: Reached) -> Reached:
        counted = self._counted(basket)
        if not counted:
            return before
        whole, needed = before.counted + counted, self._needed(basket.major)
        rewards = max(0, (whole - before.used) // needed)
        if self.times:
            rewards = min(rewards, max(0, self.times - before.rewarded))
        return before._replace(counted=whole, rewarded=before.rewarded + rewards, used=before.used + rewards * needed)

    def _counted(self, basket: base.Basket) -> int:
        """What the basket adds, in the smallest parts that are counted."""
        if self.measure == UNITS:
            return int(sum(line.quantity for line in basket.lines) * quantities.UNIT)
        if self.measure == MONEY:
            return int(basket.eligible)
        return int(is_left(basket))

    def _needed(self, major: int) -> int:
        """What one target takes, in the same parts."""
        return max(1, ceil(self.every * self._parts(major)))

    def _parts(self, major: int) -> int:
        return {UNITS: quantities.UNIT, MONEY: major}.get(self.measure, 1)

    @property
    def _of(self) -> str:
        return {UNITS: "units", MONEY: "money", TIMES: "times"}.get(self.measure, "purchases")

    def shown(self, reached: Reached, today: date, major: int) -> Shown:
        needed, parts = self._needed(major), self._parts(major)
        towards = reached.counted - reached.used
        to_go = None if self.times and reached.rewarded >= self.times else Fraction(max(0, needed - towards), parts)
        counted = min(needed, max(0, towards))
        return Shown(Fraction(counted, parts), Fraction(needed, parts), to_go, self._of)

    @classmethod
    def gives(cls, params: Mapping[str, ExactJson], units: Units) -> str:
        every, given = params["every"], f"{units.points(params['points'])}{others(params)}"
        what = {UNITS: f"{plain(every)} units", MONEY: units.amount(every)}
        said = what.get(str(params.get("counts")), f"{plain(every)} purchases")
        return f"{given} for every {said}{at_most(params)}"


def at_most(params: Mapping[str, ExactJson]) -> str:
    """How often a member gets the points of such a rule, as the end of its sentence."""
    times = params.get("times")
    return f", at most {'once' if str(times) == '1' else f'{times} times'} for each member" if times else ""


def is_left(basket: base.Basket) -> bool:
    """Whether anything is left of an activity: one that came back in all its lines has not been."""
    return not basket.lines or any(line.quantity or line.eligible for line in basket.lines)


def said(shown: Shown) -> str:
    """The progress in words: “3 of 5 units, 2 to go”."""
    counted, needed = base.plain(shown.counted), base.plain(shown.needed)
    to_go = "given as often as it can be" if shown.to_go is None else f"{base.plain(shown.to_go)} to go"
    return f"{counted} of {needed} {shown.of}, {to_go}"
