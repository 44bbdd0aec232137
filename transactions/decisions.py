"""What becomes of a journal that was written down without being booked?

One place for every transition of semantics C3-R1 that somebody, or time, decides: approve or reject what
is held, retry what failed, match a refund with the order that came after it, give up what waited too long.
"""

from django.db import transaction
from django.utils import timezone

from transactions import ledger
from transactions.models import Journal
from transactions.models.journals import NotOpen

Status = Journal.Status

#: From which states a journal may go where; terminal states are not in it.
TRANSITIONS = {
    Status.PENDING: {Status.PROCESSED, Status.FAILED, Status.HELD, Status.REJECTED},
    Status.FAILED: {Status.PROCESSED, Status.FAILED, Status.REJECTED},
    Status.HELD: {Status.PROCESSED, Status.FAILED, Status.REJECTED},
    Status.PROCESSED: {Status.PARTIALLY_REVERSED, Status.REVERSED},
    Status.PARTIALLY_REVERSED: {Status.PARTIALLY_REVERSED, Status.REVERSED},
}


def approve(journal_id, *, user=None, now=None):
    """Book a held journal as it was reported; returns its Result."""
    return ledger.resume(journal_id, {Status.HELD}, user=user, now=now)


def retry(journal_id, *, user=None, now=None):
    """Try a failed or waiting journal again; returns its Result. It stays as it is when it fails again."""
    return ledger.resume(journal_id, {Status.FAILED, Status.PENDING}, user=user, now=now)


def reject(journal_id, *, reason, user=None, now=None):
    """Close an open journal without booking it; points that it reserved go back."""
    with transaction.atomic():
        journal = Journal.objects.to_decide(journal_id, {Status.HELD, Status.FAILED, Status.PENDING})
        if journal.kind == Journal.Kind.REDEMPTION:
            raise NotOpen("A reservation is released, not rejected.", field="transaction")
        _close(Journal.objects.filter(pk=journal.pk), reason, now or timezone.now())
    return Journal.objects.get(pk=journal_id)


def give_up(*, now=None):
    """Reject the refunds whose order never came; returns how many."""
    now = now or timezone.now()
    waiting = Journal.objects.filter(kind=Journal.Kind.REVERSAL, status=Status.PENDING, due_at__lte=now)
    return _close(waiting, "The order never came.", now)


def _close(journals, why, now):
    return journals.put(status=Status.REJECTED, error=why[:300], processed_at=now)
