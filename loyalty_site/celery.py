"""Which work runs beside the requests, and when? The Celery application and its timetable.

A task wakes a verb that finds its own work in the database, so a lost task costs one tick. Every entry
expires before its next turn: with no worker running, ticks would pile up otherwise.
"""

import logging.config
import os

from celery import Celery
from celery.schedules import crontab
from celery.signals import beat_init, celeryd_init, setup_logging, task_postrun, task_prerun
from django.conf import settings
from django.core.management import call_command

from loyalty_site.checks import why_not_to_start
from loyalty_site.lib.logs import request_id

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty_site.settings")

app = celery_app = Celery("loyalty")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["loyalty_site"], related_name="nightly")
app.autodiscover_tasks(["members.outbox"])


@app.task(name="clear_sessions")
def clear_sessions() -> None:
    """Delete the sessions that ended: Django leaves their rows behind."""
    call_command("clearsessions")


app.conf.beat_schedule = {
    # Often, because days end at other times in other zones; a night that is done costs one query.
    "nightly": {
        "task": "nightly",
        "schedule": crontab(minute="2,17,32,47"),
        "options": {"expires": 800},
    },
    # Whoever writes something to be sent rings; this finds what is due by time, and what was rung for in vain.
    "drain the outbox": {
        "task": "drain_outbox",
        "schedule": 10,
        "options": {"expires": 10},
    },
    "purge the outbox": {
        "task": "purge_outbox",
        "schedule": crontab(minute=47),
        "options": {"expires": 3000},
    },
    "clear sessions": {
        "task": "clear_sessions",
        "schedule": crontab(minute=17),
        "options": {"expires": 3000},
    },
    "forget failures to sign in": {
        "task": "forget_failures_to_sign_in",
        "schedule": crontab(minute=27),
        "options": {"expires": 3000},
    },
    "purge idempotency keys": {
        "task": "purge_idempotency_keys",
        "schedule": crontab(minute=37),
        "options": {"expires": 3000},
    },
}


@celeryd_init.connect
@beat_init.connect
def refuse_to_start(**kwargs: object) -> None:
    """Celery asks Django's checks, too, but goes on whatever they say."""
    if refused := why_not_to_start():
        raise SystemExit(refused)


@setup_logging.connect
def log_as_django_does(**kwargs: object) -> None:
    """Celery would set up handlers of its own."""
    logging.config.dictConfig(settings.LOGGING)


@task_prerun.connect
def name_the_log_lines(task_id: str, **kwargs: object) -> None:
    """What a task logs carries its id."""
    request_id.set(task_id)


@task_postrun.connect
def leave_the_log_lines(**kwargs: object) -> None:
    """What follows is not of this task."""
    request_id.set("")
