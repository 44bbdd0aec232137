"""Which re-evaluations of a ladder, that may lower members, wait for a second person?"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from programs.models import TierGroup
from transactions.models.nights import NightRun


class Reevaluation(models.Model):
    """Somebody asks that members are moved up and down by the thresholds of today; somebody else has to agree.

    `version` is the one of the program whose thresholds were seen, `expected` how many members would have moved
    then, by "raised", "renewed" and "lowered". `job` does it. Only transactions/policies/requests.py makes and
    decides these rows.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"

    group = models.ForeignKey(TierGroup, models.PROTECT, related_name="reevaluations")
    version = models.PositiveBigIntegerField()
    reason = models.CharField(max_length=200)
    expected = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    job = models.OneToOneField(NightRun, models.PROTECT, null=True, blank=True, related_name="reevaluation")

    class Meta:
        ordering = ["-pk"]
        verbose_name = "re-evaluation"
        constraints = [
            models.UniqueConstraint(
                fields=["group"],
                condition=Q(status="waiting"),
                name="one_waiting_reevaluation_each_ladder",
                violation_error_message="A re-evaluation of this ladder waits already.",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["approved", "rejected"]) | ~Q(decided_by=F("requested_by")),
                name="nobody_agrees_to_their_own_reevaluation",
                violation_error_message="Somebody else has to decide.",
            ),
            models.CheckConstraint(
                condition=Q(status="waiting", decided_by=None) | (~Q(status="waiting") & Q(decided_by__isnull=False)),
                name="a_decided_reevaluation_has_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.reason}"
