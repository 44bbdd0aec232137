"""How is an outlook computed that nobody can wait for? Beside the requests, in batches, into rows.

A job is a NightRun whose parts are planned once; each is computed and stored in one transaction, so a job that was
killed goes on with the next part. A program that is changed meanwhile is begun anew. The night throws all of it away.
"""

from datetime import date, datetime
from typing import TypedDict

from celery import shared_task
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from loyalty_site.lib.arrays import Values
from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.sql import Session
from programs.models import Program
from transactions.jobs import Kind
from transactions.models import Journal, NightBatch, NightRun, StoredComing, StoredOutlook
from transactions.outlook import tonight
from transactions.outlook.coming import Coming
from transactions.outlook.tonight import Counts, Outlook, Part

_COLUMNS = (
    "outlook_id kind member_id number at group before after until currency points missing short_by can_be_saved"
)
#: What is said of a job that ends without a result.
TOO_LATE = "The night came first: what it would do is over, or has to be computed anew."


class Job(TypedDict):
    """Which day a job is about, who asked for it, and how many of the members who are due have been computed."""

    day: str
    by: str
    members: int
    of_members: int


def start(
    program: Program, day: date | None = None, *, now: datetime | None = None, user: AbstractBaseUser | None = None
) -> NightRun:
    """Write down that the outlook of a day is computed, by default of tonight; returns the job, a NightRun.

    Where it is being computed already, that job. Raises Refused as `tonight.of` does.
    """
    now = now or timezone.now()
    outlook = tonight.of(program, day, now=now)
    counts: Job = {
        "day": outlook.day.isoformat(),
        "by": user.get_username() if user else "",
        "members": 0,
        "of_members": 0,
    }
    for is_last_try in (False, True):
        if known := under_way(program, outlook.day):
            return known.job
        try:
            with transaction.atomic():
                # Days have no keys, but numbers.
                job = KIND.start(outlook.day.toordinal(), outlook.configuration, counts, now)
                stored = StoredOutlook(program=program, day=outlook.day, job=job)
                _begin(stored, outlook, now)
                stored.save()
        except IntegrityError:
            # Somebody else was first, at this very moment: theirs is found now.
            if is_last_try:
                raise
        else:
            break
    return job


def latest(program: Program, day: date) -> StoredOutlook | None:
    """What was computed last, whole."""
    return StoredOutlook.objects.filter(program=program, day=day, is_complete=True).first()


def under_way(program: Program, day: date) -> StoredOutlook | None:
    """What is being computed, with its `job`."""
    rows = StoredOutlook.objects.filter(program=program, day=day, is_complete=False)
    return rows.select_related("job").first()


@transaction.atomic
def forget(program: Program) -> None:
    """Throw away all that was computed for a program, and end the jobs that compute; the night has come."""
    open_jobs = KIND.unfinished().filter(program=program)
    # In the order in which a batch locks, which ends first.
    keys = list(open_jobs.select_for_update().values_list("pk", flat=True))
    NightBatch.objects.filter(run__in=keys).delete()
    NightRun.objects.filter(pk__in=keys).update(finished_at=timezone.now(), error=TOO_LATE)
    _throw_away(list(StoredOutlook.objects.filter(program=program).values_list("pk", flat=True)))


@shared_task(name="tonight")
def work(job_id: int) -> None:
    """Finish one job beside the requests. Safe to lose, because the page goes on with it, and to repeat."""
    KIND.finish_one(job_id)


def _batch(job: NightRun, now: datetime) -> bool:
    """The next part of the job, whose row the caller has locked; says whether any was left."""
    stored = StoredOutlook.objects.select_related("program").get(job=job)
    counts: Job = job.counts
    try:
        outlook = tonight.of(stored.program, stored.day, now=now)
    except Refused as refused:
        job.error = refused.refusal.detail[:300]
        job.parts.all().delete()
        _throw_away([stored.pk])
        return False
    if job.batches is None or stored.version != outlook.configuration.version:
        _begin(stored, outlook, now)
        stored.comings.all().delete()
        counts["members"], counts["of_members"] = 0, _plan(job, outlook)
        stored.save()
        return True
    part = job.parts.filter(finished_at=None).order_by("position").first()
    if part is None:
        return _complete(job, stored)
    [(what, keys)] = part.keys.items()
    _store(stored, list(outlook.of(Part(what, keys))))
    part.finished_at = timezone.now()
    part.save(update_fields=["finished_at"])
    counts["members"] += len(keys)
    return True


#: The jobs of this file.
KIND = Kind("tonight", _batch)


def _begin(stored: StoredOutlook, outlook: Outlook, now: datetime) -> None:
    """Note as of when, and with what, it is computed: nothing of it is there yet."""
    newest = Journal.objects.filter(program=stored.program).aggregate(last=Max("pk"))["last"]
    stored.version, stored.begun_at, stored.last_journal = outlook.configuration.version, now, newest or 0
    stored.counts = {}


def _plan(job: NightRun, outlook: Outlook) -> int:
    """Write down who is due, part by part; returns how many members these are, each counted once in each part."""
    parts = [{part.what: part.keys} for part in outlook.parts()]
    job.parts.all().delete()
    NightBatch.objects.bulk_create(
        [NightBatch(run=job, position=place, keys=keys) for place, keys in enumerate(parts, start=1)], batch_size=500
    )
    job.batches = len(parts)
    job.save(update_fields=["batches"])
    return sum(len(keys) for part in parts for keys in part.values())


def _store(stored: StoredOutlook, comings: list[Coming]) -> None:
    """Append rows, and what they add to the counts."""
    Session().insert(StoredComing, _COLUMNS, [_row(stored, one) for one in comings])
    counted = Counts.from_json(stored.counts)
    for one in comings:
        counted.add(one)
    stored.counts = counted.as_json()
    stored.save(update_fields=["counts"])


def _row(stored: StoredOutlook, one: Coming) -> Values:
    missing = " ".join(f"{code}:{points}" for code, points in one.missing)
    named = one.kind, one.member_id, one.number, one.at, one.group, one.before, one.after, one.until
    return stored.pk, *named, one.currency, one.points, missing, one.short_by, one.can_be_saved


def _complete(job: NightRun, stored: StoredOutlook) -> bool:
    """Put what is computed in the place of what was computed before; there is nothing left."""
    job.parts.all().delete()
    before = StoredOutlook.objects.filter(program=stored.program, day=stored.day, is_complete=True)
    _throw_away(list(before.values_list("pk", flat=True)))
    stored.is_complete = True
    stored.save(update_fields=["is_complete"])
    return False


def _throw_away(keys: list[int]) -> None:
    StoredComing.objects.filter(outlook__in=keys).delete()
    StoredOutlook.objects.filter(pk__in=keys).delete()
