"""Whose personal data were erased, when, by whom and why?"""

from django.conf import settings
from django.db import models
from django.utils import timezone

from members.models.customers import Customer


class Erasure(models.Model):
    """One person was erased (transactions/erasing/); what is left names nobody.

    `counts` say how many rows of each kind were changed, and which points were forfeited, by membership number of
    now. Without `finished_at` it is under way, in its own transaction and seen by nobody else: only while there is
    such a row the database lets the words of a transaction be changed (transactions/models/immutability.py).
    """

    class Points(models.TextChoices):
        FORFEIT = "forfeit", "Forfeit them"
        KEEP = "keep", "Leave them until they end"

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="erasures")
    reason = models.CharField(max_length=200, help_text="Why, without naming the person.")
    points = models.CharField(max_length=8, choices=Points, default=Points.FORFEIT)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    begun_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(finished_at=None), name="erasure_under_way"),
        ]

    def __str__(self) -> str:
        return f"Erasure {self.pk}"
