"""When is an outlet left alone? After failures in a row, after a refusal, and for as long as it asks for.

An outlet is what answers for many deliveries: a webhook endpoint, else a connection. After MOST_FAILURES it is
paused; behind the pause one delivery probes whether it answers again, and each probe that fails makes the pause
longer.
"""

import random
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from django.conf import settings

from loyalty_site.lib.json_types import Json
from partners.channels.base import GiveUp, Outcome, Refused, Sent, TryAgain, Unknown
from partners.models import Connection, WebhookEndpoint

Outlet: TypeAlias = Connection | WebhookEndpoint
#: By what an outlet is known: its connection, and its endpoint if it is one.
OutletKey: TypeAlias = tuple[int, int | None]

#: So many failures in a row pause an outlet.
MOST_FAILURES = 5
#: So many in a row are told to staff, some minutes behind the first; a refusal of our credentials is at once.
DEAD_AFTER = 8
#: It is probed at least so often, in seconds.
LONGEST_PAUSE_S = 1800
#: A success is written down so often at most, in seconds: each would be a row that all workers write.
SUCCESS_EVERY_S = 10

#: The columns that `learn` changes.
LEARNT = ["failures", "paused_until", "dead_since", "last_error", "last_failure_at", "last_success_at"]


def key_of(outlet: Outlet) -> OutletKey:
    if isinstance(outlet, WebhookEndpoint):
        return outlet.connection_id, outlet.pk
    return outlet.pk, None


def is_open(outlet: Outlet, now: datetime) -> bool:
    """Whether something may be sent at this instant, as far as its health goes."""
    return not outlet.is_paused(now) and (outlet.free_at is None or outlet.free_at <= now)


def is_half_open(outlet: Outlet) -> bool:
    """Whether the next delivery is a probe."""
    return outlet.failures >= MOST_FAILURES


def begin_probe(outlet: Outlet, now: datetime) -> None:
    """Nobody else sends while a probe is under way; killed, it is over when its lease is."""
    outlet.paused_until = now + timedelta(seconds=settings.OUTBOX_LEASE_S)


def learn(outlet: Outlet, outcome: Outcome, now: datetime, *, is_probe: bool) -> bool:
    """Change the health of `outlet`, unsaved, by what became of one delivery; says whether it was changed.

    What was already under way when the outlet was paused counts no further failure.
    """
    if isinstance(outcome, TryAgain) and outcome.after_s is not None:
        # It answers, and says when it wants more.
        asked = now + timedelta(seconds=outcome.after_s)
        outlet.paused_until = asked if is_probe else max(outlet.paused_until or asked, asked)
        return True
    if isinstance(outcome, TryAgain | Unknown | Refused) or (isinstance(outcome, GiveUp) and outcome.is_elsewhere):
        outlet.last_error, outlet.last_failure_at = outcome.reason[:300], now
        if is_probe or not (is_half_open(outlet) and outlet.is_paused(now)):
            _fail(outlet, now, is_refused=isinstance(outcome, Refused))
        return True
    return _succeed(outlet, now, is_sent=isinstance(outcome, Sent))


def _fail(outlet: Outlet, now: datetime, *, is_refused: bool) -> None:
    outlet.failures = max(outlet.failures + 1, MOST_FAILURES if is_refused else 1)
    if is_half_open(outlet):
        pause = min(60 * 2 ** (outlet.failures - MOST_FAILURES), LONGEST_PAUSE_S)
        outlet.paused_until = now + timedelta(seconds=pause * random.uniform(0.9, 1.1))
    if (is_refused or outlet.failures >= DEAD_AFTER) and outlet.dead_since is None:
        outlet.dead_since = now


def _succeed(outlet: Outlet, now: datetime, *, is_sent: bool) -> bool:
    """Whoever answers, be it that this one is not wanted, is there."""
    if outlet.failures:
        outlet.failures, outlet.dead_since, outlet.paused_until = 0, None, None
    elif outlet.last_success_at and now - outlet.last_success_at < timedelta(seconds=SUCCESS_EVERY_S):
        return False
    if is_sent:
        outlet.last_success_at = now
    return True


def told_to_staff(outlet: Outlet) -> dict[str, Json]:
    """The data of `channel.dead`."""
    is_endpoint = isinstance(outlet, WebhookEndpoint)
    since = outlet.dead_since or outlet.last_failure_at
    return {
        "channel": {
            "connection": str(outlet.connection if isinstance(outlet, WebhookEndpoint) else outlet),
            "endpoint": str(outlet) if is_endpoint else None,
            "reason": outlet.last_error,
            "since": since.astimezone(UTC).isoformat().replace("+00:00", "Z") if since else None,
        }
    }
