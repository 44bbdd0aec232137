"""Who has a benefit that marketing adds, ends or dates anew? All who hold its tier, in batches.

Who reaches a tier gets its benefits with it (members/ladder_rows.py); this is about those who held it before.
A job is a NightRun row; what was interrupted, and what has ended by its last day, the night does.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TypedDict

from celery import shared_task
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest
from django.dispatch import receiver
from django.utils import timezone

from members.models import Member, MemberBenefit, Standing
from programs import periods, versions
from programs.models import Benefit, Program
from programs.models.benefits import offered
from transactions import jobs
from transactions.models import NightRun

#: Members in one transaction.
BATCH = 1000


class Job(TypedDict):
    """What a job is about, by its key and code, and how far it came: the last row that was looked at.

    That is an assignment where the benefit `is_over`, else a standing.
    """

    benefit: int
    code: str
    assigned: int
    withdrawn: int
    is_over: bool
    last: int


@receiver(offered)
def _begin(benefit_id: int, **_: object) -> None:
    """Bring those in line who hold the tier of a benefit that was changed."""
    job = start(benefit_id)
    if job:
        work.delay(job.pk)


def start(benefit_id: int, *, now: datetime | None = None) -> NightRun | None:
    """Write down that a benefit is assigned, or withdrawn, to all whom it concerns; None where that is nobody."""
    now = now or timezone.now()
    benefit = Benefit.objects.select_related("tier__group__program").get(pk=benefit_id)
    is_over = _is_over(benefit, now)
    rows = _assignments(benefit) if is_over else _holders(benefit)
    if not rows.exists():
        return None
    counts = Job(benefit=benefit.pk, code=benefit.code, assigned=0, withdrawn=0, is_over=is_over, last=0)
    return KIND.start(benefit.pk, versions.of(benefit.tier.group.program), counts, now)


@shared_task(name="benefits")
def work(job_id: int) -> None:
    """Finish one job beside the requests. Safe to lose, because the night does the same, and to repeat."""
    KIND.finish_one(job_id)


def finish(program: Program, *, now: datetime | None = None) -> Iterator[Job]:
    """Take up the jobs of `program` that were interrupted, and withdraw what has ended; yields what each did."""
    today = periods.local_date(now or timezone.now(), program.zone)
    ended = Benefit.objects.filter(tier__group__program=program, ends_on__lt=today)
    for benefit in ended.filter(assignments__withdrawn_at=None, assignments__isnull=False).distinct():
        start(benefit.pk, now=now)
    for done in KIND.finish(program, now=now):
        yield done.counts


def _batch(run: NightRun, now: datetime) -> bool:
    """The next members; says whether there were any."""
    job: Job = run.counts
    benefit = Benefit.objects.select_related("tier__group__program").filter(pk=job["benefit"]).first()
    if benefit is None:
        return False
    is_over = _is_over(benefit, now)
    if job.get("is_over", is_over) != is_over:
        # It was dated anew meanwhile: other rows have to be gone through, from the first one on.
        job["is_over"], job["last"] = is_over, 0
    rows = _assignments(benefit) if is_over else _holders(benefit)
    found = list(rows.filter(pk__gt=job["last"]).order_by("pk").values_list("pk", "member")[:BATCH])
    if not found:
        return False
    members = [member for _, member in found]
    # Who goes from tier to tier at this moment does so before us, or sees what we did.
    list(Member.objects.select_for_update(no_key=True).filter(pk__in=members).order_by("pk").values_list("pk"))
    if is_over:
        job["withdrawn"] += _withdraw(benefit, members)
    else:
        job["assigned"] += _assign(benefit, members, now)
    job["last"] = found[-1][0]
    return True


def _is_over(benefit: Benefit, now: datetime) -> bool:
    zone = benefit.tier.group.program.zone
    return benefit.ends_on is not None and benefit.ends_on < periods.local_date(now, zone)


def _holders(benefit: Benefit) -> QuerySet[Standing]:
    """The standings of those who hold its tier now."""
    return Standing.objects.current().filter(tier=benefit.tier_id)


def _assignments(benefit: Benefit) -> QuerySet[MemberBenefit]:
    return MemberBenefit.objects.filter(benefit=benefit, withdrawn_at=None)


def _assign(benefit: Benefit, members: list[int], now: datetime) -> int:
    """Give it to those of the members who hold its tier and do not have it; returns to how many."""
    holders = set(_holders(benefit).filter(member__in=members).values_list("member", flat=True))
    having = set(_assignments(benefit).filter(member__in=members).values_list("member", flat=True))
    group = benefit.tier.group_id
    made = [
        MemberBenefit(member_id=member, benefit=benefit, group_id=group, assigned_at=now, recorded_at=now)
        for member in sorted(holders - having)
    ]
    return len(MemberBenefit.objects.bulk_create(made))


def _withdraw(benefit: Benefit, members: list[int]) -> int:
    """End it for these members with its last day; returns for how many."""
    ended_at = periods.end_of_day(benefit.ends_on, benefit.tier.group.program.zone) if benefit.ends_on else None
    rows = _assignments(benefit).filter(member__in=members)
    return rows.update(withdrawn_at=Greatest(F("assigned_at"), ended_at))


KIND = jobs.Kind("benefits", _batch)
