"""What is sent of what was taken? Each kind composes its deliveries; here an attempt is written before one leaves."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from loyalty_site.lib.database_refusals import refused_for_a_time
from loyalty_site.lib.retrying import MOST_ATTEMPTS, pause_s
from members.models import Attempt, Delivery
from members.outbox import breaking, claiming, kinds, recording, sending, storing
from members.outbox.base import Composed, Later, Ready, Skip
from members.outbox.claiming import Claimed, outlet_of
from partners.secrets import LOST, Lost

_State, _Result = Delivery.State, Attempt.Result
#: What cannot be read is looked at again so much later.
_LOST_S = timedelta(minutes=10)
_BROKEN = "It could not be composed; the log of the workers says why."

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A delivery that leaves now: what is sent, and the attempt that is written down."""

    delivery: Delivery
    ready: Ready
    attempt: Attempt
    is_probe: bool


def prepare(claimed: Claimed, now: datetime, *, lease: str) -> list[Prepared]:
    """Compose what was claimed; what is skipped, put off or told by another delivery is stored as that.

    Of what is returned every attempt is stored. What another worker has meanwhile is left out.
    """
    composed = _compose(claimed.deliveries, now)
    prepared: list[Prepared] = []
    with transaction.atomic():
        _let_others_probe(claimed, composed, now)
        ours = _still_ours(claimed.deliveries, lease)
        changed = [one for one in claimed.deliveries if one.pk in ours]
        for one in changed:
            what = composed.get(one.pk)
            if isinstance(what, Ready):
                prepared.append(_begin(one, what, now, is_probe=one.pk in claimed.probes))
            else:
                _leave(one, what, now)
        storing.store(changed)
        broken = [_broken_attempt(one, now) for one in changed if composed.get(one.pk) is None]
        Attempt.objects.bulk_create([*broken, *(each.attempt for each in prepared)])
        for each in prepared:
            _tell(each, now)
    return prepared


def _compose(deliveries: Sequence[Delivery], now: datetime) -> Mapping[int, Composed]:
    """By key; what cannot be composed is missing."""
    by_kind: dict[str, list[Delivery]] = defaultdict(list)
    found: dict[int, Composed] = {}
    for one in deliveries:
        if _is_locked_out(one):
            found[one.pk] = Later(now + _LOST_S, LOST)
        else:
            by_kind[one.kind].append(one)
    for kind, some in by_kind.items():
        composed = _tried(kind, some, now)
        if composed is None:
            for one in some:
                found.update(_tried(kind, [one], now) or {})
        else:
            found.update(composed)
    return found


def _is_locked_out(delivery: Delivery) -> bool:
    """Whether nobody can read with what it would be sent, or signed."""
    endpoint = delivery.endpoint
    return isinstance(delivery.connection.credentials, Lost) or bool(endpoint and isinstance(endpoint.secret, Lost))


def _tried(kind: str, deliveries: Sequence[Delivery], now: datetime) -> Mapping[int, Composed] | None:
    """None where the kind fails."""
    try:
        # In a transaction of its own, so that a statement that fails spoils nothing else.
        with transaction.atomic():
            return kinds.registry[kind].compose(deliveries, now)
    except Exception as error:
        if refused_for_a_time(error):
            raise
        logger.exception("deliveries of the kind %s cannot be composed", kind, extra={"count": len(deliveries)})
        return None


def _still_ours(deliveries: Sequence[Delivery], lease: str) -> set[int]:
    rows = Delivery.objects.filter(pk__in=[one.pk for one in deliveries], lease=lease, state=_State.SENDING)
    return set(rows.order_by("pk").select_for_update().values_list("pk", flat=True))


def _let_others_probe(claimed: Claimed, composed: Mapping[int, Composed], now: datetime) -> None:
    """A probe that is not sent shows nothing: the next one may go."""
    vain = [one for one in claimed.deliveries if one.pk in claimed.probes and not _is_ready(composed.get(one.pk))]
    for outlet in claiming.lock_keys(map(outlet_of, vain)) if vain else ():
        if breaking.is_half_open(outlet):
            outlet.paused_until = now
            outlet.save(update_fields=["paused_until"])


def _is_ready(what: Composed | None) -> bool:
    return isinstance(what, Ready)


def _begin(delivery: Delivery, ready: Ready, now: datetime, *, is_probe: bool) -> Prepared:
    # The lease stays that of the claim: what no index has costs far less to write.
    delivery.attempts += 1
    delivery.recipient, delivery.reason = storing.words(ready.recipient, 500), ""
    attempt = Attempt(
        delivery=delivery,
        number=delivery.attempts,
        started_at=now,
        has_key=sending.has_key(ready),
        request=recording.request(ready.request),
    )
    return Prepared(delivery, ready, attempt, is_probe)


def _leave(delivery: Delivery, what: Skip | Later | None, now: datetime) -> None:
    if isinstance(what, Skip):
        storing.end(delivery, _State.SKIPPED, what.reason, now)
    elif isinstance(what, Later):
        storing.wait(delivery, what.at, what.reason)
    else:
        delivery.attempts += 1
        tries = delivery.attempts - delivery.attempts_before
        if tries >= MOST_ATTEMPTS:
            storing.end(delivery, _State.DEAD, _BROKEN, now)
        else:
            storing.wait(delivery, now + timedelta(seconds=pause_s(tries)), _BROKEN)


def _broken_attempt(delivery: Delivery, now: datetime) -> Attempt:
    return Attempt(
        delivery=delivery,
        number=delivery.attempts,
        started_at=now,
        ended_at=now,
        result=_Result.TRY_AGAIN,
        reason=_BROKEN,
    )


def _tell(prepared: Prepared, now: datetime) -> None:
    """What it tells of, too, is at its end; not what somebody else is about to send at this moment."""
    if not prepared.ready.tells:
        return
    told = Delivery.objects.filter(pk__in=prepared.ready.tells, state=_State.WAITING)
    told.exclude(pk=prepared.delivery.pk).update(
        state=_State.MERGED, digest=prepared.delivery, next_at=None, ended_at=now, reason=""
    )
