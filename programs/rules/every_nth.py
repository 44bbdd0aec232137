"""Points for each n-th time: the tenth visit, every fifth purchase."""

from collections.abc import Mapping
from fractions import Fraction

from django import forms

from loyalty_site.lib.json_types import ExactJson
from loyalty_site.lib.texts import listed
from programs.progress import TIMES
from programs.rules import base
from programs.rules.conditions.base import ordinal
from programs.rules.fields import BySegmentField, ByTierField
from programs.rules.per_visit import VISITS
from programs.rules.rates import others
from programs.rules.target import Target, TimesField, at_most
from programs.rules.units import Units, activities

_MOST = 1_000


class EveryNth(Target):
    """A target that counts activities, whatever was bought and however much."""

    label = "Every n-th time"

    class Params(base.Params):
        every = forms.IntegerField(
            min_value=2, max_value=_MOST, initial=10, help_text="10: the tenth time, the twentieth and so on."
        )
        points = base.PointsField(initial=50, help_text="Points for the n-th time.")
        by_tier = ByTierField()
        by_segment = BySegmentField()
        times = TimesField()
        events = base.EventsField(
            required=False, initial=VISITS, help_text="Which activities count, separated by commas."
        )

    def __init__(self, params: base.Cleaned) -> None:
        self._count(params, TIMES, Fraction(params["every"]))
        self.activities = listed(params.get("events") or VISITS)

    @classmethod
    def gives(cls, params: Mapping[str, ExactJson], units: Units) -> str:
        what = activities(params.get("events") or VISITS)
        given, every = f"{units.points(params['points'])}{others(params)}", ordinal(int(str(params["every"])))
        return f"{given} for every {every} {what}{at_most(params)}"
