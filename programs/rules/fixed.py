"""The same points for each event of a kind: a review, a registration, a profile completed."""

from fractions import Fraction

from programs.rules import base


class Fixed(base.Kind):
    label = "Fixed points per event"

    class Params(base.Params):
        points = base.PointsField(initial=50, help_text="Points for the event.")
        events = base.EventsField(initial="review", help_text="Names of the activities, separated by commas.")

    def __init__(self, params):
        self.given = [Fraction(params["points"])]
        self.events = base.events(params["events"])

    def listens(self, basket):
        return basket.kind in self.events

    def points(self, basket, facts, configuration):
        return self.given
