"""Who has enrolled in which promotion, since when?"""

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from members.models.members import Member
from programs.models import Promotion


class PromotionEnrolment(models.Model):
    """This member takes part in this promotion, which only counts for who does: from `enrolled_at` until `left_at`.

    Who enrols again begins anew, in the same row.
    """

    promotion = models.ForeignKey(Promotion, models.CASCADE, related_name="enrolments", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="promotion_enrolments", db_index=False)
    enrolled_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            # Also the index by which the promotions of a member are read.
            models.UniqueConstraint(fields=["member", "promotion"], name="member_once_in_a_promotion"),
            models.CheckConstraint(
                condition=Q(left_at=None) | Q(left_at__gte=F("enrolled_at")),
                name="leaves_a_promotion_after_enrolling",
            ),
        ]
        indexes = [models.Index(fields=["promotion", "member"], name="members_of_promotion")]

    def __str__(self) -> str:
        return f"{self.member} in {self.promotion} since {self.enrolled_at:%Y-%m-%d}"

    def end(self, now: datetime) -> None:
        """Let the member take part no longer; what began now, or by a clock that is ahead, ends where it began."""
        self.left_at = max(now, self.enrolled_at)
        self.save(update_fields=["left_at"])
