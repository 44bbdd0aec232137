"""What do tests of the outbox begin with? Events, receivers on this machine, and a kind of delivery without a key."""

from contextlib import contextmanager
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from members.models import Attempt, Delivery, Event
from members.outbox import draining, kinds
from members.outbox.base import Kind, Ready
from members.outbox.kinds.webhooks import Webhooks
from partners import channels
from partners.channels.base import Message
from partners.events import EVENTS, About
from partners.models import Connection, WebhookEndpoint
from partners.models.endpoints import new_secret
from tests.support.fake_receiver import receiving

LOCAL = ["127.0.0.0/8"]
SID = "AC" + "0" * 32


class Texts(Kind):
    """An SMS about each event that concerns members, over every connection to Twilio: which knows no key."""

    name = "note"

    def spread(self, events):
        through = list(Connection.objects.filter(platform="twilio"))
        return [
            Delivery(
                kind="note",
                program_id=event.program_id,
                event=event,
                connection=connection,
                key=f"text:{connection.pk}:{event.name}",
            )
            for event in events
            for connection in through
            if EVENTS[event.type].about == About.MEMBER
        ]

    def compose(self, deliveries, now):
        return {one.pk: self._ready(one) for one in deliveries}

    def _ready(self, delivery):
        channel = channels.registry["twilio"](delivery.connection.credentials)
        message = Message(key=delivery.key, to="+33612345678", text=delivery.event.name)
        return Ready(channel, channel.message(message), "+336…")

    def ended(self, delivery, outcome, now):
        pass


KINDS = {"webhook": Webhooks(), "note": Texts()}


@contextmanager
def outbox(settings, monkeypatch):
    """Yields (a Receiver, its address): the two kinds, and a receiver that may be asked by plain http."""
    settings.OUTBOUND_ALLOWED = LOCAL
    monkeypatch.setattr(kinds, "registry", dict(KINDS))
    with receiving(slow_s=0.3) as (receiver, address):
        yield receiver, address


def event(program, kind="points.earned", *, member=None, **fields):
    fields = {"occurred_at": timezone.now(), "data": {"points": {"currency": "points", "points": 7}}} | fields
    return Event.objects.create(program=program, type=kind, member=member, **fields)


def events(program, count, **fields):
    now = timezone.now()
    rows = [
        Event(program=program, type="points.earned", occurred_at=now, data={"n": n}, **fields) for n in range(count)
    ]
    return Event.objects.bulk_create(rows)


def webhooks(partner, name="Webhooks"):
    return Connection.objects.get_or_create(partner=partner, name=name, defaults={"platform": "webhooks"})[0]


def endpoint(program, url, events=("*",), *, partner=None, **fields):
    fields = {"secret": new_secret(), "connection": webhooks(partner or program.owner)} | fields
    return WebhookEndpoint.objects.create(url=url, events=list(events), **fields)


def twilio(program, address, **fields):
    credentials = {"sid": SID, "token": "sesame-1234", "sender": "+14155550100", "api": address}
    fields = {"name": "SMS", "credentials": credentials} | fields
    return Connection.objects.create(partner=program.owner, platform="twilio", **fields)


def drain(**options):
    return draining.drain(**options)


def pass_time(**duration):
    """Let so much time pass for all that waits, as if it had begun earlier."""
    gone = timedelta(**duration)
    Delivery.objects.filter(next_at__isnull=False).update(next_at=F("next_at") - gone)
    Delivery.objects.filter(leased_until__isnull=False).update(leased_until=F("leased_until") - gone)
    Event.objects.filter(spread_after__isnull=False).update(spread_after=F("spread_after") - gone)
    for model in (Connection, WebhookEndpoint):
        for column in ("paused_until", "free_at"):
            model.objects.filter(**{f"{column}__isnull": False}).update(**{column: F(column) - gone})


def states():
    """How many deliveries are in which state."""
    rows = Delivery.objects.order_by("state").values_list("state", flat=True)
    return {state: list(rows).count(state) for state in rows}


def results(delivery):
    return list(Attempt.objects.filter(delivery=delivery).order_by("number").values_list("result", flat=True))


def seconds_until(instant):
    return (instant - timezone.now()).total_seconds()
