"""What did each night do, and with which seal did each day end?"""

from django.db import models
from django.utils import timezone

from programs.models import Program
from transactions.models.entries import Lot
from transactions.models.immutability import LedgerRow


class NightRun(models.Model):
    """One step of the night of one program and local day; unfinished ones are taken up again.

    A step that workers share was cut into so many `batches` for the instant `planned_for`; both are None where it was
    not yet, or where the step is not shared.
    """

    program = models.ForeignKey(Program, models.CASCADE, related_name="nights")
    day = models.DateField()
    step = models.CharField(max_length=40)
    counts = models.JSONField(default=dict)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    batches = models.PositiveIntegerField(null=True, blank=True)
    planned_for = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-day", "pk"]
        constraints = [models.UniqueConstraint(fields=["program", "day", "step"], name="one_run_each_night")]

    def __str__(self) -> str:
        return f"{self.program} {self.day} {self.step}"


class NightBatch(models.Model):
    """A part of a shared step or of a job that is done in one transaction, until the run has ended and summed it up.

    `keys` are those of its members, or the first and the last of a range of them, as the step has it; a job that does
    several things keeps them by what is done. `worker` began it at
    `started_at`; whoever has the lock of the row is at work.
    """

    run = models.ForeignKey(NightRun, models.CASCADE, related_name="parts")
    position = models.PositiveIntegerField()
    keys = models.JSONField()
    counts = models.JSONField(default=dict)
    worker = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["run", "position"]
        constraints = [models.UniqueConstraint(fields=["run", "position"], name="one_batch_at_each_position")]
        indexes = [models.Index(fields=["run"], condition=models.Q(finished_at=None), name="open_batches_of_a_night")]

    def __str__(self) -> str:
        return f"{self.run}, batch {self.position}"


class Seal(LedgerRow):
    """The root over what a program wrote in one day: each seal hashes the one before it and the new rows.

    `further` says which rows beside the entries, by the name of what they are: {"standings": {"first", "last",
    "rows"}}, the first key that belongs to the seal, the last one, and how many rows there are. A seal from before
    these were sealed has none.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="seals")
    day = models.DateField()
    first_entry = models.BigIntegerField()
    last_entry = models.BigIntegerField()
    entries = models.BigIntegerField()
    further = models.JSONField(default=dict, db_default={})
    root = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["program", "day"], name="one_seal_each_day")]

    def __str__(self) -> str:
        return f"{self.program} {self.day}"


class Redating(LedgerRow):
    """A lot got another end: an extension, a change of policy, an early release."""

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="redatings")
    at = models.DateTimeField(default=timezone.now)
    expires_before = models.DateTimeField(null=True, blank=True)
    expires_after = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.expires_before} to {self.expires_after}"
