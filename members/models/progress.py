"""How far is a member with what the rules of the program count?"""

from django.db import models
from django.db.models import Q

from members.models.members import Member
from programs.progress import Reached


class Progress(models.Model):
    """What one rule has counted for one member, by one measure; see `Reached` (programs/progress.py) for the numbers.

    A rule is known by its code, which names it for good: whoever removes one and brings it back finds its progress.
    Written under the lock of the member only (members/rule_progress.py).
    """

    member = models.ForeignKey(Member, models.PROTECT, related_name="progress", db_index=False)
    rule = models.SlugField(max_length=40, db_index=False)
    counts = models.CharField(max_length=12)
    counted = models.BigIntegerField(default=0)
    rewarded = models.BigIntegerField(default=0)
    used = models.BigIntegerField(default=0)
    run = models.BigIntegerField(default=0)
    in_last = models.BigIntegerField(default=0)
    last_on = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "progress"
        constraints = [
            # Also the index by which the progress of a member is read.
            models.UniqueConstraint(fields=["member", "rule", "counts"], name="progress_once_for_each_rule"),
            models.CheckConstraint(
                condition=Q(counted__gte=0, rewarded__gte=0, used__gte=0, run__gte=0, in_last__gte=0),
                name="progress_is_never_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member}: {self.rule}"

    @property
    def reached(self) -> Reached:
        """How far the member is."""
        return Reached(*(getattr(self, name) for name in Reached._fields))
