"""Whom does surplus concern that is carried over from now on? All who have counted in their present cycle.

The end of a cycle is among what is due only on a ladder that carries over. So when that is switched on, a job looks
at all who hold a tier of it; a cycle that has closed between the switch and the job is carried over by it.
"""

from datetime import datetime
from typing import TypedDict

from celery import shared_task
from django.db.models import QuerySet
from django.dispatch import receiver
from django.utils import timezone

from loyalty_site.lib.sql import Session
from members.ladder import Ladder
from members.models import Standing
from programs import versions
from programs.models import Program, TierGroup
from programs.models.tiergroups import carries_over
from transactions.books import settlement
from transactions.books.unit_of_work import Books
from transactions.jobs import Kind
from transactions.models import NightRun

#: Members in one transaction.
BATCH = 200


class Job(TypedDict):
    """How far a job is: the `counts` of its NightRun. The ladder `group` carries over `since` an instant."""

    group: str
    since: str
    members: int
    of_members: int
    last_member: int


@receiver(carries_over)
def _begin(group_id: int, **_: object) -> None:
    """Look at those who hold a tier of a ladder that was switched."""
    job = start(TierGroup.objects.get(pk=group_id))
    if job:
        work.delay(job.pk)


def start(group: TierGroup, *, now: datetime | None = None) -> NightRun | None:
    """Write down that ends of cycles are due from now on; returns the job, None where nobody holds a tier."""
    now, of_members = now or timezone.now(), _concerned(group.program_id, group.code).count()
    if not of_members:
        return None
    counts: Job = {
        "group": group.code,
        "since": now.isoformat(),
        "members": 0,
        "of_members": of_members,
        "last_member": 0,
    }
    return KIND.start(group.pk, versions.renew(group.program_id), counts, now)


def finish(program: Program, *, now: datetime | None = None) -> int:
    """Take up the jobs of `program` that were interrupted; returns at how many members they looked in all."""
    return sum(job.counts["members"] for job in KIND.finish(program, now=now))


@shared_task(name="carry_over")
def work(job_id: int) -> None:
    """Finish one job beside the requests. Safe to lose, because the night does the same, and to repeat."""
    KIND.finish_one(job_id)


def _concerned(program_id: int, code: str) -> QuerySet[Standing]:
    """What is held on the ladder, in the order of the members' keys."""
    rows = Standing.objects.filter(group__program=program_id, group__code=code, is_current=True, waits_from=None)
    return rows.exclude(tier=None).order_by("member")


def _batch(job: NightRun, now: datetime) -> bool:
    """The next members of the job, whose row the caller has locked."""
    counts: Job = job.counts
    rows = _concerned(job.program_id, counts["group"]).filter(member__gt=counts["last_member"])
    ids = list(rows.values_list("member", flat=True)[:BATCH])
    configuration = versions.renew(job.program_id)
    group = configuration.tier_groups.get(counts["group"])
    if not ids or group is None or not group.rollover:
        return False
    books = Books(Session(), configuration, now=now)
    if books.open(ids, journals=0, entries=0, with_lots=False) != configuration.version:
        # It was changed since it was read a moment ago: look again.
        return True
    for account in books.accounts.values():
        _wake(Ladder(configuration, group, account), datetime.fromisoformat(counts["since"]))
    settlement.settle(books)
    books.close()
    counts["members"] += len(ids)
    counts["last_member"] = ids[-1]
    return True


def _wake(ladder: Ladder, since: datetime) -> None:
    """Look at what is held when the cycle of the switch closes, also if that has closed, or sooner as before."""
    held = ladder.held
    if held and held.tier_id and not held.waits_from:
        due_at = ladder.next_due(held, max(since, held.from_at))
        held.wake_at(min(filter(None, [due_at, held.due_at]), default=None))


#: The jobs of this file.
KIND = Kind("carry over", _batch)
