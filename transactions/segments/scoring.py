"""How active are members by what they bought? Counted for ranges of members, by nights and by jobs.

A job begins when a program says otherwise what counts. It also looks up the segments that ask for the score, and is
done beside the requests where it takes longer than a moment; one that was interrupted the next night makes good.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TypedDict

from celery import shared_task
from django.db.models import Count, Max
from django.dispatch import receiver
from django.utils import timezone

from members import scores
from members.segments import asking, keeping
from members.segments.activity import Activity
from programs import periods, versions
from programs.configuration import Configuration
from programs.models import Program, Segment
from programs.models.scoring import scored_otherwise
from programs.scoring import NOTHING, Score, score
from programs.segments import trees
from transactions import jobs
from transactions.models import NightRun
from transactions.segments import following, looking_up, purchases


class Job(TypedDict):
    """The segments that are looked up along, by their codes; how far it came, and of how many the score changed."""

    segments: list[str]
    last: int
    changed: int


def plan(program: Program) -> Iterator[tuple[int, int]]:
    """The ranges for a night, of a program that has a score, or had one."""
    if versions.latest(program.pk).scoring.is_on or scores.are_kept(program.pk):
        yield from looking_up.ranges(program.pk)


def work(program_id: int, first: int, last: int, *, now: datetime) -> int:
    """Count the scores of the members from `first` to `last`, inside a transaction; returns how many changed."""
    configuration = versions.latest(program_id)
    found = _scores(configuration, first, last, now) if configuration.scoring.is_on else {}
    return scores.keep(program_id, found, first, last)


def _scores(configuration: Configuration, first: int, last: int, now: datetime) -> dict[int, Score]:
    """{member: Score} of those who have one; read by one statement, of what was bought in the window."""
    terms, zone = configuration.scoring, configuration.zone
    today = periods.local_date(now, zone)
    since = periods.start_of_day(today - terms.days * periods.ONE_DAY, zone)
    whose = asking.everybody(configuration.id).filter(pk__gte=first, pk__lte=last)
    rows = purchases.booked(since).filter(member__gte=first, member__lte=last, member__in=whose.values("pk"))
    summed = rows.values("member").annotate(last=Max("activity_at"), number=Count("pk"), paid=purchases.paid())
    found = {
        member: score(
            terms, days_ago=(today - periods.local_date(at, zone)).days, purchases=number, money=int(paid or 0)
        )
        for member, at, number, paid in summed.values_list("member", "last", "number", "paid")
    }
    return {member: one for member, one in found.items() if one != NOTHING}


@receiver(scored_otherwise)
def _begin(program_id: int, **_: object) -> None:
    """Count anew what is counted otherwise from now on."""
    KIND.begin(start(program_id), finish_scores)


def start(program_id: int, *, now: datetime | None = None) -> NightRun:
    """Write down that all scores of a program, and the segments that ask for them, have to be found anew."""
    counts = Job(segments=asking_for_it(program_id), last=0, changed=0)
    return KIND.start(program_id, versions.latest(program_id), counts, now or timezone.now())


def asking_for_it(program_id: int) -> list[str]:
    """The codes of the active segments that ask for the score, and of those of which they are conditions."""
    program = Program.objects.get(pk=program_id)
    rows = Segment.objects.filter(program=program, is_active=True).order_by("pk")
    return asking.dependents(program, *(row.code for row in rows if Activity.key in trees.keys(row.conditions)))


@shared_task(name="scores")
def finish_scores(job_id: int) -> None:
    """Finish one job beside the requests. Safe to lose, because the night does the same, and to repeat."""
    KIND.finish_one(job_id)


def _batch(run: NightRun, now: datetime) -> bool:
    """The next members; says whether there were any. Behind the last of them tiers follow."""
    job: Job = run.counts
    last = looking_up.following_range(run.program_id, job["last"])
    if last is None:
        following.begin(run.program_id, job["segments"], now=now)
        return False
    job["changed"] += work(run.program_id, job["last"] + 1, last, now=now)
    if job["segments"]:
        keeping.keep(run.program, job["segments"], job["last"] + 1, last, now=now)
    job["last"] = last
    return True


KIND = jobs.Kind("scores", _batch)
