"""What becomes of what nobody brings to its end? Leases that ran out, and outlets that are closed for good."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import OuterRef

from loyalty_site.lib.retrying import pause_s
from members.models import Attempt, Delivery
from members.outbox import storing
from members.outbox.breaking import OutletKey
from members.outbox.claiming import first_try
from partners.models import Connection, WebhookEndpoint

#: Rows of one transaction.
AT_ONCE = 500
#: So often it is tried again at once when the worker died: then it may have been the fault of what was sent.
FREE = 2

_State, _Result = Delivery.State, Attempt.Result
_CUT_OFF = "The worker ended while it was sent."

logger = logging.getLogger(__name__)


def recover(now: datetime) -> int:
    """Take back the leases that are over; returns how many those were.

    What was begun and has no key may have arrived: it ends as unknown, and is never sent again by itself.
    """
    over = Delivery.objects.filter(state=_State.SENDING, leased_until__lte=now)
    if not over.exists():
        return 0
    with transaction.atomic():
        rows = list(over.order_by("pk").select_for_update(skip_locked=True, of=("self",))[:AT_ONCE])
        begun = _cut_off(rows, now)
        for row in rows:
            _put_back(row, now, begun.get(row.pk))
        storing.store(rows)
    if rows:
        logger.warning("the leases of %s deliveries ran out", len(rows), extra={"begun": len(begun)})
    return len(rows)


def _cut_off(rows: Iterable[Delivery], now: datetime) -> dict[int, bool]:
    """{key of the delivery: whether its request had a key} of attempts that were begun, which end here."""
    found = Attempt.objects.filter(delivery__in=[row.pk for row in rows], ended_at=None)
    begun = dict(found.values_list("delivery", "has_key"))
    found.update(ended_at=now, result=_Result.CUT_OFF, reason=_CUT_OFF)
    return begun


def _put_back(row: Delivery, now: datetime, has_key: bool | None) -> None:
    """`has_key` is None where nothing had been sent yet."""
    if has_key is False:
        storing.end(row, _State.UNKNOWN, _CUT_OFF, now)
        return
    tries = row.attempts - row.attempts_before
    pause = pause_s(tries - FREE) if has_key and tries > FREE else 0
    storing.wait(row, now + timedelta(seconds=pause), _CUT_OFF if has_key else row.reason)


def close(now: datetime) -> int:
    """Skip what waits for outlets that are closed for good; returns how many deliveries those were.

    What waits for a pause that staff or our own checks have made goes on waiting.
    """
    total = 0
    for (connection, endpoint), why in _closed():
        waiting = Delivery.objects.filter(connection=connection, next_at__isnull=False, state=_State.WAITING)
        if endpoint is not None:
            waiting = waiting.filter(endpoint=endpoint)
        with transaction.atomic():
            rows = list(waiting.order_by("pk").select_for_update(skip_locked=True, of=("self",))[:AT_ONCE])
            for row in rows:
                storing.end(row, _State.SKIPPED, why, now)
            storing.store(rows)
        total += len(rows)
    return total


def _closed() -> list[tuple[OutletKey, str]]:
    """(key, why) of closed outlets for which something waits."""
    revoked = Connection.objects.annotate(first=first_try(connection=OuterRef("pk"))).filter(
        status=Connection.Status.REVOKED, first__isnull=False
    )
    gone = WebhookEndpoint.objects.annotate(
        first=first_try(connection=OuterRef("connection"), endpoint=OuterRef("pk"))
    ).filter(status__in=(WebhookEndpoint.Status.DISABLED, WebhookEndpoint.Status.UNSUBSCRIBED), first__isnull=False)
    found: list[tuple[OutletKey, str]] = [
        ((key, None), "The connection is revoked.") for key in revoked.values_list("pk", flat=True)
    ]
    for endpoint in gone.defer("secret", "old_secret"):
        why = endpoint.status_reason or f"{endpoint.get_status_display()}."
        found.append(((endpoint.connection_id, endpoint.pk), why))
    return found
