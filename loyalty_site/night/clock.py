"""May the night believe its clock? Points that ended because a clock ran ahead do not come back by themselves."""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from programs.models import Program
from transactions.models import Entry, NightRun

#: So far may the night be ahead of the clock, or of the last sign of life, before somebody has to say that it is so.
AHEAD = timedelta(days=1)
SILENCE = timedelta(days=7)
BACKWARDS = timedelta(hours=1)


class ClockJumped(Exception):
    """The clock contradicts what is stored, so points could end early."""


def check(program: Program, now: datetime) -> None:
    """A clock that jumped may not end points early (nor late): compare it with what it cannot have changed.

    Raises ClockJumped.
    """
    clock = of_the_database()
    if now > clock + AHEAD:
        raise ClockJumped(f"{now:%Y-%m-%d %H:%M} is ahead of the clock, which says {clock:%Y-%m-%d %H:%M}.")
    entry = Entry.objects.filter(currency__program=program).order_by("-pk").values_list("posted_at", flat=True)[:1]
    run = NightRun.objects.filter(program=program).aggregate(last=Max("started_at"))["last"]
    signs = [sign for sign in (*entry, run) if sign]
    newest = max(signs, default=now)
    if now - newest > SILENCE:
        raise ClockJumped(f"Nothing has happened since {newest:%Y-%m-%d %H:%M}, {(now - newest).days} days ago.")
    if newest - now > BACKWARDS:
        raise ClockJumped(f"Something is dated {newest:%Y-%m-%d %H:%M}, which lies ahead of {now:%Y-%m-%d %H:%M}.")


def of_the_database() -> datetime:
    """The database's clock where it has one of its own: often that of another machine."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
        return found
