"""What happens every night, and what is left of it when it was interrupted?

For each program and each local day that has closed since the last success, an ordered list of steps. A
NightRun row says what each did; unfinished ones are taken up again, whether they failed or were killed. A
step finds its own work in the database, so it may run twice and counts once. One copy at a time runs a program's
night, whoever starts it.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from celery import shared_task
from django.db import connection
from django.db.models import Max, QuerySet
from django.utils import timezone

from loyalty_site.lib import locks
from programs import periods, zones
from programs.models import Program
from transactions.expiry import redating, sweep
from transactions.models import Entry, NightRun
from transactions.proof import seals
from transactions.proof.audit import audit
from transactions.reviews import decisions

#: So far may the night be ahead of the clock, or of the last sign of life, before somebody has to say that it is so.
AHEAD = timedelta(days=1)
SILENCE = timedelta(days=7)
BACKWARDS = timedelta(hours=1)

#: So many differences are kept in the row of the reconciliation; all of them are logged.
LISTED = 20

logger = logging.getLogger(__name__)


class Busy(Exception):
    """Another process runs the night of this program."""


class ClockJumped(Exception):
    """The clock contradicts what is stored, so points could end early."""


#: What a step did, as its row keeps it: numbers by name, and texts where there is more to say.
Counts: TypeAlias = dict[str, int | str | list[str]]


@dataclass(frozen=True, slots=True)
class Step:
    """`run(night)` returns its counts. What looks at now only, not at a date, runs for the last of several days."""

    name: str
    run: "Callable[[Night], Counts]"
    is_of_a_day: bool = False


@dataclass(frozen=True, slots=True)
class Night:
    """One step at work: `note` keeps its counts of so far, `before` are those of an attempt that ended early."""

    program: Program
    day: date
    now: datetime
    before: Counts
    note: Callable[[Counts], object]


def _redate(night: Night) -> Counts:
    return {"lots": sum(redating.finish(night.program, now=night.now))}


def _settle(night: Night) -> Counts:
    total = sweep.Swept(**{name: count for name, count in night.before.items() if isinstance(count, int)})
    for done in sweep.sweep(night.program.pk, now=night.now):
        total.add(done)
        night.note(asdict(total))
    return asdict(total)


def _give_up(night: Night) -> Counts:
    return {"refunds": decisions.give_up(now=night.now)}


def _seal(night: Night) -> Counts:
    seal = seals.seal(night.program, night.day, now=night.now)
    return {"entries": seal.entries, "last_entry": seal.last_entry, "root": seal.root}


def _reconcile(night: Night) -> Counts:
    """Report what differs; never repair it (C4-R6)."""
    members, differences = 0, 0
    listed: list[str] = []

    def count(more: int) -> None:
        nonlocal members
        members += more

    for drift in audit(night.program, progress=count):
        logger.error("reconciliation: %s", drift, extra={"program": night.program.code})
        differences += 1
        if len(listed) < LISTED:
            listed.append(str(drift))
    return {"members": members, "differences": differences, "listed": listed}


STEPS = [
    Step("redate", _redate),
    Step("settle", _settle),
    Step("give up", _give_up),
    Step(seals.STEP, _seal, is_of_a_day=True),
    Step("reconcile", _reconcile),
]


@shared_task(name="nightly")
def nightly() -> None:
    """The night of every program whose day has closed. What fails is logged and taken up at the next call."""
    for program in programs():
        try:
            for run in night(program):
                logger.info("night: %s", run, extra={"counts": run.counts, "error": run.error})
        except Busy:
            logger.info("night: %s is being run by another process", program.code)
        except ClockJumped as why:
            logger.error("night: %s was not run: %s", program.code, why)


def programs() -> QuerySet[Program]:
    """Those that have begun; what was paused or ended goes on ageing."""
    return Program.objects.exclude(status="draft").order_by("code")


def night(program: Program, *, now: datetime | None = None, is_forced: bool = False) -> Iterator[NightRun]:
    """Run what is due for `program`; yields the NightRun of each step that ended. Raises Busy, ClockJumped.

    After a step that failed, the program's night goes no further: its row says why, and the next call starts
    with it.
    """
    if now and not -BACKWARDS < now - timezone.now() < AHEAD and not is_forced:
        # Nothing is due at an instant that has passed: whoever names one would hear "all done".
        _check_clock(program, now)
    now = now or timezone.now()
    if not zones.is_due(program, now) and not list(_todo(program, _yesterday(program, now))):
        return
    with locks.hold(f"night of {program.pk}") as is_ours:
        if not is_ours:
            raise Busy(program.code)
        if not is_forced:
            _check_clock(program, now)
        if zones.switch(program, now=now):
            logger.info("night: %s is in the time zone %s from now on", program.code, program.time_zone)
        # Looked for again: another copy may have ended between our look and the lock, and the zone may be a new one.
        yesterday = _yesterday(program, now)
        for day, step in list(_todo(program, yesterday)):
            run = _run(program, day, step, now=now, is_last=day == yesterday)
            yield run
            if run.finished_at is None:
                return


def _yesterday(program: Program, now: datetime) -> date:
    """The last day that has closed where the program is."""
    return periods.local_date(now, ZoneInfo(program.time_zone)) - timedelta(days=1)


def _todo(program: Program, yesterday: date) -> Iterator[tuple[date, Step]]:
    """(day, step) in their order: all days since the last success of each step; a new step begins yesterday."""
    done = NightRun.objects.filter(program=program, finished_at__isnull=False)
    last = dict(done.order_by().values_list("step").annotate(Max("day")))
    first = {step.name: last[step.name] + timedelta(days=1) if step.name in last else yesterday for step in STEPS}
    day = min(first.values())
    while day <= yesterday:
        yield from ((day, step) for step in STEPS if first[step.name] <= day)
        day += timedelta(days=1)


def _run(program: Program, day: date, step: Step, *, now: datetime, is_last: bool) -> NightRun:
    run, _ = NightRun.objects.get_or_create(program=program, day=day, step=step.name)
    rows = NightRun.objects.filter(pk=run.pk)
    before = run.counts
    run.started_at, run.error = timezone.now(), ""
    rows.update(started_at=run.started_at, error="")
    try:
        if is_last or step.is_of_a_day:
            run.counts = step.run(Night(program, day, now, before, lambda counts: rows.update(counts=counts)))
        else:
            run.counts = {"left_to_the_next_day": True}
        run.finished_at = timezone.now()
    except Exception as error:
        logger.exception("night: %s failed", run)
        run.error = f"{type(error).__name__}: {error}"[:300]
    run.counts = run.counts or before
    rows.update(counts=run.counts, finished_at=run.finished_at, error=run.error)
    return run


def _check_clock(program: Program, now: datetime) -> None:
    """A clock that jumped may not end points early (nor late): compare it with what it cannot have changed."""
    clock = _clock()
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


def _clock() -> datetime:
    """The database's clock where it has one of its own: often that of another machine."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
        return found
