"""What happens to points that members hold already, when marketing changes how points end?

Nothing, by itself: new terms are for new lots. A job that is previewed first gives live lots the new terms,
never ending any of them sooner than the notice, and writes down each end that it changed (semantics C10-R6).
Where points never ended before, they get a whole period from the switch.
"""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.sql import Session
from programs import periods, versions
from programs.expiry import days_from, end_of_inactivity, end_of_lot
from transactions import settlement
from transactions.books import Books
from transactions.models import Entry, Lot, NightRun, Redating

#: Members in one transaction.
BATCH = 200
_STEP = "redate"


class NoReason(Refused):
    code = "reason_missing"


@dataclass(slots=True)
class Preview:
    """What a job at `at` would do to live lots; `ends` are points by the local day of their new end."""

    at: datetime
    lots: int = 0
    points: int = 0
    sooner: int = 0
    later: int = 0
    unchanged: int = 0
    ends: dict = field(default_factory=dict)


def new_end(currency, lot, *, at, zone, enrolled_at, balance_end):
    """The end of `lot` (LotState or Lot) under the terms of today, None for never."""
    terms = currency.expiry
    earned_at = lot.activity_at if currency.expiry_starts == "earning" else lot.available_at or lot.activity_at
    if lot.expires_at is None and balance_end is None:
        earned_at = at
    end = end_of_lot(terms, earned_at=earned_at, processed_at=at, zone=zone, enrolled_at=enrolled_at).at
    if end is None:
        return None
    end = max(end, days_from(at, terms.notice_days, zone))
    return max(end, lot.expires_at) if lot.is_extended and lot.expires_at else end


def preview(currency, now=None):
    """What `apply` would do to `currency` (a programs.models.Currency) now. Writes nothing."""
    now = now or timezone.now()
    configuration = versions.renew(currency.program_id)
    terms, zone = configuration.currencies[currency.code], configuration.zone
    live = Lot.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), currency=currency, remaining__gt=0)
    ends = dict(currency.balances.exclude(expires_at=None).values_list("member", "expires_at"))
    found = Preview(at=now)
    for lot in live.select_related("member").order_by("pk").iterator(chunk_size=2000):
        end = new_end(
            terms, lot, at=now, zone=zone, enrolled_at=lot.member.enrolled_at, balance_end=ends.get(lot.member_id)
        )
        _count(found, lot, end, zone)
    return found


def _count(found, lot, end, zone):
    found.lots += 1
    found.points += lot.remaining
    day = periods.local_date(end, zone) if end else None
    found.ends[day] = found.ends.get(day, 0) + lot.remaining
    if end == lot.expires_at:
        found.unchanged += 1
    elif lot.expires_at is None or (end and end < lot.expires_at):
        found.sooner += 1
    else:
        found.later += 1


def apply(currency, now=None, *, reason):
    """Give the live lots of `currency` the terms of today; returns how many lots got another end.

    A job that is interrupted is taken up again by `finish`, which the night calls.
    """
    if not reason.strip():
        raise NoReason("Say why: members and auditors will ask.", field="reason")
    now = now or timezone.now()
    configuration = versions.renew(currency.program_id)
    last = Entry.objects.aggregate(last=Max("pk"))["last"] or 0
    counts = {"currency": currency.code, "at": now.isoformat(), "reason": reason[:200], "lots": 0}
    job, _ = NightRun.objects.get_or_create(
        program_id=currency.program_id,
        day=periods.local_date(now, configuration.zone),
        step=f"{_STEP} {currency.pk} {now:%H%M%S}",
        defaults={"counts": counts | {"last_member": 0, "last_lot": last}},
    )
    return _work(job, now=now)


def finish(program, *, now=None):
    """Take up the jobs of `program` that were interrupted; yields how many lots each changed in all."""
    jobs = NightRun.objects.filter(program=program, step__startswith=f"{_STEP} ", finished_at=None)
    for job in jobs.order_by("pk"):
        yield _work(job, now=now or timezone.now())


def _work(job, *, now):
    """Batch by batch; the place that was reached is written in the transaction of its batch."""
    configuration = versions.renew(job.program_id)
    currency = configuration.currencies[job.counts["currency"]]
    lots = Lot.objects.filter(currency=currency.id, remaining__gt=0, pk__lte=job.counts["last_lot"])
    rows = NightRun.objects.filter(pk=job.pk)
    while job.finished_at is None:
        queue = lots.filter(member__gt=job.counts["last_member"]).order_by("member_id")
        ids = list(queue.values_list("member_id", flat=True).distinct()[:BATCH])
        with transaction.atomic():
            job = rows.select_for_update().get()
            if ids and job.finished_at is None:
                job.counts["lots"] += _redate(configuration, currency, ids, job.counts, now)
                job.counts["last_member"] = ids[-1]
            elif not ids:
                job.finished_at = timezone.now()
            rows.update(counts=job.counts, finished_at=job.finished_at)
    return job.counts["lots"]


def _redate(configuration, currency, member_ids, job, now):
    """Under the lock of these members: book what is due, then move the ends; returns how many moved."""
    books = Books(Session(), configuration, now=now)

    def read():
        return settlement.read_reservations(books.session, books, "j.member_id {ids}", [member_ids])

    _, (reservations,) = books.open(member_ids, journals=0, entries=0, with_lots=True, also=[read])
    settlement.settle(books)
    waiting = reservations()
    at = datetime.fromisoformat(job["at"])
    for account in books.accounts.values():
        _redate_account(books, account, currency, job, at)
        own = [one for one in waiting.values() if one.member_id == account.id and one.due_at > now]
        settlement.rewake(books, account, currency, own)
    books.close()
    return len(books.rows[Redating])


def _redate_account(books, account, currency, job, at):
    holding, zone = account.holding(currency.id), books.configuration.zone
    lots = [lot for lot in books.lots_of(account, currency) if lot.remaining and lot.id <= job["last_lot"]]
    had_end = holding.expires_at is not None or any(lot.expires_at for lot in lots)
    for lot in lots:
        common = {"enrolled_at": account.enrolled_at, "balance_end": holding.expires_at}
        books.redate(lot, new_end(currency, lot, at=at, zone=zone, **common), job["reason"])
    if currency.expiry.model != "activity":
        holding.live_until(None)
    elif holding.expires_at is None and lots:
        since = (holding.last_activity_at or account.enrolled_at) if had_end else at
        end = end_of_inactivity(currency.expiry, last_activity_at=since, zone=zone)
        holding.live_until(max(end, days_from(at, currency.expiry.notice_days, zone)))
