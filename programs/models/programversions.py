"""What did a program promise at which version?"""

from django.db import models
from django.utils import timezone

from programs.models.programs import Program


class ProgramVersion(models.Model):
    """The whole configuration of a program as it was when something was posted under it. Never changed.

    Journals name their version, so that a refund or an explanation years later replays exactly. `since` is
    when it came into force.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="versions")
    number = models.PositiveBigIntegerField()
    document = models.JSONField()
    since = models.DateTimeField(editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["program", "number"], name="program_version_once")]

    def __str__(self) -> str:
        return f"{self.program} v{self.number}"
