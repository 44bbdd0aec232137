"""Which manual postings wait for a second person?"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from members.models import Member
from partners.models import Connection
from programs.models import Currency, Program
from transactions.models.journals import Journal


class Approval(models.Model):
    """A credit or debit that was above somebody's limit; posted only after another person agreed.

    `payload` is the Adjustment as it was asked for; it becomes the journal of `connection` and
    `external_id`. Only transactions/reviews/approvals.py makes and decides these rows.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"

    program = models.ForeignKey(Program, models.PROTECT, related_name="approvals")
    member = models.ForeignKey(Member, models.PROTECT, related_name="approvals")
    currency = models.ForeignKey(Currency, models.PROTECT, related_name="+")
    points = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="+", db_index=False)
    external_id = models.CharField(max_length=128)
    payload = models.JSONField(default=dict, editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    journal = models.OneToOneField(Journal, models.PROTECT, null=True, blank=True, related_name="approval")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "connection", "external_id"],
                name="one_approval_per_fact",
                violation_error_message="This posting is already requested.",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("requested_by")),
                name="nobody_approves_themselves",
                violation_error_message="Somebody else has to decide.",
            ),
            models.CheckConstraint(
                condition=Q(status="waiting", decided_by=None) | (~Q(status="waiting") & Q(decided_by__isnull=False)),
                name="a_decision_has_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.points:+d} for {self.member}"
