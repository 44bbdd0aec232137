"""Who agreed to the downgrades of which night, and what became of them?"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from programs.models import TierGroup


class DowngradeDecision(models.Model):
    """Somebody's word on the downgrades that waited on one local day in a tier group that holds them.

    `excepted` maps the key of a standing that is held on to the reason; `shown` are the keys of those that whoever
    decided has seen, kept until all is done. `counts` say how many were `lowered`, `excepted`, `left_out`, because
    they had been renewed or changed meanwhile, and `failed`; a decision without `finished_at` is taken up again.
    """

    group = models.ForeignKey(TierGroup, models.PROTECT, related_name="downgrade_decisions")
    day = models.DateField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict)
    excepted = models.JSONField(default=dict, blank=True, editable=False)
    shown = models.TextField(blank=True, editable=False)

    class Meta:
        ordering = ["-day", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["group", "day"],
                name="one_decision_each_night",
                violation_error_message="The downgrades of this night are decided already.",
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None) | Q(shown=""), name="a_decision_that_is_done_needs_no_list"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.day}"
