"""How is somebody to whom we send: do they answer?"""

from datetime import datetime

from django.db import models
from django.dispatch import Signal

#: The columns that say that something fails.
HEALTH = ["failures", "paused_until", "dead_since", "last_error"]
#: Staff let an `outlet` be used at once, whatever failed before; inside of the transaction.
taken_up = Signal()


class Health(models.Model):
    """What the last deliveries taught: nothing is sent before `paused_until`, nor before `free_at`.

    Workers lock this row before deliveries, never behind them. `failures` counts those in a row; `dead_since` is when
    staff were told that nothing gets through. `free_at` is when the limit of the platform leaves room for more.
    """

    failures = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    paused_until = models.DateTimeField(null=True, blank=True, editable=False)
    free_at = models.DateTimeField(null=True, blank=True, editable=False)
    dead_since = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.CharField(max_length=300, blank=True, default="", db_default="", editable=False)
    last_failure_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_success_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    def is_paused(self, now: datetime) -> bool:
        """Whether nothing is sent at this instant."""
        return self.paused_until is not None and self.paused_until > now

    def is_failing(self, now: datetime) -> bool:
        """Whether what waits is held up by what failed."""
        return bool(self.failures or self.dead_since or self.is_paused(now))

    def begin_anew(self) -> None:
        """Forget what failed; unsaved."""
        self.failures, self.paused_until, self.dead_since, self.last_error = 0, None, None, ""
