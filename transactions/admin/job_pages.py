"""How does a page begin a job for many members, when it was shown and agreed to? It works at it for a moment."""

from functools import partial

from celery import Task
from django.contrib import messages
from django.db import transaction

from loyalty_site.lib.admin import Button, ModelAdmin, StaffRequest
from transactions.jobs import Kind
from transactions.models import NightRun

#: So long a request works itself; the rest of a big job is done beside the requests.
AT_ONCE_S = 5


SHOW_AGAIN = Button("show", "Show again", variant="default")
GO_ON = Button("go_on", "Go on now")


def reached(job: NightRun) -> str:
    """How far a job is, in members."""
    return f"{job.counts['members']} of {job.counts['of_members']} members"


def go_on(
    admin: ModelAdmin, request: StaffRequest, job: NightRun, kind: Kind, work: "Task[[int], None]"
) -> NightRun | None:
    """Work at the job for a moment, and leave the rest to `work`; returns the job if it is done."""
    job = kind.advance(job, for_s=AT_ONCE_S)
    if job.finished_at:
        if job.error:
            admin.message_user(request, job.error, messages.ERROR)
        return job
    transaction.on_commit(partial(work.delay, job.pk), robust=True)
    text = f"It has begun and goes on in the background: {reached(job)}."
    admin.message_user(request, text, messages.INFO)
    return None
