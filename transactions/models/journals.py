"""What was reported to us, and what became of it?"""

from collections.abc import Iterable
from datetime import datetime
from typing import Self, TypedDict, Unpack

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from loyalty_site.lib import quantities
from loyalty_site.lib.refusals import Refused
from members.models import Member
from partners.models import Connection, Product, Store
from programs.models import Program
from transactions.models.immutability import LedgerQuerySet, LedgerRow
from transactions.models.transitions import check


class NotOpen(Refused):
    """The journal is decided already, or there is none."""

    code = "not_open"


class Decider(TypedDict, total=False):
    """The columns that say who decided an open journal, and when."""

    decided_by_id: int | None
    decided_by_member_id: int | None
    decided_at: datetime | None


def decision(user: AbstractBaseUser | None = None, member: Member | None = None, *, now: datetime) -> Decider:
    """The columns that say who decided an open journal: nobody where only time, or another system, did."""
    return {
        "decided_by_id": user.pk if user else None,
        "decided_by_member_id": member.pk if member else None,
        "decided_at": now if user or member else None,
    }


class JournalQuerySet(LedgerQuerySet["Journal"]):
    """Journals, of which the open ones are still to be decided."""

    def to_decide(self, journal_id: int, states: Iterable[str]) -> "Journal":
        """The journal, locked until commit, which is in one of `states`. Raises NotOpen."""
        rows = self.select_for_update(of=["self"], no_key=True).select_related("connection__partner")
        journal = rows.filter(pk=journal_id).first()
        if journal is None:
            raise NotOpen("There is no such transaction.", field="transaction")
        if journal.status not in states:
            raise NotOpen(f"The transaction is {journal.get_status_display().lower()}.", field="transaction")
        return journal

    def reserving(self, now: datetime) -> Self:
        """Reservations that are open at `now`; one that has run out is over, also before that is booked."""
        return self.filter(kind=Journal.Kind.REDEMPTION, status=Journal.Status.PENDING).exclude(due_at__lte=now)

    def shut(self, states: Iterable[str], *, status: str, why: str, now: datetime, **decider: Unpack[Decider]) -> int:
        """Give those of these that are in one of `states` the outcome `status`; returns how many.

        `decider` are the columns of `decision`.
        """
        states = list(states)
        for state in states:
            check(state, status)
        answer = {"status": status, "detail": why}
        rows = self.filter(status__in=states)
        return rows.put(status=status, error=why[:300], processed_at=now, answer=answer, **decider)


class Journal(LedgerRow):
    """The business event as received: a purchase, a redemption, a reversal.

    (program, connection, kind, external_id) is the fact's own name: reported twice, it counts once.
    Money is in minor units of `money`. `trace` says how the rules came to their numbers, `answer` is
    what the sender was answered, and is answered again when the fact is repeated.
    """

    class Kind(models.TextChoices):
        ACCRUAL = "accrual", "Accrual"
        REDEMPTION = "redemption", "Redemption"
        REVERSAL = "reversal", "Reversal"
        ADJUSTMENT = "adjustment", "Adjustment"
        TRANSFER = "transfer", "Transfer"
        MERGE = "merge", "Merge"
        OPENING = "opening", "Opening balance"
        TIER = "tier", "Tier that was set"
        SETTLEMENT = "settlement", "Settlement (releases and expiries of a day)"

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        PROCESSED = "processed", "Processed"
        FAILED = "failed", "Failed"
        HELD = "held", "Held for review"
        PARTIALLY_REVERSED = "partially_reversed", "Partially reversed"
        REVERSED = "reversed", "Reversed"
        REJECTED = "rejected", "Rejected"

    program = models.ForeignKey(Program, models.PROTECT, related_name="journals", db_index=False, db_constraint=False)
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="journals", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind)
    activity = models.CharField(
        max_length=40, blank=True, help_text="Finer kind: purchase, visit, or the name of an event."
    )
    external_id = models.CharField(max_length=128)
    member = models.ForeignKey(
        Member,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="journals",
        db_index=False,
        db_constraint=False,
        help_text="Empty while it is not known yet, and for what time did to many members.",
    )
    status = models.CharField(max_length=20, choices=Status, default=Status.PROCESSED)
    activity_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)
    processed_at = models.DateTimeField(default=timezone.now)
    amount = models.BigIntegerField(default=0)
    money = models.CharField(max_length=3, blank=True)
    base_amount = models.BigIntegerField(
        default=0, help_text="The amount in the program's base currency; foreign money is converted once."
    )
    rate = models.DecimalField(max_digits=18, decimal_places=9, null=True, blank=True)
    rate_on = models.DateField(null=True, blank=True)
    reversed_amount = models.BigIntegerField(
        default=0, help_text="How much of the amount was refunded; of a redemption, how many points came back."
    )
    order_ref = models.CharField(
        max_length=128, blank=True, help_text="The external id of the order that this belongs to."
    )
    channel = models.CharField(max_length=20, blank=True)
    store = models.ForeignKey(Store, models.PROTECT, null=True, blank=True, related_name="journals", db_index=False)
    code = models.CharField(max_length=64, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    reverses = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="reversals", db_index=False
    )
    reason = models.CharField(max_length=200, blank=True)
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="Until when a pending transaction waits; then it is rejected."
    )
    error = models.CharField(max_length=300, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="journals",
        db_index=False,
        help_text="The member of staff who entered it.",
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="The member of staff who approved, rejected or retried what was open.",
    )
    decided_by_member = models.ForeignKey(
        Member,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="The owner or approver of the group whose points it spends, who said so.",
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    fingerprint = models.CharField(max_length=64, editable=False)
    program_version = models.PositiveBigIntegerField(editable=False)
    payload = models.JSONField(default=dict, editable=False)
    trace = models.JSONField(default=dict, editable=False)
    answer = models.JSONField(default=dict, editable=False)

    # The checker takes the one of the abstract base for a class variable.
    objects = JournalQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["-pk"]
        permissions = [("set_tier", "Can set the tier of a member")]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "connection", "kind", "external_id"],
                name="one_journal_per_fact",
                violation_error_message="This transaction is already recorded.",
            ),
            models.CheckConstraint(
                condition=~Q(kind="accrual") | Q(reversed_amount__lte=F("amount")),
                name="refunded_within_amount",
                violation_error_message="More than the order cannot be refunded.",
            ),
            models.CheckConstraint(condition=Q(reversed_amount__gte=0), name="reversed_amount_not_negative"),
            models.CheckConstraint(condition=~Q(external_id=""), name="journal_has_an_external_id"),
            models.CheckConstraint(
                condition=Q(kind="reversal", reverses__isnull=False)
                | Q(kind="reversal", status__in=["pending", "failed", "rejected"])
                | (~Q(kind="reversal") & Q(reverses__isnull=True)),
                name="only_a_reversal_reverses",
            ),
            models.CheckConstraint(
                condition=Q(member__isnull=False)
                | Q(kind="settlement")
                | Q(status__in=["pending", "failed", "held", "rejected"]),
                name="what_is_booked_has_a_member",
            ),
            models.CheckConstraint(
                condition=Q(decided_at=None, decided_by=None, decided_by_member=None)
                | (Q(decided_at__isnull=False) & (Q(decided_by__isnull=False) | Q(decided_by_member__isnull=False))),
                name="what_is_decided_has_a_decider",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-id"], name="journal_of_member"),
            # What a member did before, of one kind of activity, by when it happened.
            models.Index(
                fields=["member", "activity", "activity_at"],
                name="activities_of_member",
                # Whose member is asked for; what else asks for accruals must not take it for an index of few.
                condition=Q(kind="accrual", member__isnull=False),
            ),
            models.Index(fields=["reverses"], name="reversals_of_journal", condition=Q(reverses__isnull=False)),
            models.Index(
                fields=["program", "order_ref", "connection"], name="journals_of_order", condition=~Q(order_ref="")
            ),
            models.Index(fields=["user", "received_at"], name="adjustments_of_user", condition=Q(kind="adjustment")),
            models.Index(
                fields=["status", "due_at"],
                name="open_journals",
                condition=Q(status__in=["pending", "failed", "held"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.external_id}"


class JournalLine(LedgerRow):
    """One line of a purchase as it was reported, in minor units: `amount` includes `tax`, and a `discount` that was
    not paid. What was paid for it in the end tells partners/paid.py.

    It is about `quantity` whole units, and `thousandths` of a further one where it was weighed.
    """

    journal = models.ForeignKey(Journal, models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    sku = models.CharField("SKU", max_length=64, blank=True)
    category = models.CharField(max_length=64, blank=True)
    quantity = models.PositiveIntegerField(default=1)
    amount = models.BigIntegerField(default=0)
    tax = models.BigIntegerField(default=0)
    thousandths = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Of a further unit, of what was weighed: 1.35 kg are 1 unit and 350."
    )
    discount = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        ordering = ["journal_id", "position"]

    @property
    def in_thousandths(self) -> int:
        """The whole quantity in thousandths of a unit."""
        return self.quantity * quantities.UNIT + self.thousandths

    def __str__(self) -> str:
        return f"{quantities.text(self.in_thousandths)} x {self.sku or self.category}"
