"""Who gets what happened? Each kind of delivery says so, for many events at once; here its rows are written.

One process at a time spreads, so that deliveries are in the order of their events whoever sends them. An event of
which a kind makes no deliveries because it fails stays as it is, and is tried again after a growing pause.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from loyalty_site.lib import locks
from loyalty_site.lib.database_refusals import refused_for_a_time
from loyalty_site.lib.retrying import pause_s
from members.models import Delivery, Event
from members.outbox import kinds

#: Events of one transaction.
AT_ONCE = 200

logger = logging.getLogger(__name__)


def spread(now: datetime) -> int:
    """Write the deliveries of the oldest events that have none yet; returns how many events that were.

    AT_ONCE of them at most, in one transaction. None where another process is at it.
    """
    if not _open(now).exists():
        # Asked first, because on SQLite nobody else can write inside the transaction.
        return 0
    with transaction.atomic():
        if not locks.claim("spread the events"):
            return 0
        locked = _open(now).select_for_update(skip_locked=True, of=("self",))
        events = list(locked.select_related("program", "member", "partner").order_by("pk")[:AT_ONCE])
        if not events:
            return 0
        done = _together(events, now) or _one_by_one(events, now)
        Event.objects.filter(pk__in=done).update(spread_at=now)
    return len(events)


def _open(now: datetime) -> QuerySet[Event]:
    return Event.objects.filter(Q(spread_after=None) | Q(spread_after__lte=now), spread_at=None)


def _together(events: Sequence[Event], now: datetime) -> list[int]:
    """Keys of all events; of none where a kind fails."""
    try:
        with transaction.atomic():
            _write(events, now)
    except Exception as error:
        _raise_what_is_not_theirs(error)
        logger.warning("the events cannot be spread together, and are one by one: %s", error)
        return []
    return [event.pk for event in events]


def _one_by_one(events: Sequence[Event], now: datetime) -> list[int]:
    """Keys of those events of which every kind makes its deliveries."""
    done = []
    for event in events:
        try:
            with transaction.atomic():
                _write([event], now)
        except Exception as error:
            _raise_what_is_not_theirs(error)
            logger.exception("an event cannot be spread", extra={"event": event.pk})
            pause = timedelta(seconds=pause_s(event.spread_failures + 1))
            Event.objects.filter(pk=event.pk).update(
                spread_after=now + pause, spread_failures=F("spread_failures") + 1
            )
        else:
            done.append(event.pk)
    return done


def _write(events: Sequence[Event], now: datetime) -> None:
    """One statement for the deliveries of all kinds. One that is there already stays as it is."""
    found = [delivery for kind in kinds.registry.values() for delivery in kind.spread(events)]
    # In the order of their events, which is that of the lanes, not kind by kind.
    found.sort(key=lambda delivery: delivery.event_id)
    for delivery in found:
        delivery.created_at = now
        if delivery.next_at is None or delivery.next_at < now:
            delivery.next_at = now
    Delivery.objects.bulk_create(found, ignore_conflicts=True)


def _raise_what_is_not_theirs(error: Exception) -> None:
    """A database that refuses for a time is no fault of an event."""
    if refused_for_a_time(error):
        raise error
