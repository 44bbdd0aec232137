"""What was computed of a night to come, for pages that cannot wait until it is computed?"""

from django.db import models
from django.db.models import Q

from members.models import Member
from programs.models import Program
from transactions.models.nights import NightRun


class StoredOutlook(models.Model):
    """What falls due up to the end of a local `day`, as it was at the instant `begun_at`, once it `is_complete`.

    `version` is the one of the program it was computed with, `last_journal` the key of the newest transaction of
    then (0: none), `counts` what transactions/outlook/tonight.py counts. `job` computes it. Only
    transactions/outlook/storing.py writes these rows; the night throws them away.
    """

    program = models.ForeignKey(Program, models.CASCADE, related_name="outlooks")
    day = models.DateField()
    version = models.PositiveBigIntegerField()
    begun_at = models.DateTimeField()
    last_journal = models.BigIntegerField(default=0)
    counts = models.JSONField(default=dict)
    is_complete = models.BooleanField(default=False)
    job = models.OneToOneField(NightRun, models.CASCADE, related_name="outlook")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "day"],
                condition=Q(is_complete=False),
                name="one_outlook_of_a_day_is_computed_at_once",
                violation_error_message="It is being computed already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.program} {self.day}"


class StoredComing(models.Model):
    """One thing that comes, a row of transactions/outlook/coming.py; in the order of their keys.

    `missing` are code:points, parted by a space.
    """

    outlook = models.ForeignKey(StoredOutlook, models.CASCADE, related_name="comings", db_index=False)
    kind = models.CharField(max_length=12)
    member = models.ForeignKey(Member, models.CASCADE, related_name="+", db_index=False)
    number = models.CharField(max_length=40)
    at = models.DateTimeField(null=True)
    group = models.CharField(max_length=50, blank=True)
    before = models.CharField(max_length=50, blank=True)
    after = models.CharField(max_length=50, blank=True)
    until = models.DateField(null=True)
    currency = models.CharField(max_length=50, blank=True)
    points = models.BigIntegerField(default=0)
    missing = models.TextField(blank=True)
    short_by = models.BigIntegerField(default=0)
    can_be_saved = models.BooleanField(default=False)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["outlook", "id"], name="comings_in_order"),
            models.Index(
                fields=["outlook", "short_by", "id"], name="comings_that_can_be_saved", condition=Q(can_be_saved=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"
