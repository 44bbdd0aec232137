"""What becomes of what is on its way to an endpoint that ends, and how is one tried?"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from loyalty_site.lib.shown import address
from members.models import Delivery, Event
from members.outbox import bell
from partners import hooks
from partners.hooks import HookEnded
from partners.models import Connection, WebhookEndpoint
from programs.models import Program
from programs.reach import reachable

#: The type of an event that only shows whether something arrives; nobody can subscribe to it.
TEST = "hook.test"


def unsubscribe(endpoint: WebhookEndpoint, *, reason: str, now: datetime | None = None) -> WebhookEndpoint:
    """End an endpoint; what waits for it is skipped. One that has ended already stays as it is."""
    with transaction.atomic():
        ended = hooks.end(endpoint, reason=reason)
        waiting = Delivery.objects.filter(endpoint=ended, state=Delivery.State.WAITING)
        waiting.update(
            state=Delivery.State.SKIPPED, next_at=None, ended_at=now or timezone.now(), reason="Unsubscribed."
        )
        return ended


def send_test(endpoint: WebhookEndpoint, *, now: datetime | None = None) -> Delivery:
    """The delivery of a test event to an active endpoint alone; one that is still on its way is it again.

    Raises HookEnded where nothing would be sent.
    """
    now = now or timezone.now()
    with transaction.atomic():
        # One after the other: the second finds the test of the first.
        stored = WebhookEndpoint.objects.select_for_update(of=["self"], no_key=True).get(pk=endpoint.pk)
        stored.connection = (
            Connection.objects.select_related("partner").defer("credentials").get(pk=stored.connection_id)
        )
        _refuse_idle(stored)
        tests = Delivery.objects.filter(endpoint=stored, event__type=TEST, state__in=Delivery.OPEN)
        if open_one := tests.select_related("event__program", "member").first():
            return open_one
        event = Event.objects.create(
            program=_program_of(stored.connection.partner_id),
            partner_id=stored.connection.partner_id,
            type=TEST,
            occurred_at=now,
            data={"hook": {"id": stored.pk, "events": stored.events}},
            # It is for this endpoint alone: nobody spreads it.
            spread_at=now,
        )
        made = Delivery.objects.create(
            kind=Delivery.Kind.WEBHOOK,
            program=event.program,
            event=event,
            connection=stored.connection,
            endpoint=stored,
            key=f"webhook:{stored.pk}:{event.name}",
            recipient=address(stored.url),
            next_at=now,
            created_at=now,
        )
        bell.ring_on_commit()
        return made


def _refuse_idle(endpoint: WebhookEndpoint) -> None:
    if endpoint.status != WebhookEndpoint.Status.ACTIVE:
        raise HookEnded(f"The endpoint is “{endpoint.get_status_display()}”: nothing is sent to it.")
    connection = endpoint.connection
    if connection.status != Connection.Status.ACTIVE or not connection.partner.is_active:
        raise HookEnded("The connection of the endpoint is not active: nothing is sent through it.")


def _program_of(partner_id: int) -> Program:
    """In whose name a test is sent: the first program of the partner, active ones and own ones before others."""
    known = reachable(partner_id)
    found = min(known, key=lambda one: (one.status != "active", one.owner_id != partner_id, one.pk), default=None)
    if found is None:
        raise HookEnded("Your partner takes part in no program: there is nothing that it could be told of.")
    return found
