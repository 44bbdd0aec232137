"""Who listens, what happened, and what was sent to whom? Rows as the outbox writes them."""

from itertools import count

from django.utils import timezone

from members.models import Attempt, Delivery, Event
from partners import event_shapes
from partners.events import EVENTS
from partners.models import Connection, WebhookEndpoint
from partners.models.endpoints import new_secret

#: A public address, so that nobody has to be asked where it is.
TARGET = "https://93.184.215.14/hooks"
_numbers = count(1)


def endpoint(partner, **fields):
    connection, _ = Connection.objects.get_or_create(partner=partner, name="Receiver")
    fields = {"url": f"{TARGET}/{next(_numbers)}", "events": ["points.earned"], "secret": new_secret()} | fields
    return WebhookEndpoint.objects.create(connection=connection, **fields)


def event(program, member=None, type="points.earned", **fields):
    data = event_shapes.sample(type) if type in EVENTS else {}
    fields = {"data": data, "occurred_at": timezone.now(), "partner": program.owner} | fields
    return Event.objects.create(program=program, member=member, type=type, **fields)


def delivery(told, *, to=None, state="sent", **fields):
    """Of the event `told`: to the endpoint `to`, or as `fields` say."""
    is_open = state in Delivery.OPEN
    known = {"kind": "webhook", "endpoint": to, "connection": to.connection, "recipient": to.url} if to else {}
    known |= {
        "key": f"{next(_numbers)}:{told.name}",
        "member": told.member,
        "next_at": timezone.now() if is_open else None,
        "ended_at": None if is_open else timezone.now(),
        "leased_until": timezone.now() if state == "sending" else None,
    }
    return Delivery.objects.create(event=told, program=told.program, state=state, **(known | fields))


def attempt(of, number=1, **fields):
    known = {
        "result": "sent",
        "status": 200,
        "request": "POST https://93.184.215.14/hooks",
        "answer": "ok",
        "took_ms": 12,
        "ended_at": timezone.now(),
    }
    return Attempt.objects.create(delivery=of, number=number, **(known | fields))


def subscribe(shop, **fields):
    """The answer to `shop`, a Caller, that subscribes to one event."""
    return shop.post("hooks/", {"target_url": TARGET, "event": "points.earned"} | fields)
