"""How long is kept what has left? Bodies for OUTBOX_BODIES_KEPT_DAYS, everything else for OUTBOX_KEPT_DAYS."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from members.models import Attempt, Delivery, Event

#: Rows of one transaction: on SQLite nobody else writes meanwhile.
AT_ONCE = 500
#: An event that may be told once must be remembered for as long as somebody may try to tell it again.
ONCE_KEPT_DAYS = 400


def purge(now: datetime) -> Counter[str]:
    """Delete what is older than the settings say, in small transactions; returns how many of what.

    What is not at its end is kept, however old it is.
    """
    bodies = now - timedelta(days=settings.OUTBOX_BODIES_KEPT_DAYS)
    before = now - timedelta(days=settings.OUTBOX_KEPT_DAYS)
    counts: Counter[str] = Counter()
    counts["bodies"] = _in_batches(lambda: _empty(bodies))
    counts["deliveries"] = _in_batches(lambda: _delete_deliveries(before))
    counts["events"] = _delete_events(before, now)
    return counts


def _in_batches(step: Callable[[], int]) -> int:
    total = 0
    while True:
        with transaction.atomic():
            count = step()
        total += count
        if count < AT_ONCE:
            return total


def _empty(before: datetime) -> int:
    old = Attempt.objects.filter(~Q(request="") | ~Q(answer=""), started_at__lt=before, ended_at__isnull=False)
    keys = list(old.order_by("started_at").values_list("pk", flat=True)[:AT_ONCE])
    return Attempt.objects.filter(pk__in=keys).update(request="", answer="")


def _delete_deliveries(before: datetime) -> int:
    """Those first that were told in another one."""
    told = Delivery.objects.filter(digest=OuterRef("pk"))
    old = Delivery.objects.filter(~Exists(told), ended_at__lt=before)
    keys = list(old.order_by("ended_at").values_list("pk", flat=True)[:AT_ONCE])
    Attempt.objects.filter(delivery__in=keys).delete()
    return Delivery.objects.filter(pk__in=keys).delete()[1].get("members.Delivery", 0)


def _delete_events(before: datetime, now: datetime) -> int:
    """By their keys, the oldest first, as far as there are old ones: an index of when each was written would cost
    every posting of which somebody hears."""
    remembered = now - timedelta(days=max(ONCE_KEPT_DAYS, settings.OUTBOX_KEPT_DAYS))
    goes = Event.objects.filter(
        Q(once="") | Q(recorded_at__lt=remembered),
        ~Exists(Delivery.objects.filter(event=OuterRef("pk"))),
        spread_at__isnull=False,
    )
    total, last = 0, 0
    while True:
        with transaction.atomic():
            rows = list(Event.objects.filter(pk__gt=last).order_by("pk").values_list("pk", "recorded_at")[:AT_ONCE])
            old = [key for key, at in rows if at < before]
            if not old:
                return total
            total += goes.filter(pk__in=old).delete()[1].get("members.Event", 0)
        last = rows[-1][0]
