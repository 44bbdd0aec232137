"""How much of a cap is used up?"""

from django.db import models
from django.db.models import Q

from programs.models import Cap


class CapCounter(models.Model):
    """What was given under a cap in one period: to one member or store (`key`), or to all (0)."""

    cap = models.ForeignKey(Cap, models.PROTECT, related_name="counters", db_index=False)
    key = models.BigIntegerField(default=0)
    period = models.DateField()
    used = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cap", "key", "period"], name="one_counter_each_period"),
            models.CheckConstraint(condition=Q(used__gte=0), name="counter_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.used} of {self.cap}"
