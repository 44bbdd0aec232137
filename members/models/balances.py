"""What does a member hold now? Stored numbers, moved by the ledger in the transaction that writes it."""

from django.db import models
from django.db.models import Q

from members.models.members import Member
from programs.models import Currency, TierGroup


class Balance(models.Model):
    """One member's points of one currency, in its smallest unit. Written by the ledger only.

    balance = available - arrears; what is pending or reserved cannot be spent. Reading it never reads
    the ledger, so it costs the same after ten postings and after a million.
    """

    member = models.ForeignKey(Member, models.PROTECT, related_name="balances", db_index=False)
    currency = models.ForeignKey(Currency, models.PROTECT, related_name="balances", db_index=False)
    available = models.BigIntegerField(default=0)
    pending = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)
    arrears = models.BigIntegerField(default=0)
    lifetime_earned = models.BigIntegerField(default=0)
    lifetime_redeemed = models.BigIntegerField(default=0)
    lifetime_expired = models.BigIntegerField(default=0)
    lifetime_reversed = models.BigIntegerField(default=0)
    lifetime_transferred = models.BigIntegerField(
        default=0, help_text="Received less given away, by transfers, pools and merges."
    )
    lifetime_opening = models.BigIntegerField(
        default=0,
        db_default=0,
        help_text="Brought in by opening balances, less what these took; never counted as earned.",
    )
    earned_before = models.BigIntegerField(
        default=0, db_default=0, help_text="Earned in other systems before, as their files say."
    )
    redeemed_before = models.BigIntegerField(
        default=0, db_default=0, help_text="Redeemed in other systems before, as their files say."
    )
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="When all of it ends, in a currency that expires by inactivity."
    )
    is_extended = models.BooleanField(
        default=False, editable=False, help_text="That end has had its extension; activity begins anew."
    )
    next_change_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_activity_at = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.PositiveBigIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["member_id", "currency_id"]
        indexes = [
            models.Index(
                fields=["next_change_at"], name="balances_by_next_change", condition=Q(next_change_at__isnull=False)
            ),
            models.Index(
                fields=["currency", "expires_at"], name="balances_by_end", condition=Q(expires_at__isnull=False)
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["member", "currency"], name="one_balance_each"),
            models.CheckConstraint(condition=Q(available__gte=0), name="available_not_negative"),
            models.CheckConstraint(condition=Q(pending__gte=0), name="pending_not_negative"),
            models.CheckConstraint(condition=Q(reserved__gte=0), name="reserved_not_negative"),
            models.CheckConstraint(condition=Q(arrears__gte=0), name="arrears_not_negative"),
            models.CheckConstraint(
                condition=Q(available=0) | Q(arrears=0), name="nothing_available_while_in_arrears"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.available} {self.currency}"


class Tally(models.Model):
    """Qualifying points of one member that count for one ladder; `period` names the window by its first day.

    Of a ladder with cycles that is the cycle, so what a closed one counted stays; a rolling ladder counts each day.
    `carried` is the surplus of the cycle before that opened this one.
    """

    member = models.ForeignKey(Member, models.PROTECT, related_name="tallies", db_index=False)
    group = models.ForeignKey(TierGroup, models.PROTECT, related_name="tallies", db_index=False)
    currency = models.ForeignKey(Currency, models.PROTECT, related_name="tallies", db_index=False)
    period = models.DateField()
    points = models.BigIntegerField(default=0)
    carried = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        ordering = ["member_id", "group_id", "currency_id", "-period"]
        verbose_name_plural = "tallies"
        constraints = [
            models.UniqueConstraint(fields=["member", "group", "currency", "period"], name="one_tally_each_window"),
            models.CheckConstraint(condition=Q(carried__gte=0), name="tally_carries_nothing_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.points} since {self.period}"
