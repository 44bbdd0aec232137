"""How does a ladder begin to count otherwise while members have points counted on it?

By a change that is previewed, and refused where members would lose what they have. Their points are counted anew from
the ledger, in batches under their locks; tiers stay with their validity, and nobody is lowered by the change itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypedDict

from celery import shared_task
from django.contrib.auth.models import AbstractBaseUser
from django.db import models, transaction
from django.utils import timezone

from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.sql import Session
from members import recounting
from members.ladder import Ladder
from members.models import Member, Standing, Tally
from programs import periods, versions
from programs.configuration import Configuration
from programs.ladders import Counts, Tier
from programs.models import Currency, Program, TierGroup
from transactions.books import settlement
from transactions.books.unit_of_work import Books
from transactions.jobs import Kind
from transactions.models import NightRun
from transactions.models.qualifying import moved, tallied
from transactions.policies import previewing
from transactions.policies.thresholds import NoReason, UnderWay, concerned
from transactions.policies.thresholds import jobs as threshold_jobs

#: Members in one transaction.
BATCH = 200
#: Members who are shown.
SHOWN = 10
#: A cycle that began longer ago is closed.
_LONGEST_CYCLE = timedelta(days=366)


class WouldLose(Refused):
    """Members would lose something that they have."""

    code = "would_lose"


class Changed(Refused):
    """The program was changed since the preview was made."""

    code = "request_stale"


class Job(TypedDict):
    """How far a job is: the `counts` of its NightRun."""

    group: str
    reason: str
    by: str
    members: int
    of_members: int
    given_validity: int
    last_member: int


@dataclass(frozen=True, slots=True)
class Example:
    """A member with what counts today, before and after, and the tier that is held, which stays."""

    member: Member
    tier: Tier | None
    before: Counts
    after: Counts


@dataclass(slots=True)
class Preview:
    """What would happen: `losses` are sentences for which it is refused.

    `members` are all on the ladder, `seen` those who were looked at; for `changed` of them other points would count
    today, `given_validity` have none yet and would get one.
    """

    before: Configuration
    after: Configuration
    code: str
    members: int = 0
    seen: int = 0
    changed: int = 0
    given_validity: int = 0
    losses: list[str] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)

    def refuse(self) -> None:
        """Raises WouldLose where members would lose something."""
        if self.losses:
            raise WouldLose(" ".join(self.losses), field="model")


def preview(group: TierGroup, edit: Callable[[], object], now: datetime | None = None) -> Preview:
    """What would happen if `edit` saved the ladder; what it writes is taken back. Raises what it refuses."""
    before = versions.renew(group.program_id)
    with transaction.atomic():
        edit()
        after = versions.renew(group.program_id)
        transaction.set_rollback(True)
    return compare(before, after, group.code, now or timezone.now())


def compare(before: Configuration, after: Configuration, code: str, now: datetime) -> Preview:
    """What becomes of members when the ladder `code` counts as it does `after` a change. Writes nothing."""
    found = Preview(before, after, code, concerned(before.id).count())
    found.losses += _losses(found, now)
    drifting = 0
    for member, ladder in previewing.look(before, code, now):
        found.seen += 1
        drifting += not _look(found, member, ladder, now)
    if drifting:
        words = "what is counted does not follow from the ledger: run “manage.py audit” first"
        found.losses.append(f"Of {drifting} members {words}.")
    return found


def _losses(found: Preview, now: datetime) -> Iterator[str]:
    """Sentences about what has no place in the new way of counting."""
    before, after = (one.tier_groups[found.code] for one in (found.before, found.after))
    tallies = Tally.objects.filter(group=before.id)
    if not after.criteria:
        if count := tallies.exclude(points=0).values("member").distinct().count():
            yield f"A manual ladder counts nothing: {count} members would lose what they have counted."
        return
    gone = [found.before.currencies[code].id for code in before.criteria if code not in after.criteria]
    for currency in Currency.objects.filter(pk__in=gone):
        if count := tallies.filter(currency=currency).exclude(points=0).values("member").distinct().count():
            yield f"{currency} would count no more: {count} members would lose what they have counted in it."
    first = periods.local_date(now, found.after.zone) - _LONGEST_CYCLE
    if count := tallies.filter(period__gt=first, carried__gt=0).values("member").distinct().count():
        yield f"The present cycle of {count} members opened with surplus of the one before, which would be lost."


def _look(found: Preview, member: Member, ladder: Ladder, now: datetime) -> bool:
    """Note what would change for one member; says whether what is counted now follows from the ledger."""
    at, own = partial(versions.at, found.before.id), list(moved([member.pk]))
    known = TierGroup.objects.filter(pk=ladder.group.id).values_list("recounted_version", flat=True).get()
    recounts = {ladder.group.id: at(known)} if known else {}
    stored = {key[1:]: one.points for key, one in ladder.account.tallies.items() if key[0] == ladder.group.id}
    expected = tallied(own, member.enrolled_at, at=at, recounts=recounts)
    is_sound = {key for key in stored.items() if key[1]} == {
        (key[1:], points) for key, points in expected.items() if key[0] == ladder.group.id and points
    }
    held, day = ladder.held, ladder.day(now)
    tier, before = ladder.tier, dict(ladder.by_code(ladder.counted_on(day)))
    computed = tallied(own, member.enrolled_at, at=lambda number: found.after, recounts={})
    later = Ladder(found.after, found.after.tier_groups[found.code], ladder.account)
    recounting.put(later, {key[1:]: points for key, points in computed.items() if key[0] == ladder.group.id})
    after = dict(later.by_code(later.counted_on(day)))
    until = later.through(later.tier, later.group.last_day(day, later.enrolled_on))
    found.given_validity += bool(held and held.valid_until is None and until)
    if before != after:
        found.changed += 1
        if len(found.examples) < SHOWN:
            found.examples.append(Example(member, tier, tuple(before.values()), tuple(after.values())))
    return is_sound


@transaction.atomic
def change(
    group: TierGroup,
    edit: Callable[[], object],
    *,
    reason: str,
    shown: int | None = None,
    user: AbstractBaseUser | None = None,
    now: datetime | None = None,
) -> NightRun:
    """Let `edit` save the ladder, and begin to count it anew; returns the job, a NightRun.

    `shown` is the version of the program whose preview was seen, None where none has to be. Raises Changed,
    WouldLose, NoReason, UnderWay and what `edit` refuses; then nothing is written.
    """
    now = now or timezone.now()
    rows = Program.objects.select_for_update(no_key=True, of=["self"]).filter(pk=group.program_id)
    if shown not in (None, rows.values_list("version", flat=True).get()):
        raise Changed("The program has changed meanwhile; look again what would happen.", field="shown")
    before = versions.renew(group.program_id)
    edit()
    compare(before, versions.renew(group.program_id), group.code, now).refuse()
    return begin(group, reason=reason, user=user, now=now)


def begin(group: TierGroup, *, reason: str, user: AbstractBaseUser | None = None, now: datetime) -> NightRun:
    """Write down that the ladder, which was saved in this transaction, has to be counted anew; returns the job."""
    if not reason.strip():
        raise NoReason("Say why: members and auditors will ask.", field="reason")
    if group.is_recounting or threshold_jobs(group).filter(finished_at=None).exists():
        raise UnderWay("Another job moves members of this ladder; wait until it has ended.", field="model")
    counting = versions.renew(group.program_id).version
    TierGroup.objects.filter(pk=group.pk).update(recounted_version=counting, is_recounting=True)
    configuration = versions.renew(group.program_id)
    counts: Job = {
        "group": group.code,
        "reason": reason.strip()[:200],
        "by": user.get_username() if user else "",
        "members": 0,
        "of_members": _everybody(group.program_id).count(),
        "given_validity": 0,
        "last_member": 0,
    }
    return KIND.start(group.pk, configuration, counts, now)


def jobs(group: TierGroup) -> models.QuerySet[NightRun]:
    """The jobs of a ladder, the latest first."""
    return KIND.about(group.pk)


def finish(program: Program, *, now: datetime | None = None) -> int:
    """Take up the jobs of `program` that were interrupted; returns of how many members they counted anew."""
    return sum(job.counts["members"] for job in KIND.finish(program, now=now))


@shared_task(name="recount_ladder")
def work(job_id: int) -> None:
    """Finish one job beside the requests. Safe to lose, because the night does the same, and to repeat."""
    KIND.finish_one(job_id)


def _everybody(program_id: int) -> models.QuerySet[Member]:
    """Also who left: what was counted for them is compared with the ledger like that of the others."""
    return Member.objects.filter(program=program_id).order_by("pk")


def _batch(job: NightRun, now: datetime) -> bool:
    """The next members of the job, whose row the caller has locked."""
    counts: Job = job.counts
    rows = _everybody(job.program_id).filter(pk__gt=counts["last_member"])
    ids = list(rows.values_list("pk", flat=True)[:BATCH])
    own = TierGroup.objects.filter(program=job.program_id, code=counts["group"])
    if not ids:
        own.update(is_recounting=False)
        return False
    configuration = versions.renew(job.program_id)
    group = configuration.tier_groups.get(counts["group"])
    if group is None:
        job.error = "There is no such ladder any more."
        return False
    books = Books(Session(), configuration, now=now)
    if books.open(ids, journals=0, entries=0, with_lots=False) != configuration.version:
        # It was changed since it was read a moment ago: look again.
        return True
    # Whoever locks a member of a ladder that is counted anew counts it first.
    settlement.settle(books)
    before = Standing.objects.filter(group__in=own, valid_until=None, is_current=True, member__in=ids).count()
    for account in books.accounts.values():
        ladder = Ladder(configuration, group, account)
        recounting.adopt(ladder, now, note=counts["reason"])
    books.close()
    after = Standing.objects.filter(group__in=own, valid_until=None, is_current=True, member__in=ids).count()
    Tally.objects.filter(group__in=own, member__in=ids, points=0, carried=0).delete()
    counts["given_validity"] += before - after
    counts["members"] += len(ids)
    counts["last_member"] = ids[-1]
    return True


#: The jobs of this file.
KIND = Kind("recount", _batch)
