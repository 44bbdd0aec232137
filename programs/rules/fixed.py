"""The same points for each event of a kind: a review, a registration, a profile completed."""

from collections.abc import Sequence
from fractions import Fraction

from loyalty_site.lib.texts import listed
from programs.configuration import Configuration
from programs.rules import base


class Fixed(base.Kind):
    """The points do not depend on the basket."""

    label = "Fixed points per event"

    class Params(base.Params):
        points = base.PointsField(initial=50, help_text="Points for the event.")
        events = base.EventsField(initial="review", help_text="Names of the activities, separated by commas.")

    def __init__(self, params: base.Cleaned) -> None:
        self.given = [Fraction(params["points"])]
        self.activities = listed(params["events"])

    def points(self, basket: base.Basket, facts: base.Facts, configuration: Configuration) -> Sequence[base.Exact]:
        return self.given
