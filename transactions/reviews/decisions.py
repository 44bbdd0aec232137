"""What becomes of a journal that was written down without being booked?

Somebody, or time, decides it: approve or reject what is held, retry what failed, match a refund with the order
that came after it, give up what waited too long. Which state follows which: transactions/models/transitions.py.
"""

from contextlib import suppress
from datetime import datetime
from typing import Unpack

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from loyalty_site.lib.refusals import Refused
from members.models import Member
from transactions import ledger
from transactions.books import held_told
from transactions.books.held_told import Held
from transactions.books.items import Result
from transactions.models import Journal
from transactions.models.journals import Decider, JournalQuerySet, NotOpen, decision
from transactions.reviews.telling import Request, tell_of
from transactions.verbs import groups
from transactions.verbs.adjustments import ReasonMissing

Kind, Status = Journal.Kind, Journal.Status

#: An order in one of these states has earned what a refund may take back.
BOOKED = [Status.PROCESSED, Status.PARTIALLY_REVERSED, Status.REVERSED]


def approve(
    journal_id: int, *, by: Member | None = None, user: AbstractBaseUser | None = None, now: datetime | None = None
) -> Result:
    """Book a held journal as it was reported; returns its Result.

    `by` is the member, an owner or approver of the group whose points it spends, who says so. Raises
    NotOpen, NotAllowed.
    """
    _check_approver(journal_id, by)
    with transaction.atomic():
        result = ledger.resume(journal_id, {Status.HELD}, user=user, member=by, now=now)
        if not result.refusal:
            _tell(journal_id, "approved", now)
    return result


def _tell(journal_id: int, status: str, now: datetime | None) -> None:
    """Let those hear of it who were told that it waits."""
    journal = Journal.objects.select_related("program", "member").get(pk=journal_id)
    if journal.kind != Kind.ACCRUAL or journal.member is None:
        return
    held = Held(journal.pk, journal.external_id, journal.member.pk, journal.member.number)
    asked = Request(held_told.KIND, held.journal_id, held.what, "", held.address, held.member_id)
    tell_of(journal.program, asked, status, now or timezone.now())


def retry(journal_id: int, *, user: AbstractBaseUser | None = None, now: datetime | None = None) -> Result:
    """Try a failed or waiting journal again; returns its Result. It stays as it is when it fails again."""
    return ledger.resume(journal_id, {Status.FAILED, Status.PENDING}, user=user, now=now)


def _check_approver(journal_id: int, member: Member | None) -> None:
    """Refuse a member who may not approve the journal; staff need no approver."""
    journal = Journal.objects.filter(pk=journal_id).first() if member else None
    if journal and member:
        groups.check_approver(journal, member)


def reject(
    journal_id: int,
    *,
    reason: str,
    by: Member | None = None,
    user: AbstractBaseUser | None = None,
    now: datetime | None = None,
) -> Journal:
    """Close an open journal without booking it; `by` as for `approve`. Raises NotOpen, ReasonMissing, NotAllowed."""
    _check_approver(journal_id, by)
    if not reason.strip():
        raise ReasonMissing("Say why: who reported it will ask.", field="reason")
    with transaction.atomic():
        journal = Journal.objects.to_decide(journal_id, {Status.HELD, Status.FAILED, Status.PENDING})
        if journal.kind == Kind.REDEMPTION and journal.status == Status.PENDING:
            raise NotOpen("A reservation is released, not rejected.", field="transaction")
        now = now or timezone.now()
        was_held = journal.status == Status.HELD
        _reject(Journal.objects.filter(pk=journal.pk), reason, now, **decision(user, by, now=now))
        if was_held:
            _tell(journal_id, "rejected", now)
    return Journal.objects.get(pk=journal_id)


def match(*, now: datetime | None = None) -> int:
    """Book the refunds whose order has come meanwhile, unseen by them and it by them; returns how many."""
    order = Journal.objects.filter(
        program=OuterRef("program"),
        connection=OuterRef("connection"),
        kind=Kind.ACCRUAL,
        external_id=OuterRef("order_ref"),
        status__in=BOOKED,
    )
    matched = 0
    for journal_id in _waiting().filter(Exists(order)).order_by("pk").values_list("pk", flat=True):
        with suppress(Refused):
            matched += ledger.resume(journal_id, {Status.PENDING}, now=now).status == "posted"
    return matched


def give_up(*, now: datetime | None = None) -> int:
    """Reject the refunds whose order never came; returns how many."""
    now = now or timezone.now()
    match(now=now)
    return _reject(_waiting().filter(due_at__lte=now), "The order never came.", now)


def _waiting() -> JournalQuerySet:
    """Refunds whose order has not come."""
    return Journal.objects.filter(kind=Kind.REVERSAL, status=Status.PENDING)


def _reject(journals: JournalQuerySet, why: str, now: datetime, **decider: Unpack[Decider]) -> int:
    open_states = [Status.PENDING, Status.FAILED, Status.HELD]
    return journals.shut(open_states, status=Status.REJECTED, why=why, now=now, **decider)
