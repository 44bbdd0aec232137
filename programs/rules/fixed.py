"""The same points for each event of a kind: a review, a registration, a profile completed."""

from collections.abc import Mapping, Sequence

from loyalty_site.lib.json_types import ExactJson
from loyalty_site.lib.texts import listed
from programs.configuration import Configuration
from programs.rules import base
from programs.rules.fields import BySegmentField, ByTierField
from programs.rules.rates import Rated, others
from programs.rules.units import Units, activities


class Fixed(Rated, base.Kind):
    """The points do not depend on the basket."""

    label = "Fixed points per event"

    class Params(base.Params):
        points = base.PointsField(initial=50, help_text="Points for the event.")
        by_tier = ByTierField()
        by_segment = BySegmentField()
        events = base.EventsField(initial="review", help_text="Names of the activities, separated by commas.")

    def __init__(self, params: base.Cleaned) -> None:
        super().__init__(params)
        self.activities = listed(params["events"])

    def points(self, basket: base.Basket, facts: base.Facts, configuration: Configuration) -> Sequence[base.Exact]:
        return [self.rates.of(facts)]

    @classmethod
    def gives(cls, params: Mapping[str, ExactJson], units: Units) -> str:
        return f"{units.points(params['points'])} per {activities(params['events'])}{others(params)}"
