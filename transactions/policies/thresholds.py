"""How are new thresholds of a ladder brought to members at once? In batches, under their locks.

By themselves they are for the next assessment only. `start` raises those who reach a tier by them now; what also
lowers members is asked for in `requests`, and seen first in `previewing`.
"""

from datetime import datetime
from typing import Literal, TypeAlias, TypedDict

from celery import shared_task
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.utils import timezone

from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.sql import Session
from members import thresholds
from members.ladder import Ladder
from members.models import Member
from programs import versions
from programs.configuration import Configuration
from programs.ladders import TierGroup
from programs.models import Program
from programs.models import TierGroup as StoredGroup
from transactions.books import settlement
from transactions.books.unit_of_work import Books
from transactions.jobs import Kind
from transactions.models import NightRun

#: Members in one transaction.
BATCH = 200

#: Who is moved: those who reach a tier now, or also those who would not have got theirs.
Effect: TypeAlias = Literal["upgrades", "full"]


#: What is said of a job that somebody agreed to, of other thresholds.
LOWERS_NO_MORE = (
    "The thresholds were changed meanwhile: nobody was lowered from then on, and who reaches a tier by the new ones "
    "was raised. Ask for a re-evaluation again if members are to be lowered, too."
)


class NoReason(Refused):
    """A job needs a reason."""

    code = "reason_missing"


class UnderWay(Refused):
    """Another job moves members of the ladder."""

    code = "job_under_way"


class CountsNothing(Refused):
    """The ladder has no thresholds that points reach."""

    code = "ladder_counts_nothing"


class Job(TypedDict):
    """What a job is to do, and how far it is: the `counts` of its NightRun.

    `version` is the one of the program whose thresholds were agreed to, `lowers_before` the instant at which these
    began to hold ("" for what lowers nobody). `moves` counts members by "silver > gold", codes of tiers.
    """

    group: str
    effect: Effect
    version: int
    lowers_before: str
    reason: str
    by: str
    members: int
    of_members: int
    raised: int
    renewed: int
    lowered: int
    moves: dict[str, int]
    last_member: int


def check_ready(group: StoredGroup, reason: str) -> Configuration:
    """The program as it is now, if its thresholds can be applied. Raises NoReason, CountsNothing, UnderWay."""
    if not reason.strip():
        raise NoReason("Say why: members and auditors will ask.", field="reason")
    configuration = versions.renew(group.program_id)
    if not configuration.tier_groups[group.code].criteria:
        raise CountsNothing("Nothing is counted on this ladder: its tiers are granted.", field="effect")
    if jobs(group).filter(finished_at=None).exists():
        raise UnderWay("Another job moves members of this ladder; wait until it has ended.", field="effect")
    return configuration


def start(
    group: StoredGroup,
    now: datetime | None = None,
    *,
    reason: str,
    effect: Effect = "upgrades",
    user: AbstractBaseUser | None = None,
) -> NightRun:
    """Write down that members get what the thresholds of today give them; returns the job, a NightRun.

    `advance` and `finish` do it. Who lowers members goes through `requests`. Raises Refused as `check_ready` does.
    """
    configuration, now = check_ready(group, reason), now or timezone.now()
    since = asked_since(configuration, group.code) if effect == "full" else None
    counts: Job = {
        "group": group.code,
        "effect": effect,
        "version": configuration.version,
        "lowers_before": since.isoformat() if since else "",
        "reason": reason.strip()[:200],
        "by": user.get_username() if user else "",
        "members": 0,
        "of_members": concerned(group.program_id).count(),
        "raised": 0,
        "renewed": 0,
        "lowered": 0,
        "moves": {},
        "last_member": 0,
    }
    return KIND.start(group.pk, configuration, counts, now)


def asked_since(configuration: Configuration, code: str) -> datetime:
    """Since when the ladder has asked for what it asks for now."""
    asks, since = configuration.tier_groups[code].asks, None
    for at, number in reversed(configuration.timeline):
        then = versions.at(configuration.id, number).tier_groups.get(code)
        if then is None or then.asks != asks:
            break
        since = at
    return since or timezone.now()


def concerned(program_id: int) -> QuerySet[Member]:
    """The members whose tiers are looked at, in the order of their keys."""
    left = (Member.Status.MERGED, Member.Status.CLOSED)
    return Member.objects.filter(program=program_id).exclude(status__in=left).order_by("pk")


def jobs(group: StoredGroup) -> QuerySet[NightRun]:
    """The jobs of a ladder, the latest first."""
    return KIND.about(group.pk)


def finish(program: Program, *, now: datetime | None = None) -> int:
    """Take up the jobs of `program` that were interrupted; returns how many members they moved in all."""
    return sum(moved(job) for job in KIND.finish(program, now=now))


def moved(job: NightRun) -> int:
    """How many members a job has moved."""
    counts: Job = job.counts
    return counts["raised"] + counts["renewed"] + counts["lowered"]


@shared_task(name="apply_thresholds")
def work(job_id: int) -> None:
    """Finish one job beside the requests. Safe to lose, because the night does the same, and to repeat."""
    KIND.finish_one(job_id)


def _batch(job: NightRun, now: datetime) -> bool:
    """The next members of the job, whose row the caller has locked."""
    counts: Job = job.counts
    configuration = versions.renew(job.program_id)
    group = configuration.tier_groups.get(counts["group"])
    if group is None:
        job.error = "There is no such ladder any more."
        return False
    if not _is_agreed(configuration, group, counts):
        _begin_again(job, configuration)
    rows = concerned(job.program_id).filter(pk__gt=counts["last_member"])
    ids = list(rows.values_list("pk", flat=True)[:BATCH])
    books = Books(Session(), configuration, now=now)
    if ids and books.open(ids, journals=0, entries=0, with_lots=False) != configuration.version:
        # It was changed since it was read a moment ago: look again.
        return True
    settlement.settle(books)
    for account in books.accounts.values():
        _apply(Ladder(configuration, group, account), counts, now)
    if ids:
        books.close()
        counts["members"] += len(ids)
        counts["last_member"] = ids[-1]
    return bool(ids)


def _is_agreed(configuration: Configuration, group: TierGroup, counts: Job) -> bool:
    """Whether the ladder still asks for what the job began with."""
    if configuration.version == counts["version"]:
        return True
    agreed = versions.at(configuration.id, counts["version"]).tier_groups[counts["group"]]
    return (group.asks, group.counting) == (agreed.asks, agreed.counting)


def _begin_again(job: NightRun, configuration: Configuration) -> None:
    """Go through all members again, with the thresholds of today: these raise whoever reaches a tier by them.

    That includes whom the job has lowered already. Nobody else is lowered: nobody has agreed to that.
    """
    counts: Job = job.counts
    if counts["effect"] == "full":
        job.error = LOWERS_NO_MORE
    counts["effect"], counts["lowers_before"], counts["version"] = "upgrades", "", configuration.version
    counts["last_member"] = counts["members"] = 0
    counts["of_members"] = concerned(job.program_id).count()


def _apply(ladder: Ladder, counts: Job, now: datetime) -> None:
    before, since = ladder.tier, counts["lowers_before"]
    lowers_before = datetime.fromisoformat(since) if since else None
    outcome = thresholds.apply(ladder, now, lowers_before=lowers_before, note=counts["reason"])
    if outcome:
        counts[outcome] += 1
        move = " > ".join(tier.code if tier else "none" for tier in (before, ladder.tier))
        counts["moves"][move] = counts["moves"].get(move, 0) + 1


#: The jobs of this file.
KIND = Kind("thresholds", _batch)
