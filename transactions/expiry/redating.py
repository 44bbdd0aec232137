"""What happens to points that members hold already, when marketing changes how points end?

Nothing, by itself: new terms are for new lots. A job that is previewed first gives live lots the new terms,
never ending any of them sooner than the notice, and writes down each end that it changed (semantics C10-R6).
Where points never ended before, they get a whole period from the switch.
"""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Protocol, TypedDict

from celery import shared_task
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Count, Max, QuerySet
from django.utils import timezone

from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.sql import Session
from programs import versions
from programs.configuration import Configuration, Currency
from programs.expiry import days_from, end_of_inactivity, end_of_lot
from programs.models import Currency as StoredCurrency
from programs.models import Program
from transactions.books import settlement
from transactions.books.balances import BalanceInHand
from transactions.books.unit_of_work import Books
from transactions.jobs import Kind
from transactions.models import Entry, Lot, NightRun

#: Members in one transaction.
BATCH = 200


class NoReason(Refused):
    """A job needs a reason."""

    code = "reason_missing"


class Job(TypedDict):
    """What a job is to do, and how far it is: the `counts` of its NightRun.

    The lots up to `last_lot` get the terms that hold `at` that instant, those of the program in this `version`: what
    was seen and agreed to, whatever is edited meanwhile. Members up to `last_member` have them.
    """

    currency: str
    at: str
    version: int
    reason: str
    lots: int
    members: int
    of_members: int
    by: str
    last_member: int
    last_lot: int


class LotLike(Protocol):
    """A lot in hand or as it is stored."""

    activity_at: datetime
    available_at: datetime | None
    expires_at: datetime | None
    is_extended: bool


def new_end(
    currency: Currency,
    lot: LotLike,
    *,
    at: datetime,
    zone: tzinfo,
    enrolled_at: datetime,
    balance_end: datetime | None,
) -> datetime | None:
    """The end of `lot` under the terms of today, None for never; `at` is the instant of the change.

    No end becomes sooner than the notice; one that was nearer already stays, so a job that is done twice
    moves nothing the second time.
    """
    terms = currency.expiry
    earned_at = lot.activity_at if currency.expiry_starts == "earning" else lot.available_at or lot.activity_at
    current = lot.expires_at or balance_end
    if current is None:
        earned_at = at
    end = end_of_lot(terms, earned_at=earned_at, processed_at=earned_at, zone=zone, enrolled_at=enrolled_at).at
    if end is None:
        return None
    soonest = days_from(at, max(terms.notice_days, terms.min_validity_days), zone, terms.period_end)
    end = max(end, min(soonest, current or soonest))
    return max(end, lot.expires_at) if lot.is_extended and lot.expires_at else end


def new_balance_end(
    currency: Currency,
    *,
    current: datetime | None,
    active_at: datetime,
    had_end: bool,
    at: datetime,
    zone: tzinfo,
) -> datetime | None:
    """The end of a whole balance that lives on activity, None under any other model.

    `current` is what it is now, `active_at` when the member was last active, or enrolled; `had_end` whether any of
    the points had an end until now.
    """
    if currency.expiry.model != "activity":
        return None
    if current is not None:
        return current
    terms = currency.expiry
    end = end_of_inactivity(terms, last_activity_at=active_at if had_end else at, zone=zone)
    return max(end, days_from(at, terms.notice_days, zone, terms.period_end))


def apply(currency: StoredCurrency, now: datetime | None = None, *, reason: str) -> int:
    """Give the live lots of `currency` the terms of today; returns how many lots got another end.

    A job that is interrupted is taken up again by `finish`, which the night calls.
    """
    lots: int = KIND.advance(start(currency, now, reason=reason), now=now).counts["lots"]
    return lots


def start(
    currency: StoredCurrency, now: datetime | None = None, *, reason: str, user: AbstractBaseUser | None = None
) -> NightRun:
    """Write down that the live lots of `currency` get the terms of today; returns the job, a NightRun.

    `advance` and `finish` do it. Raises NoReason.
    """
    if not reason.strip():
        raise NoReason("Say why: members and auditors will ask.", field="reason")
    now = now or timezone.now()
    configuration = versions.renew(currency.program_id)
    last = Entry.objects.aggregate(last=Max("pk"))["last"] or 0
    members = _lots(currency.pk, last).aggregate(members=Count("member", distinct=True))["members"]
    counts: Job = {
        "currency": currency.code,
        "at": now.isoformat(),
        "version": configuration.version,
        "reason": reason[:200],
        "lots": 0,
        "members": 0,
        "of_members": members,
        "by": user.get_username() if user else "",
        "last_member": 0,
        "last_lot": last,
    }
    return KIND.start(currency.pk, configuration, counts, now)


def jobs(currency: StoredCurrency) -> QuerySet[NightRun]:
    """The jobs of `currency`, the latest first."""
    return KIND.about(currency.pk)


def finish(program: Program, *, now: datetime | None = None) -> Iterator[int]:
    """Take up the jobs of `program` that were interrupted; yields how many lots each changed in all."""
    for job in KIND.finish(program, now=now):
        yield job.counts["lots"]


@shared_task(name="redate")
def work(job_id: int) -> None:
    """Finish one job beside the requests. Safe to lose, because the night does the same, and to repeat."""
    KIND.finish_one(job_id)


def _batch(job: NightRun, now: datetime) -> bool:
    """The next members of the job, whose row the caller has locked."""
    configuration = versions.renew(job.program_id)
    counts: Job = job.counts
    currency = configuration.currencies[counts["currency"]]
    left = _lots(currency.id, counts["last_lot"]).filter(member__gt=counts["last_member"])
    ids = list(left.order_by("member_id").values_list("member_id", flat=True).distinct()[:BATCH])
    if ids:
        counts["lots"] += _redate(configuration, _agreed(currency, configuration, counts), ids, counts, now)
        counts["members"] = counts.get("members", 0) + len(ids)
        counts["last_member"] = ids[-1]
    return bool(ids)


KIND = Kind("redate", _batch)


def _agreed(currency: Currency, configuration: Configuration, counts: Job) -> Currency:
    """The currency with the terms that the job is about; one from before they were noted takes those of today."""
    version = counts.get("version", configuration.version)
    return versions.at(configuration.id, version).currencies.get(currency.code, currency)


def _lots(currency_id: int, last_lot: int) -> QuerySet[Lot]:
    """The live lots that there were when the job began."""
    return Lot.objects.filter(currency=currency_id, remaining__gt=0, pk__lte=last_lot)


def _redate(configuration: Configuration, agreed: Currency, member_ids: list[int], job: Job, now: datetime) -> int:
    """Under the lock of these members: book what is due, then move the ends; returns how many moved.

    What is due is booked by the terms of now, the ends are those of `agreed`.
    """
    books = Books(Session(), configuration, now=now)
    with books.session.together():
        take = books.lock(member_ids, journals=0, entries=0, with_lots=True)
        reservations = settlement.read_reservations(books, "j.member_id {ids}", [member_ids])
    take()
    settlement.settle(books)
    waiting = reservations()
    at = datetime.fromisoformat(job["at"])
    for account in books.accounts.values():
        hand = books.balance(account, books.currencies[agreed.id])
        _redate_balance(hand, agreed, job, at)
        settlement.rewake(hand, [one for one in waiting if one.member_id == account.id and one.due_at > now])
    books.close()
    return books.redated


def _redate_balance(hand: BalanceInHand, currency: Currency, job: Job, at: datetime) -> None:
    account, holding = hand.account, hand.holding
    zone = hand.books.configuration.zone
    lots = [lot for lot in hand.live_lots if lot.id <= job["last_lot"]]
    had_end = holding.expires_at is not None or any(lot.expires_at for lot in lots)
    for lot in lots:
        end = new_end(
            currency,
            lot,
            at=at,
            zone=zone,
            enrolled_at=account.enrolled_at,
            balance_end=holding.expires_at,
        )
        hand.books.redate(lot, end, job["reason"])
    if lots or currency.expiry.model != "activity":
        active_at = holding.last_activity_at or account.enrolled_at
        end = new_balance_end(
            currency, current=holding.expires_at, active_at=active_at, had_end=had_end, at=at, zone=zone
        )
        if end != holding.expires_at:
            holding.live_until(end)
