"""What becomes of a journal that was written down without being booked?

One place for every transition of semantics C3-R1 that somebody, or time, decides: approve or reject what
is held, retry what failed, match a refund with the order that came after it, give up what waited too long.
"""

from django.db import transaction
from django.utils import timezone

from loyalty_site.lib.refusals import Refused
from partners.activity import Activity, Adjustment, Redemption, Reversal, Transfer, load
from transactions import ledger
from transactions.models import Journal

Status = Journal.Status

#: From which states a journal may go where; terminal states are not in it.
TRANSITIONS = {
    Status.PENDING: {Status.PROCESSED, Status.FAILED, Status.HELD, Status.REJECTED},
    Status.FAILED: {Status.PROCESSED, Status.FAILED, Status.REJECTED},
    Status.HELD: {Status.PROCESSED, Status.FAILED, Status.REJECTED},
    Status.PROCESSED: {Status.PARTIALLY_REVERSED, Status.REVERSED},
    Status.PARTIALLY_REVERSED: {Status.PARTIALLY_REVERSED, Status.REVERSED},
}

_VALUES = {
    Journal.Kind.ACCRUAL: Activity,
    Journal.Kind.REDEMPTION: Redemption,
    Journal.Kind.REVERSAL: Reversal,
    Journal.Kind.ADJUSTMENT: Adjustment,
    Journal.Kind.TRANSFER: Transfer,
}


class NotOpen(Refused):
    code = "not_open"


def approve(journal_id, *, user=None, now=None):
    """Book a held journal as it was reported; returns its Result."""
    return _book(journal_id, {Status.HELD}, user=user, now=now)


def retry(journal_id, *, user=None, now=None):
    """Try a failed or waiting journal again; returns its Result. It stays as it is when it fails again."""
    return _book(journal_id, {Status.FAILED, Status.PENDING}, user=user, now=now)


def _book(journal_id, states, *, user, now):
    with transaction.atomic():
        # The row is locked, so that two people who decide at once do it once.
        journal = _open_journal(journal_id, states)
        item = load(_VALUES[journal.kind], journal.payload)
        if item.activity_at is None:
            item = load(_VALUES[journal.kind], journal.payload | {"activity_at": journal.activity_at.isoformat()})
        return ledger.record(
            [item],
            program_id=journal.program_id,
            via=journal.connection,
            user=user,
            now=now,
            resumed={0: journal.pk},
        )[0]


def reject(journal_id, *, reason, user=None, now=None):
    """Close an open journal without booking it; points that it reserved go back."""
    with transaction.atomic():
        journal = _open_journal(journal_id, {Status.HELD, Status.FAILED, Status.PENDING})
        if journal.kind == Journal.Kind.REDEMPTION:
            raise NotOpen("A reservation is released, not rejected.", field="transaction")
        _close(Journal.objects.filter(pk=journal.pk), reason, now or timezone.now())
    return Journal.objects.get(pk=journal_id)


def give_up(*, now=None):
    """Reject the refunds whose order never came; returns how many."""
    now = now or timezone.now()
    waiting = Journal.objects.filter(kind=Journal.Kind.REVERSAL, status=Status.PENDING, due_at__lte=now)
    return _close(waiting, "The order never came.", now)


def match(program_id, orders, *, now=None):
    """Book the refunds that came before these orders (journals); returns their Results."""
    waiting = Journal.objects.filter(
        program_id=program_id,
        kind=Journal.Kind.REVERSAL,
        status=Status.PENDING,
        connection_id__in={order.connection_id for order in orders},
        order_ref__in=[order.external_id for order in orders],
    )
    return [retry(pk, now=now) for pk in waiting.order_by("pk").values_list("pk", flat=True)]


def _open_journal(journal_id, states):
    journal = (
        Journal.objects.select_for_update(of=["self"], no_key=True)
        .select_related("connection__partner")
        .filter(pk=journal_id)
        .first()
    )
    if journal is None:
        raise NotOpen("There is no such transaction.", field="transaction")
    if journal.status not in states:
        raise NotOpen(f"The transaction is {journal.get_status_display().lower()}.", field="transaction")
    return journal


def _close(journals, why, now):
    return journals.put(status=Status.REJECTED, error=why[:300], processed_at=now)
