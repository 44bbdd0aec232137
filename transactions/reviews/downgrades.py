"""Who may agree to the downgrades that wait, and what becomes of those who were on the list? Semantics C15-R5.

A list belongs to a tier group and the local day from which its downgrades wait. What comes to a list that was agreed
to already waits for that of the next day. Whoever decides lowers those whom they were shown, and nobody else.
"""

import logging
import time
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from celery import shared_task
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from loyalty_site.lib.instants import full_day
from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.texts import BLANK, wrong_text
from members.models import Member, Standing
from programs import periods
from programs.models import Program, TierGroup
from transactions.models import DowngradeDecision
from transactions.reviews import lowering
from transactions.reviews.shown import pack, unpack
from transactions.verbs.adjustments import ReasonMissing

PERMISSION = "programs.decide_downgrades"

#: Members who are locked at once.
BATCH = 200
#: A reason becomes the note of a standing.
LONGEST_REASON = 200

logger = logging.getLogger(__name__)


class NotDecider(Refused):
    """The user lacks the permission to decide."""

    code = "not_decider"


class AlreadyDecided(Refused):
    """Somebody has decided about this list."""

    code = "already_decided"


class NotYet(Refused):
    """The list is of a day to come."""

    code = "list_not_complete"


class NobodyWaits(Refused):
    """There is nobody on the list who was shown."""

    code = "nobody_waits"


class NotOnTheList(Refused):
    """An exception names somebody who was not on the list."""

    code = "not_on_the_list"


class OwnMembership(Refused):
    """The user would except a membership of their own."""

    code = "own_membership"


@dataclass(frozen=True, slots=True)
class Waiting:
    """The list of one day: so many `members` wait."""

    day: date
    members: int


def lists(group: TierGroup) -> list[Waiting]:
    """The lists of a group on which somebody waits, the oldest first."""
    found: Counter[date] = Counter()
    decided = _decided(group)
    for own, members in _days(group):
        found[_list_of(own, decided)] += members
    return [Waiting(day, members) for day, members in sorted(found.items())]


def on_list(group: TierGroup, day: date) -> QuerySet[Standing]:
    """The standings that wait on the list of a day, by their keys."""
    zone, decided, which = group.program.zone, _decided(group), Q(pk=None)
    for own, _ in _days(group):
        if _list_of(own, decided) == day:
            begins, ends = periods.start_of_day(own, zone), periods.end_of_day(own, zone)
            which |= Q(waits_from__gte=begins, waits_from__lt=ends)
    return Standing.objects.filter(which, group=group).order_by("pk")


def _days(group: TierGroup) -> list[tuple[date, int]]:
    """(local day from which they wait, how many)."""
    rows = Standing.objects.filter(group=group, waits_from__isnull=False).order_by()
    days = rows.annotate(day=TruncDate("waits_from", tzinfo=ZoneInfo(group.program.time_zone)))
    return list(days.values_list("day").annotate(members=Count("pk")).order_by("day"))


def _decided(group: TierGroup) -> set[date]:
    done = DowngradeDecision.objects.filter(group=group, finished_at__isnull=False)
    return set(done.values_list("day", flat=True))


def _list_of(own: date, decided: Collection[date]) -> date:
    """On which list somebody stands who waits from a day: the first one that nobody has decided about."""
    while own in decided:
        own += periods.ONE_DAY
    return own


def decide(
    group: TierGroup,
    day: date,
    *,
    user: User,
    shown: Collection[int],
    excepted: Mapping[str, str],
    now: datetime | None = None,
) -> DowngradeDecision:
    """Agree to the list of a day, but for who is `excepted` (reasons by member number); returns the decision.

    `shown` are the keys of the standings that the user has seen. Nobody is lowered yet: `advance` does it. Raises
    NotDecider, NotYet, AlreadyDecided, NobodyWaits, ReasonMissing, NotOnTheList, OwnMembership.
    """
    now = now or timezone.now()
    _check(group, day, user, now)
    waiting = set(on_list(group, day).values_list("pk", flat=True))
    if waiting.isdisjoint(shown):
        raise NobodyWaits("Nobody on this list waits any more: all were renewed or changed meanwhile.", field="day")
    reasons = _reasons(group, set(shown), excepted, user)
    listed = pack(Standing.objects.filter(group=group, pk__in=shown).values_list("pk", flat=True))
    newcomers = len(waiting.difference(shown))
    try:
        with transaction.atomic():
            return DowngradeDecision.objects.create(
                group=group,
                day=day,
                decided_by=user,
                decided_at=now,
                excepted=reasons,
                shown=listed,
                counts={"lowered": 0, "excepted": 0, "left_out": 0, "own": 0, "failed": 0, "newcomers": newcomers},
            )
    except IntegrityError:
        first = DowngradeDecision.objects.filter(group=group, day=day).select_related("decided_by").first()
        if first is None:
            raise
        raise _decided_by(first) from None


def _check(group: TierGroup, day: date, user: User, now: datetime) -> None:
    """Refuse who may not decide, and a list that is none yet, or none any more."""
    if not user.has_perm(PERMISSION):
        raise NotDecider("You may not decide about downgrades; ask somebody who may.", field="user")
    if day > periods.local_date(now, group.program.zone):
        raise NotYet(f"The list of {full_day(day)} is not complete yet.", field="day")
    known = DowngradeDecision.objects.filter(group=group, day=day).select_related("decided_by").first()
    if known:
        raise _decided_by(known)


def _decided_by(decision: DowngradeDecision) -> AlreadyDecided:
    who, when = decision.decided_by.get_username(), decision.decided_at.astimezone(decision.group.program.zone)
    detail = f"{who} agreed to the list of {full_day(decision.day)} on {when:%Y-%m-%d at %H:%M}."
    return AlreadyDecided(detail, field="day")


def _reasons(group: TierGroup, shown: set[int], excepted: Mapping[str, str], user: User) -> dict[str, str]:
    """The reasons by keys of standings."""
    if not excepted:
        return {}
    rows = Standing.objects.filter(group=group, pk__in=shown, member__number__in=excepted)
    found = {
        number: (pk, owner)
        for number, pk, owner in rows.values_list("member__number", "pk", "member__customer__user")
    }
    for number, reason in excepted.items():
        if number not in found:
            raise NotOnTheList(f"{number} is not on this list.", field="excepted")
        if not reason or wrong_text(reason) == BLANK:
            raise ReasonMissing(f"Say why {number} keeps the tier: it is written down.", field="excepted")
        if len(reason.strip()) > LONGEST_REASON:
            detail = f"The reason for {number} is longer than {LONGEST_REASON} characters."
            raise ReasonMissing(detail, field="excepted", code="reason_too_long")
        if found[number][1] == user.pk:
            raise OwnMembership(f"{number} is a membership of your own: somebody else decides.", field="excepted")
    return {str(found[number][0]): reason.strip() for number, reason in excepted.items()}


def advance(
    decision: DowngradeDecision, *, now: datetime | None = None, for_s: float | None = None
) -> DowngradeDecision:
    """Carry a decision out batch by batch, for about `for_s` seconds or to its end; returns it as it is then.

    The place that was reached is written in the transaction of its batch, so it goes on wherever it was interrupted.
    """
    stop_at = None if for_s is None else time.monotonic() + for_s
    while decision.finished_at is None and (stop_at is None or time.monotonic() < stop_at):
        with transaction.atomic():
            decision = DowngradeDecision.objects.select_for_update(of=["self"]).get(pk=decision.pk)
            if decision.finished_at is None:
                _batch(decision, now or timezone.now())
    return decision


def _batch(decision: DowngradeDecision, now: datetime) -> None:
    """The next ones of the list, whose decision the caller has locked."""
    keys, reached = unpack(decision.shown), decision.counts.get("reached", 0)
    part = keys[reached : reached + BATCH]
    done = Counter(decision.counts)
    for outcome, count in _outcomes(decision, part, now).items():
        done[outcome] += count
    done["reached"] = reached + len(part)
    decision.counts = dict(done)
    if done["reached"] >= len(keys):
        decision.finished_at, decision.shown = now, ""
        del decision.counts["reached"]
    decision.save(update_fields=["counts", "finished_at", "shown"])


def _outcomes(decision: DowngradeDecision, keys: list[int], now: datetime) -> Counter[str]:
    """What became of these standings; one that cannot be booked never keeps the others waiting."""
    word = lowering.Word(
        group_code=decision.group.code,
        at=decision.decided_at,
        note=f"Agreed to by {decision.decided_by.get_username()}",
        excepted={int(key): reason for key, reason in decision.excepted.items()},
        own=frozenset(Member.objects.filter(customer__user=decision.decided_by).values_list("pk", flat=True)),
    )
    program_id = decision.group.program_id
    try:
        with transaction.atomic():
            return lowering.lower(program_id, keys, word, now=now)
    except Exception:
        done: Counter[str] = Counter()
        for key in keys:
            try:
                with transaction.atomic():
                    done.update(lowering.lower(program_id, [key], word, now=now))
            except Exception:
                logger.exception("a downgrade that was agreed to could not be booked", extra={"standing": key})
                done["failed"] += 1
        return done


def _unfinished() -> QuerySet[DowngradeDecision]:
    return DowngradeDecision.objects.filter(finished_at=None).order_by("pk")


def finish(program: Program, *, now: datetime | None = None) -> Counter[str]:
    """Take up the decisions of a program that were interrupted; what became of all who were on their lists."""
    done: Counter[str] = Counter()
    for decision in _unfinished().filter(group__program=program):
        done.update(advance(decision, now=now).counts)
    return done


@shared_task(name="finish_decision")
def work(decision_id: int) -> None:
    """Finish one decision beside the requests. Safe to lose, because the night does the same, and to repeat."""
    for decision in _unfinished().filter(pk=decision_id):
        advance(decision)
