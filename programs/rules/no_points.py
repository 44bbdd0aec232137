"""No points for an event, but whoever reports it is active."""

from collections.abc import Mapping, Sequence

from loyalty_site.lib.json_types import ExactJson
from loyalty_site.lib.texts import listed
from programs.configuration import Configuration
from programs.rules import base
from programs.rules.units import Units, activities


class NoPoints(base.Kind):
    """Keeps the balance of the rule's currency alive where points end by inactivity, whatever else counts there."""

    label = "No points, counts as activity"
    phase = "activity"

    class Params(base.Params):
        events = base.EventsField(initial="registration", help_text="Names of the activities, separated by commas.")

    def __init__(self, params: base.Cleaned) -> None:
        self.activities = listed(params["events"])

    def points(self, basket: base.Basket, facts: base.Facts, configuration: Configuration) -> Sequence[base.Exact]:
        return [0]

    @classmethod
    def gives(cls, params: Mapping[str, ExactJson], units: Units) -> str:
        return f"no {units.plural} per {activities(params['events'])}, which counts as activity"
