"""The same points for each visit, whatever was bought."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from loyalty_site.lib.json_types import ExactJson
from loyalty_site.lib.texts import listed
from programs.configuration import Configuration
from programs.rules import base
from programs.rules.fields import BySegmentField, ByTierField
from programs.rules.rates import Rated, others
from programs.rules.units import Units, activities

VISITS = "purchase, visit"
#: What is a visit, in words that tell the usual ones from those that are nothing else.
_SAID = {listed(VISITS): "visit", listed("visit"): "visit (but not purchase)"}


class PerVisit(Rated, base.Kind):
    """The points do not depend on the basket, but there may be a smallest one."""

    label = "Points per visit"

    class Params(base.Params):
        points = base.PointsField(initial=10, help_text="Points for the visit.")
        by_tier = ByTierField()
        by_segment = BySegmentField()
        minimum = base.MoneyField(required=False, help_text="Only when at least this eligible amount was spent.")
        counts = base.EventsField(
            required=False, initial=VISITS, help_text="Which activities are a visit, separated by commas."
        )

    def __init__(self, params: base.Cleaned) -> None:
        super().__init__(params)
        self.minimum = Fraction(params.get("minimum") or 0)
        self.activities = listed(params.get("counts") or VISITS)

    def points(
        self, basket: base.Basket, facts: base.Facts, configuration: Configuration
    ) -> Sequence[base.Exact] | None:
        if self.minimum and basket.eligible < self.minimum * basket.major:
            return None
        return [self.rates.of(facts)]

    def why_not(self, basket: base.Basket, facts: base.Facts, configuration: Configuration) -> str:
        return "less than the minimum was spent"

    @classmethod
    def gives(cls, params: Mapping[str, ExactJson], units: Units) -> str:
        counted = str(params.get("counts") or VISITS)
        what = _SAID.get(listed(counted)) or activities(counted)
        least = f" of at least {units.amount(params['minimum'])}" if params.get("minimum") else ""
        return f"{units.points(params['points'])} per {what}{least}{others(params)}"
