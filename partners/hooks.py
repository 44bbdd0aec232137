"""At which addresses does a partner want to hear of events, and what signs what is sent there?

Subscribing, new secrets, pausing. What lies on its way to an address is of a higher app: members/endpoints.py.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from loyalty_site.lib import locks
from loyalty_site.lib.refusals import Refused
from partners.callers import Via
from partners.events import EVERYTHING, About, choices
from partners.models import WebhookEndpoint
from partners.models.endpoints import new_secret
from partners.models.health import HEALTH, taken_up

#: So many addresses of one partner are told of events at a time.
MOST_ENDPOINTS = 50
#: For so many hours the old secret signs beside a new one, unless somebody says how many.
OVERLAP_H, LONGEST_OVERLAP_H = 24, 168
#: What an endpoint is when it counts; one that has ended stays as a row, for what was sent there.
LIVE = (WebhookEndpoint.Status.ACTIVE, WebhookEndpoint.Status.PAUSED)
#: Bytes of a secret, as Standard Webhooks wants them.
_SECRET_BYTES = range(24, 65)
_PREFIX = "whsec_"


class TooManyHooks(Refused):
    """The partner has as many endpoints as it may have."""

    code = "too_many_hooks"


class HookDiffers(Refused):
    """There is an endpoint of this address and these events that has another secret, or another order."""

    code = "hook_differs"


class HookEnded(Refused):
    """The endpoint is told of nothing at the moment, or never again."""

    code = "hook_not_active"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is wanted: `events` as `chosen` gives them, `secret` "" for one that we make."""

    url: str
    events: tuple[str, ...]
    name: str = ""
    is_ordered: bool = False
    secret: str = ""


def offered() -> list[tuple[str, str]]:
    """(name, label) of what an endpoint can hear of: what concerns members, each alone or all of it."""
    return [(EVERYTHING, "Everything that concerns members"), *choices(About.MEMBER)]


def chosen(names: Iterable[str]) -> tuple[str, ...]:
    """Names of events as an endpoint keeps them: each once, in one order; everything is nothing else beside it."""
    wanted = {*names}
    return (EVERYTHING,) if EVERYTHING in wanted else tuple(sorted(wanted))


def wrong_secret(text: str) -> str:
    """What has to be done about a secret that somebody brings, as a sentence; "" where nothing is wrong."""
    try:
        size = len(base64.b64decode(text.removeprefix(_PREFIX), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if text.startswith(_PREFIX) and size in _SECRET_BYTES:
        return ""
    few, many = _SECRET_BYTES[0], _SECRET_BYTES[-1]
    return f"Send {_PREFIX} and {few} to {many} random bytes in base64, or leave it out and take the one we make."


def of_partner(partner_id: int) -> list[int]:
    """The keys of all endpoints that a partner has, or had."""
    return list(
        WebhookEndpoint.objects.filter(connection__partner=partner_id).order_by().values_list("pk", flat=True)
    )


def subscribe(via: Via, wanted: Subscription, *, key_id: int | None = None) -> tuple[WebhookEndpoint, bool]:
    """(the endpoint, whether it is new) of a connection that wants this; the same again is the same one.

    Whether the address may be called is for the caller to ask before: that may take long. Raises TooManyHooks, and
    HookDiffers where what is there is signed or ordered in another way.
    """
    with transaction.atomic():
        locks.wait_for(f"hooks:{via.partner_id}")
        live = WebhookEndpoint.objects.filter(connection__partner=via.partner_id, status__in=LIVE)
        there = [one for one in live.filter(connection=via.pk, url=wanted.url) if chosen(one.events) == wanted.events]
        if there:
            _compare(there[0], wanted)
            return there[0], False
        if live.count() >= MOST_ENDPOINTS:
            raise TooManyHooks(
                f"A partner has at most {MOST_ENDPOINTS} endpoints; unsubscribe one that is not needed."
            )
        made = WebhookEndpoint.objects.create(
            connection_id=via.pk,
            key_id=key_id,
            url=wanted.url,
            name=wanted.name,
            events=list(wanted.events),
            is_ordered=wanted.is_ordered,
            secret=wanted.secret or new_secret(),
        )
        return made, True


def _compare(there: WebhookEndpoint, wanted: Subscription) -> None:
    is_other_secret = bool(wanted.secret) and wanted.secret != there.secret
    if is_other_secret or wanted.is_ordered != there.is_ordered:
        what, field = ("secret", "secret") if is_other_secret else ("order", "ordered")
        detail = f"The address has these events already with another {what}: rotate its secret, or unsubscribe."
        raise HookDiffers(detail, field=field)


def rotate(
    endpoint: WebhookEndpoint, *, hours: int = OVERLAP_H, secret: str = "", now: datetime | None = None
) -> WebhookEndpoint:
    """The endpoint with a new secret, or with `secret`; the one of before signs as well for so many `hours`.

    The secret that it has already changes nothing. Raises HookEnded for one that was unsubscribed.
    """
    with transaction.atomic():
        stored = _locked(endpoint)
        if stored.status == WebhookEndpoint.Status.UNSUBSCRIBED:
            raise HookEnded("This endpoint was unsubscribed; subscribe anew.")
        if secret and secret == stored.secret:
            return stored
        until = (now or timezone.now()) + timedelta(hours=hours)
        stored.old_secret, stored.old_secret_until = (stored.secret, until) if hours else (None, None)
        stored.secret = secret or new_secret()
        stored.save(update_fields=["secret", "old_secret", "old_secret_until"])
        return stored


def pause(endpoint: WebhookEndpoint, *, reason: str) -> WebhookEndpoint:
    """Send nothing to an active endpoint until it is resumed. Raises HookEnded."""
    return _moved(endpoint, (WebhookEndpoint.Status.ACTIVE,), WebhookEndpoint.Status.PAUSED, reason)


def resume(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """Send again to one that is paused or was disabled, as if it had never failed. Raises HookEnded."""
    may = (WebhookEndpoint.Status.PAUSED, WebhookEndpoint.Status.DISABLED)
    with transaction.atomic():
        stored = _moved(endpoint, may, WebhookEndpoint.Status.ACTIVE, "")
        return _begun_anew(stored)


def try_again(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """Let what waits for an active one be sent now, whatever failed before. Raises HookEnded."""
    with transaction.atomic():
        stored = _locked(endpoint)
        if stored.status != WebhookEndpoint.Status.ACTIVE:
            raise HookEnded(f"The endpoint is “{stored.get_status_display()}”.")
        return _begun_anew(stored)


def begin_anew(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """Forget what failed, which was at another address; what waits for this one is sent now if it is active."""
    with transaction.atomic():
        return _begun_anew(_locked(endpoint))


def _begun_anew(stored: WebhookEndpoint) -> WebhookEndpoint:
    stored.begin_anew()
    stored.save(update_fields=HEALTH)
    taken_up.send(WebhookEndpoint, outlet=stored)
    return stored


def end(endpoint: WebhookEndpoint, *, reason: str) -> WebhookEndpoint:
    """Tell it of nothing any more; one that has ended already keeps its reason."""
    every = tuple(one for one in WebhookEndpoint.Status if one != WebhookEndpoint.Status.UNSUBSCRIBED)
    with transaction.atomic():
        stored = _locked(endpoint)
        return _put(stored, WebhookEndpoint.Status.UNSUBSCRIBED, reason) if stored.status in every else stored


def _moved(endpoint: WebhookEndpoint, before: tuple[str, ...], after: str, reason: str) -> WebhookEndpoint:
    with transaction.atomic():
        stored = _locked(endpoint)
        if stored.status not in before:
            raise HookEnded(f"The endpoint is “{stored.get_status_display()}”.")
        return _put(stored, after, reason)


def _locked(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    return WebhookEndpoint.objects.select_for_update(of=["self"], no_key=True).get(pk=endpoint.pk)


def _put(stored: WebhookEndpoint, status: str, reason: str) -> WebhookEndpoint:
    stored.status, stored.status_reason = status, reason[:200]
    # Saved and not updated: whoever keeps the list of what is listened to hears of it.
    stored.save(update_fields=["status", "status_reason"])
    return stored
