"""Which tier does a member hold, since when, until when, and why?"""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from members.models.members import Member
from programs.models import Benefit, Tier, TierGroup


class StandingQuerySet(models.QuerySet["Standing"]):
    """Standings; most questions are about those of today."""

    def current(self) -> Self:
        """Those that are held now, one for each tier group."""
        return self.filter(is_current=True)

    def told(self) -> Self:
        """Those that nothing has replaced as if they had never been."""
        return self.filter(superseded_at=None)


class Standing(models.Model):
    """A dated row: the tier held in a group from one instant until another. The past stays; no tier is one, too.

    Every change is a row: what was kept is a new one with a later validity. `since_at` is when the tier was reached
    that was kept since, `from_at` when this row begins, `recorded_at` when we knew. `valid_until` is the first
    instant at which its validity has ended, None for life; `until_at` when the row really ended, None while it is
    current. `superseded_at` is when we knew that it should not have been: it counts only for what was known before.

    What time does to it, it does at `due_at`: the end of its validity, of grace, of a lock, or of a cycle. A row that
    `waits_from` an instant would be lowered to `proposed`, once somebody agrees.
    """

    class Reason(models.TextChoices):
        ENROLMENT = "enrolment", "Enrolment"
        ACTIVITY = "activity", "Reached by activity"
        RENEWAL = "renewal", "Renewed"
        DOWNGRADE = "downgrade", "Not kept"
        ASSESSED = "assessed", "Assessed again"
        REVERSAL = "reversal", "Reversal"
        MANUAL = "manual", "Set by staff"
        IMPORT = "import", "Brought from another system"
        MERGE = "merge", "Merge"
        SEGMENT = "segment", "Follows a segment"

    member = models.ForeignKey(Member, models.PROTECT, related_name="standings")
    group = models.ForeignKey(TierGroup, models.PROTECT, related_name="standings", db_index=False)
    tier = models.ForeignKey(Tier, models.PROTECT, null=True, related_name="standings")
    since_at = models.DateTimeField()
    from_at = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    until_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    locked_until = models.DateTimeField(null=True, blank=True)
    waits_from = models.DateTimeField(null=True, blank=True)
    proposed = models.ForeignKey(
        Tier, models.PROTECT, null=True, blank=True, related_name="proposed_standings", db_index=False
    )
    reason = models.CharField(max_length=12, choices=Reason)
    note = models.CharField(max_length=200, blank=True)
    counted = models.JSONField(
        default=dict, blank=True, help_text="Qualifying points that decided, by the code of the currency."
    )
    cycle = models.DateField(null=True, blank=True, help_text="The first day of the window that decided.")
    caused_by = models.BigIntegerField(
        null=True, blank=True, editable=False, help_text="The key of the transaction that reached or set it."
    )
    is_current = models.BooleanField(default=True)
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)
    superseded_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = StandingQuerySet.as_manager()

    class Meta:
        ordering = ["-from_at", "-pk"]
        indexes = [
            models.Index(fields=["due_at"], name="standings_by_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["group", "waits_from"], name="standings_waiting", condition=~Q(waits_from=None)),
            models.Index(
                fields=["group", "valid_until"],
                name="standings_by_end",
                condition=Q(is_current=True, valid_until__isnull=False),
            ),
        ]
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
            models.CheckConstraint(
                condition=Q(is_current=False) | Q(until_at=None, superseded_at=None),
                name="standing_is_current_or_over",
            ),
            models.CheckConstraint(
                condition=Q(is_current=True) | Q(due_at=None, waits_from=None),
                name="standing_that_is_over_is_not_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier or 'No tier'} since {self.from_at:%Y-%m-%d}"


class MemberBenefit(models.Model):
    """A benefit that a member has by a tier: assigned with the standing, withdrawn with its end."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="benefits")
    benefit = models.ForeignKey(Benefit, models.PROTECT, related_name="assignments")
    group = models.ForeignKey(TierGroup, models.PROTECT, related_name="+", db_index=False)
    assigned_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["member_id", "benefit_id", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "benefit"], condition=Q(withdrawn_at=None), name="benefit_assigned_once_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(withdrawn_at__gte=F("assigned_at")),
                name="benefit_withdrawn_after_it_was_assigned",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.benefit} since {self.assigned_at:%Y-%m-%d}"
