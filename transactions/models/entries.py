"""Which points moved, in which lots do they live, and which debit used which lot?"""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from members.models import Member
from programs.models import Currency
from transactions.models.immutability import LedgerRow
from transactions.models.journals import Journal


class Entry(LedgerRow):
    """One line of the ledger: `points` (signed, smallest unit) moved one balance.

    `points` is what a statement shows; `available`, `pending`, `reserved` and `arrears` are what the
    entry added to each part of the balance, so that every part is the sum of its column.

    `sequence` numbers the entries of a member without a gap and `chain` is a hash over this entry and
    the one before it, so that a changed, removed or inserted row shows.
    """

    class Kind(models.TextChoices):
        CREDIT = "credit", "Credit"
        DEBIT = "debit", "Debit"
        EXPIRY = "expiry", "Expiry"
        RELEASE = "release", "Release of pending points"
        RESERVE = "reserve", "Reservation"
        CONFIRM = "confirm", "Reservation confirmed"
        UNRESERVE = "unreserve", "Reservation released"
        TRANSFER_OUT = "transfer_out", "Transfer out"
        TRANSFER_IN = "transfer_in", "Transfer in"
        REVERSAL_CREDIT = "reversal_credit", "Reversal (points given back)"
        REVERSAL_DEBIT = "reversal_debit", "Reversal (points taken back)"
        WRITE_OFF = "write_off", "Write-off"
        OPENING = "opening", "Opening balance"

    journal = models.ForeignKey(Journal, models.PROTECT, related_name="entries")
    member = models.ForeignKey(Member, models.PROTECT, related_name="entries", db_index=False, db_constraint=False)
    currency = models.ForeignKey(
        Currency, models.PROTECT, related_name="entries", db_index=False, db_constraint=False
    )
    kind = models.CharField(max_length=16, choices=Kind)
    points = models.BigIntegerField()
    available = models.BigIntegerField(default=0)
    pending = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)
    arrears = models.BigIntegerField(default=0)
    balance_after = models.BigIntegerField()
    activity_at = models.DateTimeField()
    posted_at = models.DateTimeField(default=timezone.now)
    sequence = models.PositiveBigIntegerField()
    chain = models.CharField(max_length=64)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "entries"
        indexes = [
            # What a member gave and was given of late, whatever else happened.
            models.Index(
                fields=["member", "posted_at"],
                name="gifts_of_member",
                condition=Q(kind__in=["transfer_in", "transfer_out"]),
            )
        ]
        constraints = [
            # Also the index by which the latest entries of a member are read.
            models.UniqueConstraint(fields=["member", "sequence"], name="entry_sequence_once_per_member"),
            models.CheckConstraint(condition=~Q(points=0), name="entry_moves_points"),
        ]

    def __str__(self) -> str:
        return f"{self.points:+d} {self.currency}"


class Lot(LedgerRow):
    """A credit with an end of its own, and what is left of it. `expires_at` None: never.

    A pending lot is shown and cannot be spent: it is released at `available_at`, or by the event
    `waits_for`, without which it is cancelled at `deadline_at`. `origin` is the lot in which points were earned
    that were moved, given, or given back into this one; empty: they were earned here.
    """

    entry = models.OneToOneField(Entry, models.PROTECT, primary_key=True, related_name="lot")
    member = models.ForeignKey(Member, models.PROTECT, related_name="lots", db_index=False, db_constraint=False)
    currency = models.ForeignKey(Currency, models.PROTECT, related_name="lots", db_index=False, db_constraint=False)
    points = models.BigIntegerField()
    remaining = models.BigIntegerField()
    activity_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    available_at = models.DateTimeField(null=True, blank=True)
    waits_for = models.CharField(max_length=40, blank=True)
    deadline_at = models.DateTimeField(null=True, blank=True)
    is_pending = models.BooleanField(default=False)
    is_extended = models.BooleanField(default=False)
    origin = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="moved_to", db_index=False)
    is_floored = models.BooleanField(
        default=False, help_text="Would have ended at birth; got the shortest validity instead."
    )

    class Meta:
        ordering = [F("expires_at").asc(nulls_last=True), "activity_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(points__gt=0), name="lot_has_points"),
            models.CheckConstraint(
                condition=Q(remaining__gte=0, remaining__lte=F("points")), name="lot_remaining_within_points"
            ),
        ]
        indexes = [
            models.Index(fields=["member", "currency", "expires_at"], name="live_lots", condition=Q(remaining__gt=0)),
            # What ends on a day, whoever has it: for reminders.
            models.Index(
                fields=["currency", "expires_at"],
                name="live_lots_by_end",
                condition=Q(remaining__gt=0, expires_at__isnull=False),
            ),
            # What came out of a lot, for whoever takes back what it gave.
            models.Index(fields=["origin"], name="lots_by_origin", condition=Q(origin__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.points}"

    @property
    def root(self) -> int:
        """The key of the lot in which these points were earned."""
        return self.origin_id or self.entry_id


class Trace(LedgerRow):
    """So many points of this debit came from that lot; negative: they went back to it."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="traces", db_constraint=False)
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="traces", db_constraint=False)
    points = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(points=0), name="trace_has_points")]

    def __str__(self) -> str:
        return f"{self.points} from lot {self.lot_id}"
