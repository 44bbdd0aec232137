"""Who holds a tier because of a segment? Found by what was looked up last, and set by the verb that sets tiers.

Whoever is in the segment of a tier holds at least that tier; whoever is in none of them any more goes back to what
staff have given and that has not ended, else to the free tier or none. What is locked stays. Each setting names the
standing that it replaces: done twice it does nothing, and what somebody else has changed meanwhile stays.
"""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import NamedTuple, TypedDict

from celery import shared_task
from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet
from django.utils import timezone

from members.ladder import Reason
from members.models import Member, SegmentMembership, Standing
from members.segments.finding import there_is
from partners.models import Connection, Partner
from partners.tier_setting import BY_SEGMENT, TierSetting
from programs import versions
from programs.configuration import Configuration
from programs.ladders import Tier, TierGroup
from programs.models import Segment
from transactions import jobs, ledger
from transactions.models import NightRun

#: Members of one transaction of a job.
SIZE = 200

logger = logging.getLogger(__name__)


class Job(TypedDict):
    """How far it came, how many were raised and lowered, and how many the ledger refused."""

    last: int
    raised: int
    lowered: int
    refused: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """A ladder whose tiers staff set, or segments; `segments` maps tiers to the active segments that they follow."""

    group: TierGroup
    segments: Mapping[str, Segment]

    def wanted(self, inside: Collection[int]) -> Tier | None:
        """The highest tier whose segment is one of these, else the free one."""
        held = [tier for tier in self.group.tiers if tier.code in self.segments]
        found = [tier for tier in held if self.segments[tier.code].pk in inside]
        return found[-1] if found else self.group.base


class Held(NamedTuple):
    """A standing, as far as it matters here."""

    id: int
    tier_id: int | None
    reason: str
    valid_until: datetime | None


# Whose tier is another one than segments say.


def plan(program_id: int, *, now: datetime, behind: int = 0, most: int | None = None) -> list[int]:
    """The keys of the members who may have to go to another tier, in ascending order; it only reads.

    Those `behind` a key, and `most` of them at once. Nobody of a program that is not active.
    """
    configuration = versions.latest(program_id)
    found: set[int] = set()
    for ladder in _ladders(configuration):
        for rows in (*_below(ladder, now), *_above(ladder, now)):
            keys = rows.filter(member__gt=behind, member__status=Member.Status.ACTIVE).order_by("member")
            found.update(keys.values_list("member", flat=True)[:most])
    return sorted(found)[:most]


def _ladders(configuration: Configuration) -> Iterator[Ladder]:
    if configuration.status != "active":
        return
    groups = [group for group in configuration.tier_groups.values() if group.model == "manual"]
    named = {tier.segment for group in groups for tier in group.tiers if tier.segment}
    active = Segment.objects.filter(program=configuration.id, code__in=named, is_active=True)
    rows = {segment.code: segment for segment in active} if named else {}
    for group in groups:
        yield Ladder(group, {tier.code: rows[tier.segment] for tier in group.tiers if tier.segment in rows})


def _below(ladder: Ladder, now: datetime) -> Iterator[QuerySet[SegmentMembership]]:
    """Of each tier those in its segment who hold a lower one, or none, and are not locked."""
    standings = Standing.objects.current().filter(member=OuterRef("member"), group=ladder.group.id)
    for place, tier in enumerate(ladder.group.tiers):
        if segment := ladder.segments.get(tier.code):
            enough = Q(tier__in=[one.id for one in ladder.group.tiers[place:]]) | Q(locked_until__gt=now)
            inside = SegmentMembership.objects.filter(segment=segment)
            yield inside.filter(~there_is(standings.filter(enough)))


def _above(ladder: Ladder, now: datetime) -> Iterator[QuerySet[Standing]]:
    """Of each tier those who hold it because of a segment, and are not in it any more."""
    for tier in ladder.group.tiers:
        if tier is not ladder.group.base:
            given = Standing.objects.current().filter(tier=tier.id, reason=Reason.SEGMENT.value)
            given = given.exclude(locked_until__gt=now)
            segment = ladder.segments.get(tier.code)
            inside = SegmentMembership.objects.filter(segment=segment, member=OuterRef("member"))
            yield given.filter(~there_is(inside)) if segment else given


# What they are to hold.


def work(program_id: int, member_ids: Collection[int], *, now: datetime) -> dict[str, int]:
    """Let these members hold what segments say; returns how many were "raised", "lowered" and "refused"."""
    configuration, done = versions.latest(program_id), Counter({"raised": 0, "lowered": 0, "refused": 0})
    for ladder in _ladders(configuration):
        moves = list(_moves(ladder, sorted(member_ids), now))
        for first in range(0, len(moves), ledger.LARGEST_BATCH):
            done.update(_post(configuration, moves[first : first + ledger.LARGEST_BATCH], now))
    return dict(done)


class _Move(NamedTuple):
    """A setting, and whether it leads up."""

    item: TierSetting
    is_up: bool


def _moves(ladder: Ladder, member_ids: list[int], now: datetime) -> Iterator[_Move]:
    rows = Member.objects.filter(pk__in=member_ids, status=Member.Status.ACTIVE).order_by("pk")
    numbers = dict(rows.values_list("pk", "number"))
    inside = _inside(ladder, numbers)
    standings = Standing.objects.told().filter(group=ladder.group.id, member__in=numbers)
    locked = set(standings.current().filter(locked_until__gt=now).values_list("member_id", flat=True))
    current = _last_of(standings.current())
    given = _last_of(standings.exclude(reason=Reason.SEGMENT.value))
    for key, number in numbers.items():
        held, kept = current.get(key), _kept(given.get(key), now)
        wanted = ladder.wanted(inside.get(key, set()))
        if key not in locked and (setting := _setting(ladder, held, wanted, kept)):
            external_id = f"segment {ladder.group.code} {held.id if held else f'of member {key}'}"
            item = replace(setting, external_id=external_id, member={"number": number}, activity_at=now)
            before = ladder.group.by_id.get(held.tier_id) if held else None
            after = ladder.group.by_code[item.tier] if item.tier else None
            yield _Move(item, ladder.group.rank(after) > ladder.group.rank(before))


def _kept(given: Held | None, now: datetime) -> Held | None:
    """What was given otherwise than by a segment, unless it has ended."""
    return given if given and (given.valid_until is None or given.valid_until > now) else None


def _setting(ladder: Ladder, held: Held | None, wanted: Tier | None, kept: Held | None) -> TierSetting | None:
    """What is to be held in place of what is `held`, None where that is right: what segments say is `wanted`, or
    what is `kept`, if that is more."""
    group = ladder.group
    before = group.by_id.get(held.tier_id) if held else None
    promised = group.by_id.get(kept.tier_id) if kept else None
    is_kept = kept is not None and group.rank(promised) > group.rank(wanted)
    target = promised if is_kept else wanted
    by_segment = held is not None and held.reason == Reason.SEGMENT.value
    if target is before or (group.rank(target) < group.rank(before) and not by_segment):
        return None
    holds = target is not None and target.code in ladder.segments and not is_kept
    name = ladder.segments[target.code].name if holds and target else _left(ladder, before)
    return TierSetting(
        external_id="",
        member={},
        tier=target.code if target else "",
        reason_type=BY_SEGMENT,
        reason=f"In the segment {name}" if holds else f"No more in the segment {name}".rstrip(),
        tier_group=group.code,
        until=kept.valid_until if is_kept and kept else None,
        replaces=held.id if held else 0,
        restores=kept.reason if is_kept and kept else "",
    )


def _left(ladder: Ladder, before: Tier | None) -> str:
    """The name of the segment of the tier that was held; "" where it follows none any more."""
    segment = ladder.segments.get(before.code) if before else None
    return segment.name if segment else ""


def _inside(ladder: Ladder, member_ids: Iterable[int]) -> dict[int, set[int]]:
    """{member: keys of the segments of the ladder} that they are in."""
    found: dict[int, set[int]] = {}
    rows = SegmentMembership.objects.filter(member__in=list(member_ids), segment__in=list(ladder.segments.values()))
    for member, segment in rows.values_list("member_id", "segment_id").order_by():
        found.setdefault(member, set()).add(segment)
    return found


def _last_of(standings: QuerySet[Standing]) -> dict[int, Held]:
    """{member: the last of these standings}."""
    rows = standings.order_by("from_at", "pk")
    columns = rows.values_list("member_id", "id", "tier_id", "reason", "valid_until")
    return {member: Held(id, tier, reason, until) for member, id, tier, reason, until in columns}


def _post(configuration: Configuration, moves: list[_Move], now: datetime) -> Counter[str]:
    """Post settings; where they cannot be posted together, one after the other."""
    via = Connection.of(Partner.objects.get(code=configuration.owner), Connection.Platform.TIMETABLE)
    results = ledger.record([move.item for move in moves], program_id=configuration.id, via=via, now=now)
    done: Counter[str] = Counter()
    for move, result in zip(moves, results, strict=True):
        if result.refusal:
            logger.warning("a tier could not follow its segment: %s", result.refusal.detail)
            done["refused"] += 1
        elif result.status == "posted":
            done["raised" if move.is_up else "lowered"] += 1
    return done


# Behind a segment that was saved.


def begin(program_id: int, codes: Collection[str], *, now: datetime) -> None:
    """Let tiers follow segments that were looked up anew, once that is committed."""
    groups = versions.latest(program_id).tier_groups.values()
    if any(tier.segment in codes for group in groups for tier in group.tiers if tier.segment):
        job = start(program_id, now=now)
        transaction.on_commit(partial(KIND.begin, job, finish_following), robust=True)


def start(program_id: int, *, now: datetime | None = None) -> NightRun:
    """Write down that the tiers of a program have to follow its segments."""
    counts = Job(last=0, raised=0, lowered=0, refused=0)
    return KIND.start(program_id, versions.latest(program_id), counts, now or timezone.now())


@shared_task(name="segment tiers")
def finish_following(job_id: int) -> None:
    """Finish one job beside the requests. Safe to lose, because the night does the same, and to repeat."""
    KIND.finish_one(job_id)


def _batch(run: NightRun, now: datetime) -> bool:
    """The next members whose tier is another one; says whether there were any."""
    job: Job = run.counts
    keys = plan(run.program_id, now=now, behind=job["last"], most=SIZE)
    if not keys:
        return False
    done = work(run.program_id, keys, now=now)
    job["raised"] += done["raised"]
    job["lowered"] += done["lowered"]
    job["refused"] += done["refused"]
    job["last"] = keys[-1]
    return True


KIND = jobs.Kind("followed", _batch)
