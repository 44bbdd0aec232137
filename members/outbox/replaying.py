"""How is something sent once more, by hand? Under the same key, so that a receiver who has it knows."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from members.models import Delivery
from members.outbox import bell

#: What can be replayed. What was told in another message is replayed with that one.
REPLAYED = (Delivery.State.DEAD, Delivery.State.UNKNOWN, Delivery.State.SKIPPED, Delivery.State.SENT)


def replay(deliveries: QuerySet[Delivery], *, now: datetime) -> int:
    """Let those of `deliveries` that are at their end be tried anew, as often as the first time; returns how many.

    They are composed again, as things stand then: what was skipped for a reason that still holds is skipped again.
    """
    with transaction.atomic():
        # By key, in a statement of its own: the queryset may be ordered, joined or cut off.
        chosen = Delivery.objects.filter(pk__in=deliveries.values("pk"), state__in=REPLAYED)
        keys = list(chosen.order_by("pk").values_list("pk", flat=True))
        count = sum(_replay(keys[start : start + _AT_ONCE], now) for start in range(0, len(keys), _AT_ONCE))
        bell.ring_on_commit()
    return count


#: Keys of one statement.
_AT_ONCE = 5000


def _replay(keys: list[int], now: datetime) -> int:
    return Delivery.objects.filter(pk__in=keys, state__in=REPLAYED).update(
        state=Delivery.State.WAITING,
        next_at=now,
        ended_at=None,
        attempts_before=F("attempts"),
        reason="",
    )
