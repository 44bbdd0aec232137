"""What is left of a shared step, and who takes the next part of it?

A batch is done in one transaction that has the lock of its row, does the work, and writes the counts. So a process
that is killed at any instant leaves its batch open and nothing half done, and no batch counts twice. Before that,
the worker writes down what it begins: only for those who look on, since the lock decides.
"""

import logging
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain, islice
from typing import cast

from django.db import DatabaseError, connection, transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from loyalty_site.lib.database_refusals import refused_for_a_time
from loyalty_site.night.shared import Batch, SharedStep
from loyalty_site.night.steps import LISTED, Counts
from transactions.models import NightBatch, NightRun

#: After so many failures a batch is left alone until the night is run again.
MOST_FAILURES = 3

#: Rows that are written at once; each holds up to a thousand keys.
AT_ONCE = 100

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Left:
    """How many batches a run has, how many are to be done yet, and how many have failed too often."""

    all: int
    open: int
    failed: int


def write(step: SharedStep, run_id: int, now: datetime, plan: Callable[[], Iterable[Sequence[int]]]) -> None:
    """Write the batches that `plan` yields, all of them or none; a run that has its batches keeps them.

    A single one is done at once, in the same transaction: writing it down would cost more than what it does.
    """
    with transaction.atomic():
        run = NightRun.objects.select_for_update().get(pk=run_id)
        if run.batches is not None:
            return
        parts = filter(None, (list(keys) for keys in plan()))
        first = list(islice(parts, 2))
        if len(first) < 2 and (counts := _at_once(step, run, now, first)) is not None:
            NightRun.objects.filter(pk=run_id).update(batches=len(first), planned_for=now, counts=counts)
            return
        # One that was tried at once has failed, and is divided next.
        made = partial(NightBatch, run=run, failures=int(len(first) == 1))
        rows = (made(position=n, keys=keys) for n, keys in enumerate(chain(first, parts), start=1))
        run.batches = 0
        while some := list(islice(rows, AT_ONCE)):
            NightBatch.objects.bulk_create(some)
            run.batches += len(some)
        NightRun.objects.filter(pk=run_id).update(batches=run.batches, planned_for=now, counts={})


def _at_once(step: SharedStep, run: NightRun, now: datetime, parts: Sequence[Sequence[int]]) -> Counts | None:
    """The counts of the only batch, if there is any; None where it failed, and is to be tried as the others are."""
    if not parts:
        return {}
    try:
        with transaction.atomic():
            return step.work(Batch(run.program_id, run.day, now, tuple(parts[0])))
    except Exception:
        logger.exception("night: the only batch of %s failed", step.name)
        return None


def give_another_chance(run_id: int) -> None:
    """Let batches that failed too often be tried again."""
    _open(run_id).filter(failures__gte=MOST_FAILURES).update(failures=0)


def take(step: SharedStep, run_id: int) -> bool:
    """Work on the next batch that is open and that nobody else is at; returns whether there was one.

    What fails is written down at the batch. Raises DatabaseError where even that cannot be.
    """
    key = None
    with _others_may_write():
        key = _begin(run_id)
    if key is None:
        return False
    try:
        _finish(step, key)
    except Exception as error:
        logger.exception("night: a batch of %s failed", step.name, extra={"batch": key})
        why = f"{type(error).__name__}: {error}"[:300]
        with _others_may_write():
            NightBatch.objects.filter(pk=key, finished_at=None).update(failures=F("failures") + 1, error=why)
    return True


def are_open(run_id: int) -> bool:
    """Whether any batch is to be done yet, or being done."""
    return _open(run_id).filter(failures__lt=MOST_FAILURES).exists()


def left(run_id: int) -> Left:
    """What there is to do."""
    is_open, has_failed = Q(finished_at=None), Q(failures__gte=MOST_FAILURES)
    found = NightBatch.objects.filter(run=run_id).aggregate(
        all=Count("pk"),
        open=Count("pk", filter=is_open & ~has_failed),
        failed=Count("pk", filter=is_open & has_failed),
    )
    return Left(**found)


def why(run_id: int) -> str:
    """How the first batch failed that did."""
    return str(_open(run_id).exclude(error="").order_by("position").values_list("error", flat=True).first())


def workers(run_id: int) -> list[str]:
    """Who has begun a batch without finishing it."""
    return list(_open(run_id).exclude(worker="").order_by("worker").values_list("worker", flat=True).distinct())


def counted(run_id: int) -> Counts:
    """The counts of all batches that are done, by kind; of one that was done at once, those of the run."""
    if not NightBatch.objects.filter(run=run_id).exists():
        return cast(Counts, NightRun.objects.values_list("counts", flat=True).get(pk=run_id))
    total: Counts = {}
    done = NightBatch.objects.filter(run=run_id, finished_at__isnull=False).order_by("position")
    for counts in done.values_list("counts", flat=True):
        total = add(total, counts)
    return total


def forget(run_id: int) -> None:
    """Delete the batches of a run that has ended: what they counted stands in the run."""
    NightBatch.objects.filter(run=run_id).delete()


def add(total: Counts, more: Counts) -> Counts:
    """The counts of both: numbers are added up, of lists the first LISTED are kept, of texts the last one."""
    both = dict(total)
    for name, value in more.items():
        before = both.get(name)
        if isinstance(value, int) and isinstance(before, int):
            both[name] = before + value
        elif isinstance(value, list):
            both[name] = [*(before if isinstance(before, list) else ()), *value][:LISTED]
        else:
            both[name] = value
    return both


def _open(run_id: int) -> QuerySet[NightBatch]:
    return NightBatch.objects.filter(run=run_id, finished_at=None)


@contextmanager
def _others_may_write() -> Iterator[None]:
    """Pass over what cannot be done because the database refuses for a time: with SQLite where others write long."""
    try:
        yield
    except DatabaseError as error:
        if connection.in_atomic_block or not refused_for_a_time(error):
            raise
        logger.info("night: the database is busy with what others do: %s", error)


def _begin(run_id: int) -> int | None:
    """Choose a batch that is open and free, and write down who begins it; None where there is none.

    First those that nobody has begun: somebody may be about to lock one that was.
    """
    with transaction.atomic():
        free = _open(run_id).filter(failures__lt=MOST_FAILURES).select_for_update(skip_locked=True)
        key = free.order_by(F("started_at").asc(nulls_first=True), "position").values_list("pk", flat=True).first()
        if key is not None:
            NightBatch.objects.filter(pk=key).update(worker=_name(), started_at=timezone.now())
    return key


def _finish(step: SharedStep, key: int) -> bool:
    """Do the batch and mark it as done, in one transaction; returns whether it was still to be done by us."""
    with transaction.atomic():
        free = NightBatch.objects.select_for_update(skip_locked=True, of=("self",)).select_related("run")
        row = free.filter(pk=key, finished_at=None).first()
        if row is None:
            return False
        planned_for = cast(datetime, row.run.planned_for)
        batch = Batch(row.run.program_id, row.run.day, planned_for, tuple(row.keys))
        is_divided = row.failures and step.is_divisible
        row.counts = _one_by_one(step, batch) if is_divided else step.work(batch)
        row.finished_at, row.worker = timezone.now(), _name()
        row.save(update_fields=["counts", "finished_at", "worker"])
        _tell(row.run_id, row.counts)
    return True


def _one_by_one(step: SharedStep, batch: Batch) -> Counts:
    """The members of a batch that failed: who fails alone, too, keeps none of the others from what is theirs."""
    total: Counts = {}
    for key in batch.keys:
        try:
            with transaction.atomic():
                counts = step.work(replace(batch, keys=(key,)))
        except Exception as error:
            # Not the fault of the member: the whole batch is tried again.
            if refused_for_a_time(error):
                raise
            logger.exception("night: %s failed for a member", step.name, extra={"member": key})
            counts = {"failed": 1, "listed": [f"member {key}: {type(error).__name__}: {error}"[:300]]}
        total = add(total, counts)
    return total


def _tell(run_id: int, counts: Counts) -> None:
    """Add the counts of a batch to those of its run, at the end of the transaction of the batch.

    Only here do those who share a run wait for each other: until whoever has just finished has committed.
    """
    run = NightRun.objects.select_for_update().only("counts").get(pk=run_id)
    NightRun.objects.filter(pk=run_id).update(counts=add(run.counts, counts))


def _name() -> str:
    """Who we are, for those who look on."""
    return f"{socket.gethostname()}:{os.getpid()}"[:100]
