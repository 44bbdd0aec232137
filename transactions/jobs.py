"""How does a long job go through its members? In batches, each written down with how far it came.

A job is a NightRun row whose step begins with the name of its kind. What is more than a moment's work goes on beside
the requests, and what was interrupted is finished by the next night.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from celery import Task
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from programs import periods
from programs.configuration import Configuration
from programs.models import Program
from transactions.models import NightRun

#: So long somebody who saves something waits for the job behind it, in seconds.
AT_ONCE_S = 2

#: Does the next members of a job, whose row is locked, and counts them in `job.counts`; says whether any were left.
Batch = Callable[[NightRun, datetime], bool]


@dataclass(frozen=True, slots=True)
class Kind:
    """Jobs whose steps are called `name`, the key of what they are about, and the instant at which they began.

    The night has steps that are called by one word and nothing else.
    """

    name: str
    batch: Batch

    def start(self, about: int, configuration: Configuration, counts: Any, now: datetime) -> NightRun:
        """Write down what is to be done; returns the job. `counts` is what it remembers."""
        job, _ = NightRun.objects.get_or_create(
            program_id=configuration.id,
            day=periods.local_date(now, configuration.zone),
            step=f"{self.name} {about} {now:%H%M%S%f}",
            defaults={"counts": counts},
        )
        return job

    def about(self, key: int) -> QuerySet[NightRun]:
        """The jobs that are about the row with this key, the latest first."""
        return NightRun.objects.filter(step__startswith=f"{self.name} {key} ").order_by("-pk")

    def owns(self, run: NightRun) -> bool:
        """Whether this NightRun is a job of the kind, and not the step of a night."""
        return run.step.startswith(f"{self.name} ")

    def unfinished(self) -> QuerySet[NightRun]:
        """Those that are not done, in the order in which they began."""
        return NightRun.objects.filter(step__startswith=f"{self.name} ", finished_at=None).order_by("pk")

    def finish_one(self, job_id: int) -> None:
        """Work at the job with this key to its end, unless it has come to it; what the task of the kind does."""
        for job in self.unfinished().filter(pk=job_id):
            self.advance(job)

    def finish(self, program: Program, *, now: datetime | None = None) -> Iterator[NightRun]:
        """Take up the jobs of `program` that were interrupted; yields each when it is done."""
        for job in self.unfinished().filter(program=program):
            yield self.advance(job, now=now)

    def begin(self, job: NightRun, beside: "Task[[int], None]") -> None:
        """Work at `job` while somebody waits who has saved something, and leave what takes longer to the task
        `beside`."""
        if self.advance(job, for_s=AT_ONCE_S).finished_at is None:
            beside.delay(job.pk)

    def end(self, program: Program) -> int:
        """End the jobs of `program` that were interrupted, where a night does it for all; returns how many."""
        return self.unfinished().filter(program=program).update(finished_at=timezone.now())

    def advance(self, job: NightRun, *, now: datetime | None = None, for_s: float | None = None) -> NightRun:
        """Work at `job` batch by batch, for about `for_s` seconds or to its end; returns it as it is then.

        The place that was reached is written in the transaction of its batch, under the lock of the job, so
        several workers at one job are only slower.
        """
        stop_at = None if for_s is None else time.monotonic() + for_s
        while job.finished_at is None and (stop_at is None or time.monotonic() < stop_at):
            with transaction.atomic():
                job = NightRun.objects.select_for_update().get(pk=job.pk)
                if job.finished_at is None:
                    if not self.batch(job, now or timezone.now()):
                        job.finished_at = timezone.now()
                    job.save(update_fields=["counts", "finished_at", "error"])
        return job
