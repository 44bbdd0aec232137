"""What happens every night, and what is left of it when it was interrupted?

For each program and each local day that has closed since the last success, an ordered list of steps. A
NightRun row says what each did; unfinished ones are taken up again, whether they failed or were killed. A
step finds its own work in the database, so it may run twice and counts once. One copy at a time runs a program's
night, whoever starts it.
"""

import logging
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from celery import shared_task
from django.db import transaction
from django.db.models import Max, Min, Q, QuerySet
from django.utils import timezone

from loyalty_site.lib import locks
from loyalty_site.night import (
    batches,
    bells,
    clock,
    coordinating,
    occasions,
    reminders,
    segments,
    steps,
    telling,
    tiers,
)
from loyalty_site.night.shared import SharedStep
from loyalty_site.night.steps import Counts, Night, Step
from programs import periods, zones
from programs.models import Program
from transactions.models import NightRun
from transactions.outlook import storing
from transactions.proof import seals

#: After so many seconds a request to help with a night is thrown away unread.
HELP_EXPIRES_S = 3600

logger = logging.getLogger(__name__)


class Busy(Exception):
    """Another process runs the night of this program."""


STEPS: list[Step | SharedStep] = [
    Step("redate", steps.redate),
    Step("recount", steps.recount),
    Step("apply thresholds", steps.apply_thresholds),
    Step("benefits", steps.bring_benefits),
    Step("settle", steps.settle),
    Step("downgrades", steps.lower),
    tiers.STEP,
    occasions.STEP,
    Step("segment lookups", steps.end_lookups),
    *segments.STEPS,
    *reminders.STEPS,
    Step("promotions", steps.measure_promotions),
    Step("give up", steps.give_up),
    Step(seals.STEP, steps.seal, is_of_a_day=True),
    Step(telling.RECONCILE, steps.reconcile),
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
        except clock.ClockJumped as why:
            logger.error("night: %s was not run: %s", program.code, why)
            telling.not_run(program, _yesterday(program, timezone.now()), str(why))


@shared_task(name="night_batch")
def night_batch(run_id: int) -> None:
    """Work on the next open batch of a run, then ask for help with the one after it. Safe to lose and to repeat."""
    name = NightRun.objects.filter(pk=run_id, finished_at=None).values_list("step", flat=True).first()
    step = next((one for one in STEPS if one.name == name and isinstance(one, SharedStep)), None)
    if isinstance(step, SharedStep) and batches.take(step, run_id) and batches.are_open(run_id):
        bells.pass_on(partial(_ask_for_help, run_id))


def _ask_for_help(run_id: int) -> None:
    night_batch.apply_async((run_id,), expires=HELP_EXPIRES_S)


def programs() -> QuerySet[Program]:
    """Those that have begun; what was paused or ended goes on ageing."""
    return Program.objects.exclude(status="draft").order_by("code")


def night(program: Program, *, now: datetime | None = None, is_forced: bool = False) -> Iterator[NightRun]:
    """Run what is due for `program`; yields the NightRun of each step that ended. Raises Busy, ClockJumped.

    After a step that failed, the program's night goes no further: its row says why, and the next call starts
    with it.
    """
    if now and not -clock.BACKWARDS < now - timezone.now() < clock.AHEAD and not is_forced:
        # Nothing is due at an instant that has passed: whoever names one would hear "all done".
        clock.check(program, now)
    now = now or timezone.now()
    if not zones.is_due(program, now) and not list(_todo(program, _yesterday(program, now))):
        return
    with locks.hold(f"night of {program.pk}") as is_ours:
        if not is_ours:
            raise Busy(program.code)
        if not is_forced:
            clock.check(program, now)
        if zones.switch(program, now=now):
            logger.info("night: %s is in the time zone %s from now on", program.code, program.time_zone)
        # What was foreseen is over, or comes otherwise now that a night has been.
        storing.forget(program)
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


def _todo(program: Program, yesterday: date) -> Iterator[tuple[date, Step | SharedStep]]:
    """(day, step) in their order: all days since the last success of each step; a new step begins yesterday.

    One that has never succeeded goes on with the day that it has begun.
    """
    is_done = Q(finished_at__isnull=False)
    runs = NightRun.objects.filter(program=program).order_by().values_list("step")
    reached = runs.annotate(last=Max("day", filter=is_done), begun=Min("day", filter=~is_done))
    begin = {step: last + timedelta(days=1) if last else begun for step, last, begun in reached}
    first = {step.name: begin.get(step.name, yesterday) for step in STEPS}
    day = min(first.values())
    while day <= yesterday:
        yield from ((day, step) for step in STEPS if first[step.name] <= day)
        day += timedelta(days=1)


def _run(program: Program, day: date, step: Step | SharedStep, *, now: datetime, is_last: bool) -> NightRun:
    run, _ = NightRun.objects.get_or_create(program=program, day=day, step=step.name)
    rows = NightRun.objects.filter(pk=run.pk)
    run.started_at, run.error = timezone.now(), ""
    rows.update(started_at=run.started_at, error="")

    def note(counts: Counts) -> None:
        rows.update(counts=counts)

    try:
        # Whatever was divided into batches is brought to its end, and keeps what they counted.
        if is_last or step.is_of_a_day or run.batches is not None:
            ring = partial(_ask_for_help, run.pk)
            night = Night(program, day, now, run.counts, note, run_id=run.pk, ring=ring)
            run.counts = coordinating.run(step, night) if isinstance(step, SharedStep) else step.run(night)
        else:
            run.counts = {"left_to_the_next_day": True}
        run.finished_at = timezone.now()
    except Exception as error:
        logger.exception("night: %s failed", run)
        run.error = f"{type(error).__name__}: {error}"[:300]
        run.counts = rows.values_list("counts", flat=True).get()
    with transaction.atomic():
        rows.update(counts=run.counts, finished_at=run.finished_at, error=run.error)
        if run.finished_at and isinstance(step, SharedStep):
            batches.forget(run.pk)
        telling.of_step(run, now=now, is_end=is_last and step is STEPS[-1])
    return run
