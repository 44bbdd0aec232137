"""Which members are so active, by the score that the program gives for recency, frequency and spend?"""

from django.db.models import OuterRef, Q

from members.models import ActivityScore
from members.segments.finding import number_of
from members.segments.ranges import between
from programs.scoring import FULL
from programs.segments.base import NOBODY, Condition, Scope, Surroundings
from programs.segments.fields import CountField, RangeForm
from programs.segments.registry import register
from programs.segments.wording import within


class ScoreParams(RangeForm):
    """So high a score."""

    at_least = CountField(largest=FULL, help_text="Of 100.")
    at_most = CountField(largest=FULL, help_text="Of 100.")


@register
class Activity(Condition):
    """Whose score lies there, as it was counted last; who has none has 0. A program without a score has nobody."""

    key, label, family, place, Params = "activity_score", "Activity score", "Purchases", 23, ScoreParams

    def say(self, around: Surroundings) -> str:
        return f"have an activity score of {within(self.params['at_least'], self.params['at_most'])}"

    def asked(self, scope: Scope) -> Q:
        if not scope.configuration.scoring.is_on:
            return NOBODY
        kept = ActivityScore.objects.filter(member=OuterRef("pk")).order_by().values("score")
        return between(number_of(kept), self.params["at_least"], self.params["at_most"])
