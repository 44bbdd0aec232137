"""What did members spend who could have a promotion, and what those who were left out, when it was measured last?"""

from django.db import models
from django.db.models import F, Q

from programs.models import Promotion


class PromotionResult(models.Model):
    """The sums of both groups of a promotion with a holdout, from `since` until `until`, measured at `as_of`.

    `holdout_percent` is how many were left out then. Spend is in minor units of the program's money, `squares` the
    sum of the squares of what each member spent. All of it follows from what is booked (transactions/promoting), and
    is written anew by each night, and by staff.
    """

    promotion = models.OneToOneField(Promotion, models.CASCADE, related_name="result")
    as_of = models.DateTimeField()
    since = models.DateTimeField()
    until = models.DateTimeField()
    holdout_percent = models.PositiveSmallIntegerField()
    had_members = models.PositiveBigIntegerField(default=0)
    had_buyers = models.PositiveBigIntegerField(default=0)
    had_spend = models.BigIntegerField(default=0)
    had_squares = models.FloatField(default=0)
    out_members = models.PositiveBigIntegerField(default=0)
    out_buyers = models.PositiveBigIntegerField(default=0)
    out_spend = models.BigIntegerField(default=0)
    out_squares = models.FloatField(default=0)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(had_buyers__lte=F("had_members"), out_buyers__lte=F("out_members")),
                name="no_more_buyers_than_members",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.promotion}: {self.had_members} members, {self.out_members} left out"
