"""Who is in the segments of a program now? Looked up for ranges of members, by nights and by jobs.

A job begins when a segment is saved. It is done at once where that takes a moment, else beside the requests; what was
interrupted the next night does, which looks up all of them.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import TypedDict

from celery import shared_task
from django.db import connection
from django.db.models import Max
from django.dispatch import receiver
from django.utils import timezone

from members.models import Member
from members.segments import asking, keeping
from programs import versions
from programs.models import Program, Segment
from programs.models.segments import saved
from transactions import jobs
from transactions.models import NightRun
from transactions.segments import following

#: Members of one transaction. On SQLite everybody who writes waits while they are looked up.
SIZE, SIZE_ON_SQLITE = 10_000, 1_000


class Job(TypedDict):
    """The segments that a job is about, by their codes; how far it came, and how many came and left."""

    segments: list[str]
    last: int
    came: int
    left: int


def _size() -> int:
    return SIZE if connection.vendor == "postgresql" else SIZE_ON_SQLITE


def ranges(program_id: int) -> Iterator[tuple[int, int]]:
    """The keys of all members of a program, as (first, last) of so many; it only reads."""
    size = _size()
    rows = Member.objects.filter(program=program_id).order_by("pk")
    keys = rows.values_list("pk", flat=True).iterator(chunk_size=size)
    while some := list(islice(keys, size)):
        yield some[0], some[-1]


def plan(program: Program) -> Iterator[tuple[int, int]]:
    """The ranges for a night, of a program that has segments."""
    if Segment.objects.filter(program=program).exists():
        yield from ranges(program.pk)


def work(program_id: int, first: int, last: int, *, now: datetime) -> tuple[int, int]:
    """Look up all segments of a program for the members from `first` to `last`, inside a transaction.

    Returns how many came, and how many left.
    """
    program = Program.objects.get(pk=program_id)
    codes = list(program.segments.order_by("pk").values_list("code", flat=True))
    return keeping.keep(program, codes, first, last, now=now)


@receiver(saved)
def _begin(segment_id: int, program_id: int, **_: object) -> None:
    """Look up a segment that was saved, and those of which it is a condition."""
    segment = Segment.objects.select_related("program").filter(pk=segment_id).first()
    if segment:
        KIND.begin(start(segment), finish_lookup)


def start(segment: Segment, *, now: datetime | None = None) -> NightRun:
    """Write down that a segment, and those of which it is a condition, have to be looked up."""
    program = segment.program
    codes = asking.dependents(program, segment.code)
    counts = Job(segments=codes, last=0, came=0, left=0)
    return KIND.start(segment.pk, versions.latest(program.pk), counts, now or timezone.now())


@shared_task(name="segments")
def finish_lookup(job_id: int) -> None:
    """Finish one job beside the requests. Safe to lose, because the night does the same, and to repeat."""
    KIND.finish_one(job_id)


def _batch(run: NightRun, now: datetime) -> bool:
    """The next members; says whether there were any. Behind the last of them tiers follow."""
    job: Job = run.counts
    last = following_range(run.program_id, job["last"])
    if last is None:
        following.begin(run.program_id, job["segments"], now=now)
        return False
    came, left = keeping.keep(run.program, job["segments"], job["last"] + 1, last, now=now)
    job["came"] += came
    job["left"] += left
    job["last"] = last
    return True


def following_range(program_id: int, behind: int) -> int | None:
    """The last key of the range of members whose keys lie `behind` another one; None where there are no more."""
    rows = Member.objects.filter(program=program_id, pk__gt=behind).order_by("pk")
    found: int | None = Member.objects.filter(pk__in=rows.values("pk")[: _size()]).aggregate(last=Max("pk"))["last"]
    return found


KIND = jobs.Kind("segments", _batch)
