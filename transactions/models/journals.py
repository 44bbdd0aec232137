"""What was reported to us, and what became of it?"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from members.models import Member
from partners.models import Connection, Product, Store
from programs.models import Program
from transactions.models.immutability import LedgerRow


class Journal(LedgerRow):
    """The business event as received: a purchase, a redemption, a reversal.

    (program, connection, kind, external_id) is the fact's own name: told twice, it counts once.
    Money is in minor units of `money`. `trace` says how the rules came to their numbers, `answer` is
    what the sender was told, and is told again when the fact is repeated.
    """

    class Kind(models.TextChoices):
        ACCRUAL = "accrual", "Accrual"
        REDEMPTION = "redemption", "Redemption"
        REVERSAL = "reversal", "Reversal"

    class Status(models.TextChoices):
        PROCESSED = "processed", "Processed"
        REVERSED = "reversed", "Reversed"

    program = models.ForeignKey(Program, models.PROTECT, related_name="journals", db_index=False)
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="journals", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind)
    activity = models.CharField(
        max_length=40, blank=True, help_text="Finer kind: purchase, visit, or the name of an event."
    )
    external_id = models.CharField(max_length=128)
    member = models.ForeignKey(Member, models.PROTECT, related_name="journals", db_index=False)
    status = models.CharField(max_length=12, choices=Status, default=Status.PROCESSED)
    activity_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)
    processed_at = models.DateTimeField(default=timezone.now)
    amount = models.BigIntegerField(default=0)
    money = models.CharField(max_length=3, blank=True)
    channel = models.CharField(max_length=20, blank=True)
    store = models.ForeignKey(Store, models.PROTECT, null=True, blank=True, related_name="journals", db_index=False)
    code = models.CharField(max_length=64, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    reverses = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="reversals", db_index=False
    )
    reason = models.CharField(max_length=200, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="journals",
        db_index=False,
        help_text="The member of staff who entered it.",
    )
    fingerprint = models.CharField(max_length=64, editable=False)
    program_version = models.PositiveBigIntegerField(editable=False)
    trace = models.JSONField(default=dict, editable=False)
    answer = models.JSONField(default=dict, editable=False)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "connection", "kind", "external_id"],
                name="one_journal_per_fact",
                violation_error_message="This transaction is already recorded.",
            ),
            models.UniqueConstraint(
                fields=["reverses"],
                condition=Q(reverses__isnull=False),
                name="journal_reversed_once",
                violation_error_message="This transaction is already reversed.",
            ),
            models.CheckConstraint(condition=~Q(external_id=""), name="journal_has_an_external_id"),
            models.CheckConstraint(
                condition=Q(kind="reversal", reverses__isnull=False)
                | (~Q(kind="reversal") & Q(reverses__isnull=True)),
                name="only_a_reversal_reverses",
            ),
        ]
        indexes = [models.Index(fields=["member", "-id"], name="journal_of_member")]

    def __str__(self):
        return f"{self.get_kind_display()} {self.external_id}"


class JournalLine(LedgerRow):
    """One line of a purchase as it was reported; `amount` includes `tax`, both in minor units."""

    journal = models.ForeignKey(Journal, models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    sku = models.CharField("SKU", max_length=64, blank=True)
    category = models.CharField(max_length=64, blank=True)
    quantity = models.PositiveIntegerField(default=1)
    amount = models.BigIntegerField(default=0)
    tax = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["journal_id", "position"]

    def __str__(self):
        return f"{self.quantity} x {self.sku or self.category}"
