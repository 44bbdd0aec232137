"""Which tier does a member hold, since when, and why?"""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from members.models.members import Member
from programs.models import Tier, TierGroup


class StandingQuerySet(models.QuerySet["Standing"]):
    """Standings; most questions are about those of today."""

    def current(self) -> Self:
        """Those that are held now, one for each tier group."""
        return self.filter(is_current=True)


class Standing(models.Model):
    """A dated row: the tier held in a group from one instant until another. The past stays.

    `from_at` is when it was reached, `recorded_at` when we knew. `until_at` is when it ended; of the current one, the
    end until which it was promised at least, None where nothing was promised.
    """

    class Reason(models.TextChoices):
        ENROLMENT = "enrolment", "Enrolment"
        ACTIVITY = "activity", "Reached by activity"
        REVERSAL = "reversal", "Reversal"
        MANUAL = "manual", "Set by staff"
        IMPORT = "import", "Brought from another system"

    member = models.ForeignKey(Member, models.PROTECT, related_name="standings")
    group = models.ForeignKey(TierGroup, models.PROTECT, related_name="standings", db_index=False)
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="standings")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=12, choices=Reason)
    note = models.CharField(max_length=200, blank=True)
    is_current = models.BooleanField(default=True)
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = StandingQuerySet.as_manager()

    class Meta:
        ordering = ["-from_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "group"],
                condition=Q(is_current=True),
                name="one_current_tier_per_group",
            ),
            models.CheckConstraint(
                condition=Q(until_at=None) | Q(until_at__gte=F("from_at")),
                name="standing_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier} since {self.from_at:%Y-%m-%d}"
