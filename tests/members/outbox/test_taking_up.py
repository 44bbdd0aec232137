"""What staff let go on at once is sent at once: what was put off, too, because it had failed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import Delivery
from partners import connecting, hooks
from partners.models import Connection
from tests.support.outbox import drain, endpoint, event, pass_time, states, twilio


def failed(receiver):
    """What is sent has failed three times, and waits for minutes."""
    receiver.always("503")
    for _ in range(3):
        drain()
        pass_time(minutes=5)
    drain()
    receiver.always(None)
    drain()
    assert states() == {"waiting": 1}


def test_an_endpoint_that_is_tried_again_gets_what_had_failed(program, receiver, address):
    hook = endpoint(program, f"{address}/hook")
    told = event(program)
    failed(receiver)
    hooks.try_again(hook)
    drain()
    assert receiver.names() == {told.name: 1}


@pytest.mark.parametrize("go_on", [connecting.try_again, lambda made: connecting.keep(made, made.credentials)])
def test_a_connection_too_also_with_what_is_pasted_anew(program, receiver, address, go_on):
    made = twilio(program, address)
    event(program)
    failed(receiver)
    go_on(made)
    drain()
    assert states() == {"sent": 1}


def test_what_waits_for_anything_else_waits_on(program, receiver, address):
    """Quiet hours, a retry of another outlet."""
    hook, other = endpoint(program, f"{address}/hook"), endpoint(program, f"{address}/other")
    event(program)
    drain()
    later = timezone.now() + timedelta(hours=5)
    waiting = Delivery.objects.order_by()
    waiting.update(state="waiting", next_at=later, ended_at=None)
    waiting.filter(endpoint=hook).update(attempts=0)
    hooks.try_again(hook)
    connecting.try_again(Connection.objects.get(pk=hook.connection_id))
    assert {one.next_at for one in waiting} == {later}
    hooks.try_again(other)
    assert waiting.get(endpoint=other).next_at < later == waiting.get(endpoint=hook).next_at
