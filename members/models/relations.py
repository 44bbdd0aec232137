"""Who acts for a company, who shares a pool, and which memberships became one?"""

from typing import Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q, Sum
from django.utils import timezone

from members.models.customers import Customer
from members.models.members import Member


class RelationQuerySet(models.QuerySet["Relation"]):
    """Relations; most questions are about those that have not ended."""

    def live(self) -> Self:
        """Those that have not ended."""
        return self.filter(left_at=None)


class Relation(models.Model):
    """A member belongs to a group: a person to a company account, or to a household's pool.

    `percent` of what the member earns goes to the group (semantics C19).
    """

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        BUYER = "buyer", "Buyer"
        APPROVER = "approver", "Approver"
        VIEWER = "viewer", "Viewer"
        CONTRIBUTOR = "contributor", "Contributor"

    class Liability(models.TextChoices):
        POOL = "pool", "The group alone"
        CONTRIBUTOR = "contributor", "The member, for what the group has spent"

    member = models.ForeignKey(Member, models.PROTECT, related_name="relations")
    group = models.ForeignKey(Member, models.PROTECT, related_name="people")
    role = models.CharField(max_length=12, choices=Role, default=Role.CONTRIBUTOR)
    percent = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(100)],
        help_text="Share of what the member earns that goes to the group.",
    )
    may_redeem = models.BooleanField(default=False, help_text="The member may spend the group's points.")
    daily_limit = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="How many of the group's points the member may spend a day; empty: no limit."
    )
    needs_approval = models.BooleanField(default=False, help_text="The owner approves each redemption.")
    liability = models.CharField(
        max_length=12,
        choices=Liability,
        default=Liability.POOL,
        help_text="Who owes the group's part of a refunded purchase.",
    )
    spent = models.BigIntegerField(default=0, editable=False)
    spent_on = models.DateField(null=True, blank=True, editable=False)
    joined_at = models.DateTimeField(default=timezone.now)
    left_at = models.DateTimeField(null=True, blank=True)

    objects = RelationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "group"],
                condition=Q(left_at=None),
                name="one_live_relation_each",
                violation_error_message="The member already belongs to this group.",
            ),
            models.CheckConstraint(
                condition=~Q(member=F("group")),
                name="nobody_belongs_to_themselves",
                violation_error_message="A member cannot belong to itself.",
            ),
            models.CheckConstraint(condition=Q(percent__lte=100), name="share_within_hundred"),
            models.CheckConstraint(condition=Q(spent__gte=0), name="relation_spent_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.member} in {self.group}"

    def clean(self) -> None:
        if self.member_id is None or self.group_id is None or self.percent is None:
            return
        if self.member.program_id != self.group.program_id:
            raise ValidationError({"group": "The group is in another program."})
        if self.group.customer.kind == Customer.Kind.PERSON:
            raise ValidationError({"group": "A person is no group: name a household or a company."})
        if not self.left_at and {self.member.status, self.group.status} != {Member.Status.ACTIVE}:
            raise ValidationError({"group": "Both must be active members."})
        others = Relation.objects.live().filter(member=self.member).exclude(pk=self.pk)
        given = others.aggregate(sum=Sum("percent"))["sum"] or 0
        if not self.left_at and given + self.percent > 100:
            detail = f"The member gives {given} % to other groups: at most {100 - given} % are left."
            raise ValidationError({"percent": detail})


class Merge(models.Model):
    """Two memberships of one program became one; `record` holds what undoing it needs (semantics C21)."""

    source = models.ForeignKey(Member, models.PROTECT, related_name="merged_away")
    target = models.ForeignKey(Member, models.PROTECT, related_name="merges")
    reason = models.CharField(max_length=200)
    record = models.JSONField(default=dict)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    merged_at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["source"], condition=Q(undone_at=None), name="merged_away_once"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="merge_joins_two"),
        ]

    def __str__(self) -> str:
        return f"{self.source} into {self.target}"
