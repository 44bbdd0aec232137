"""What follows from what became of deliveries? One transaction stores the outcome, the health of the outlet, and what
the kind makes of it; only by who still has the lease."""

import logging
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from loyalty_site.lib.database_refusals import refused_for_a_time
from loyalty_site.lib.retrying import LONGEST_S, MOST_ATTEMPTS, pause_s
from members import telling
from members.models import Attempt, Delivery
from members.outbox import breaking, claiming, kinds, storing
from members.outbox.claiming import outlet_of
from members.outbox.composing import Prepared
from members.outbox.sending import Passed
from partners.channels.base import GiveUp, Outcome, Refused, Sent, TryAgain, Unknown

#: So many tries more has what a receiver puts off by Retry-After; from then on our own pauses hold, too.
PATIENCE = 6

_State, _Result = Delivery.State, Attempt.Result
#: What a decision counts on from, so that it must not be made twice of the same object.
_COUNTED = ("attempts", "attempts_before")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Done:
    """A delivery that was under way, and what became of it."""

    prepared: Prepared
    passed: Passed

    @property
    def delivery(self) -> Delivery:
        return self.prepared.delivery


def settle(done: Sequence[Done], now: datetime, *, lease: str) -> int:
    """Store what became of these; returns how many are at their end.

    What another worker has meanwhile, because our lease was over, is left as that one makes it.
    """
    with transaction.atomic():
        # Outlets first, as everybody locks them.
        outlets = {breaking.key_of(one): one for one in claiming.lock_keys(outlet_of(one.delivery) for one in done)}
        rows = Delivery.objects.filter(pk__in=[one.delivery.pk for one in done], lease=lease, state=_State.SENDING)
        ours = {row[0]: row[1:] for row in rows.order_by("pk").select_for_update().values_list("pk", *_COUNTED)}
        settled = [one for one in done if one.delivery.pk in ours]
        for one in settled:
            # As stored: what was decided before the database went away has changed the object and nothing else.
            one.delivery.attempts, one.delivery.attempts_before = ours[one.delivery.pk]
            _decide(one, now, outlets.get(outlet_of(one.delivery)))
        storing.store(one.delivery for one in settled)
        storing.store_ends(one.prepared.attempt for one in settled if one.passed.outcome is not None)
        _take_back(settled)
        _learn(settled, outlets, now)
        _tell_kinds(settled, now)
    if len(settled) < len(done):
        logger.warning("the leases of %s deliveries were over before they ended", len(done) - len(settled))
    return sum(one.delivery.ended_at is not None for one in settled)


def _decide(one: Done, now: datetime, outlet: breaking.Outlet | None) -> None:
    """Change the delivery and its attempt, unsaved."""
    delivery, outcome = one.delivery, one.passed.outcome
    if outcome is None:
        delivery.attempts -= 1
        storing.wait(delivery, now, delivery.reason)
        return
    attempt = one.prepared.attempt
    attempt.ended_at, attempt.took_ms = now, one.passed.took_ms
    attempt.status, attempt.answer = one.passed.status, one.passed.answer
    attempt.reason = "" if isinstance(outcome, Sent) else storing.words(outcome.reason, 300)
    attempt.result = _RESULTS[type(outcome)]
    if isinstance(outcome, Sent):
        delivery.provider_id = storing.words(outcome.id, 120)
        storing.end(delivery, _State.SENT, "", now)
    elif isinstance(outcome, GiveUp):
        storing.end(delivery, _State.DEAD, outcome.reason, now)
    elif isinstance(outcome, Unknown):
        storing.end(delivery, _State.UNKNOWN, outcome.reason, now)
    elif isinstance(outcome, Refused):
        # Not its fault: it waits for the outlet, and no try of its own is used up.
        delivery.attempts_before += 1
        storing.wait(delivery, now, outcome.reason)
    else:
        _try_again(delivery, outcome, now)


_RESULTS: dict[type[Outcome], str] = {
    Sent: _Result.SENT,
    TryAgain: _Result.TRY_AGAIN,
    GiveUp: _Result.GIVE_UP,
    Refused: _Result.REFUSED,
    Unknown: _Result.UNKNOWN,
}


def _try_again(delivery: Delivery, outcome: TryAgain, now: datetime) -> None:
    tries = delivery.attempts - delivery.attempts_before
    if tries >= MOST_ATTEMPTS + (PATIENCE if outcome.after_s is not None else 0):
        storing.end(delivery, _State.DEAD, outcome.reason, now)
        return
    storing.wait(delivery, now + timedelta(seconds=_pause(tries, outcome.after_s)), outcome.reason)


def _pause(tries: int, after_s: float | None) -> float:
    """Seconds until the next try. Where the receiver says when, ours hold only when it has said so many times."""
    if after_s is None:
        return pause_s(tries) * random.uniform(0.9, 1.1)
    own = pause_s(tries - PATIENCE) if tries > PATIENCE else 1.0
    return min(max(after_s, own), float(LONGEST_S))


def _take_back(settled: Iterable[Done]) -> None:
    """What was not begun was no attempt."""
    vain = [one.prepared.attempt.pk for one in settled if one.passed.outcome is None]
    if vain:
        Attempt.objects.filter(pk__in=vain).delete()


def _learn(settled: Iterable[Done], outlets: dict[breaking.OutletKey, breaking.Outlet], now: datetime) -> None:
    """Store the health of the outlets, and tell staff of one that is dead, once for each outage."""
    changed: dict[breaking.OutletKey, Delivery] = {}
    was_dead = {key: one.dead_since for key, one in outlets.items()}
    for one in settled:
        key = outlet_of(one.delivery)
        outcome = one.passed.outcome
        if key not in outlets:
            continue
        if outcome is None:
            if one.prepared.is_probe:
                outlets[key].paused_until = now
                changed[key] = one.delivery
        elif breaking.learn(outlets[key], outcome, now, is_probe=one.prepared.is_probe):
            changed[key] = one.delivery
    for key, delivery in changed.items():
        outlet = outlets[key]
        outlet.save(update_fields=breaking.LEARNT)
        if outlet.dead_since and not was_dead[key]:
            once = f"channel.dead:{key[0]}:{key[1] or ''}:{outlet.dead_since.isoformat()}"
            telling.tell(delivery.program, "channel.dead", breaking.told_to_staff(outlet), once=once)


def _tell_kinds(settled: Sequence[Done], now: datetime) -> None:
    """A kind that fails costs nobody else the outcome, nor its own."""
    ended = [(one, one.passed.outcome) for one in settled]

    def all_of_them() -> None:
        for one, outcome in ended:
            if outcome is not None:
                kinds.registry[one.delivery.kind].ended(one.delivery, outcome, now)

    if _tried(all_of_them):
        return
    for one, outcome in ended:
        if outcome is not None:
            kind = kinds.registry[one.delivery.kind]
            _tried(lambda kind=kind, one=one, outcome=outcome: kind.ended(one.delivery, outcome, now))  # type: ignore[misc]


def _tried(deed: Callable[[], None]) -> bool:
    try:
        with transaction.atomic():
            deed()
    except Exception as error:
        if refused_for_a_time(error):
            raise
        logger.exception("a kind of delivery failed over what became of one")
        return False
    return True
