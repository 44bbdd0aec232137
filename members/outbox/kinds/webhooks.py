"""Which other systems hear of what happened, and what are they sent?

The owner of a program hears of everything in it that it has asked for; a partner that takes part only of what its own
activities caused. The body is that of Standard Webhooks with what consumers need besides: the same bytes on each try.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from django.db.models import Q

from loyalty_site.lib.arrays import json_text
from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.shown import address
from members import erasing, listening
from members.models import Delivery, Event
from members.outbox.base import Composed, Kind, Ready, Skip
from partners import channels
from partners.channels.base import GiveUp, Notice, Outcome
from partners.events import EVENTS, EVERYTHING, About
from partners.models import Connection, WebhookEndpoint
from programs.models import Participation

_Status = WebhookEndpoint.Status
#: The channel of partners/channels that signs and sends them.
CHANNEL = "webhooks"


class Webhooks(Kind):
    name = Delivery.Kind.WEBHOOK

    def spread(self, events: Sequence[Event]) -> list[Delivery]:
        """Also for what staff have paused: it is sent when they go on."""
        endpoints = WebhookEndpoint.objects.filter(
            Q(connection__status=Connection.Status.ACTIVE) | Q(connection__status=Connection.Status.PAUSED),
            status__in=(_Status.ACTIVE, _Status.PAUSED),
            connection__partner__is_active=True,
        ).select_related("connection")
        of_partner: dict[int, list[WebhookEndpoint]] = defaultdict(list)
        # In the order in which they subscribed; nothing is decrypted, as nothing is sent yet.
        for endpoint in endpoints.defer("secret", "old_secret", "connection__credentials").order_by("pk"):
            of_partner[endpoint.connection.partner_id].append(endpoint)
        if not of_partner:
            return []
        takes_part = set(
            Participation.objects.filter(
                program__in={event.program_id for event in events}, partner__in=of_partner
            ).values_list("program_id", "partner_id")
        )
        return [
            _delivery(event, endpoint)
            for event in events
            for partner in _hearers(event, takes_part)
            for endpoint in of_partner.get(partner, ())
            if _asks_for(endpoint, event)
        ]

    def compose(self, deliveries: Sequence[Delivery], now: datetime) -> Mapping[int, Composed]:
        return {delivery.pk: _composed(delivery, now) for delivery in deliveries}

    def ended(self, delivery: Delivery, outcome: Outcome, now: datetime) -> None:
        """Who answers that the address is gone gets nothing any more; what waits for it is skipped by the engine."""
        if not isinstance(outcome, GiveUp) or not outcome.is_gone or delivery.endpoint_id is None:
            return
        closed = WebhookEndpoint.objects.filter(pk=delivery.endpoint_id, status__in=(_Status.ACTIVE, _Status.PAUSED))
        reason = f"The receiver answered on {now.date().isoformat()} that the address is gone ({outcome.reason})."
        if closed.update(status=_Status.DISABLED, status_reason=reason[:200]):
            listening.refresh([delivery.program_id])


def _hearers(event: Event, takes_part: set[tuple[int, int]]) -> list[int]:
    """Keys of the partners that may hear of it."""
    owner = event.program.owner_id
    if event.partner_id is not None and (event.program_id, event.partner_id) in takes_part:
        return [owner, event.partner_id] if event.partner_id != owner else [owner]
    return [owner]


def _asks_for(endpoint: WebhookEndpoint, event: Event) -> bool:
    """Everything is everything that concerns members; what concerns staff has to be named."""
    if event.type in endpoint.events:
        return True
    known = EVENTS.get(event.type)
    return EVERYTHING in endpoint.events and known is not None and known.about == About.MEMBER


def _delivery(event: Event, endpoint: WebhookEndpoint) -> Delivery:
    is_in_lane = endpoint.is_ordered and event.member_id is not None
    return Delivery(
        kind=Delivery.Kind.WEBHOOK,
        program_id=event.program_id,
        event=event,
        connection_id=endpoint.connection_id,
        endpoint=endpoint,
        member_id=event.member_id,
        key=f"webhook:{endpoint.pk}:{event.name}",
        lane=f"webhook:{endpoint.pk}:{event.member_id}" if is_in_lane else "",
    )


def _composed(delivery: Delivery, now: datetime) -> Composed:
    endpoint = delivery.endpoint
    if endpoint is None or endpoint.status in (_Status.DISABLED, _Status.UNSUBSCRIBED):
        return Skip((endpoint and endpoint.status_reason) or "The address wants nothing any more.")
    if erasing.is_about_the_past(delivery):
        return Skip(erasing.WHY_SKIPPED)
    channel = channels.registry[CHANNEL](endpoint.connection.pasted)
    notice = Notice(
        key=delivery.event.name,
        url=endpoint.url,
        body=body(delivery.event),
        at=int(now.timestamp()),
        secrets=_secrets(endpoint, now),
    )
    return Ready(channel, channel.event(notice), address(endpoint.url))


def body(event: Event) -> bytes:
    """The JSON of an event as it is sent; the event's program has been read along. Always the same bytes."""
    occurred_at = event.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    said: JsonObject = {
        "id": event.name,
        "type": event.type,
        "version": event.version,
        "occurred_at": occurred_at,
        "timestamp": occurred_at,
        "program": event.program.code,
        "data": event.data,
    }
    return json_text(said).encode()


def _secrets(endpoint: WebhookEndpoint, now: datetime) -> tuple[str, ...]:
    """The newest first. The one before it signs, too, while receivers change over."""
    found = [str(endpoint.secret)]
    if endpoint.old_secret and endpoint.old_secret_until and endpoint.old_secret_until > now:
        found.append(str(endpoint.old_secret))
    return tuple(found)
