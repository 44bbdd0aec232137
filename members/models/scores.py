"""How active is a member, as it was counted last?"""

from django.db import models

from members.models.members import Member


class ActivityScore(models.Model):
    """The score of a member and its three parts, from 0 to 100 each (programs/scoring.py); who has none has no row.

    Written by members/scores.py only, for ranges of members.
    """

    member = models.OneToOneField(Member, models.PROTECT, primary_key=True, related_name="activity_score")
    score = models.PositiveSmallIntegerField()
    recency = models.PositiveSmallIntegerField()
    frequency = models.PositiveSmallIntegerField()
    spend = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return f"{self.score} of {self.member}"
