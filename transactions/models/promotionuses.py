"""What did promotions give, by which transaction?"""

from django.db import models
from django.db.models import Q

from members.models import Member
from programs.models import Currency, Promotion
from transactions.models.immutability import LedgerRow
from transactions.models.journals import Journal

#: Which of the rows below are of something that was given; the others took it back.
GIVEN = Q(points__gt=0) | Q(discount__gt=0)


class PromotionUse(LedgerRow):
    """So many `points` (smallest unit of `currency`) of a transaction are a promotion's; those of a reversal, which
    took some back, are below zero. `discount` is money off, in minor units, that a till was told to give.

    What a promotion costs and who has used it are sums of these rows.
    """

    promotion = models.ForeignKey(Promotion, models.PROTECT, related_name="uses", db_index=False)
    journal = models.ForeignKey(Journal, models.PROTECT, related_name="promotion_uses", db_constraint=False)
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="promotion_uses", db_index=False, db_constraint=False
    )
    currency = models.ForeignKey(
        Currency,
        models.PROTECT,
        related_name="promotion_uses",
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
    )
    points = models.BigIntegerField(default=0)
    discount = models.BigIntegerField(default=0)
    activity_at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["promotion", "activity_at"], name="uses_of_promotion"),
            models.Index(fields=["member", "promotion"], name="promotions_used_by_member"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(currency__isnull=True, points=0) | Q(currency__isnull=False, discount=0),
                name="use_is_of_points_or_of_money",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.promotion}: {self.points or self.discount}"
