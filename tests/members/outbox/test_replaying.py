"""Can staff send once more what was given up, is unknown, was skipped, or was sent?"""

import pytest
from django.utils import timezone

from members.models import Delivery
from members.outbox.replaying import replay
from tests.support.outbox import drain, endpoint, event, events, pass_time, results, states, twilio


def replay_all(**which):
    return replay(Delivery.objects.filter(**which), now=timezone.now())


def test_what_was_given_up_gets_all_its_tries_anew_under_the_same_key(program, receiver, address):
    endpoint(program, f"{address}/hook")
    told = event(program)
    receiver.fail("400")
    drain()
    receiver.always("500")
    assert replay_all() == 1
    for number in range(2, 14):
        assert states() == {"waiting": 1}
        drain()
        assert Delivery.objects.get().attempts == number
        pass_time(hours=30)
    assert states() == {"dead": 1}
    receiver.always(None)
    assert replay_all(state="dead") == 1
    drain()
    assert states() == {"sent": 1}
    assert receiver.names() == {told.name: 1}
    assert results(Delivery.objects.get()) == ["give-up"] + ["try-again"] * 12 + ["sent"]


def test_what_is_unknown_is_sent_again_when_somebody_says_so(program, receiver, address):
    twilio(program, address)
    event(program)
    receiver.fail("dropped")
    drain()
    assert states() == {"unknown": 1}
    assert replay_all() == 1
    replayed = Delivery.objects.get()
    assert (replayed.state, replayed.ended_at, replayed.reason) == ("waiting", None, "")
    drain()
    assert states() == {"sent": 1}


def test_what_was_sent_can_be_sent_once_more_and_a_receiver_with_keys_knows_it(program, receiver, address):
    endpoint(program, f"{address}/hook")
    told = event(program)
    drain()
    assert replay_all() == 1
    drain()
    assert receiver.names() == {told.name: 1}
    assert [one.key for one in receiver.repeated] == [told.name]
    assert receiver.repeated[0].body == receiver.accepted[0].body


def test_what_was_skipped_is_skipped_again_while_its_reason_holds(program, receiver, address):
    hook = endpoint(program, f"{address}/hook")
    event(program)
    type(hook).objects.update(status="paused")
    drain()
    type(hook).objects.update(status="disabled", status_reason="The receiver is gone.")
    drain()
    assert replay_all() == 1
    drain()
    assert Delivery.objects.get().reason == "The receiver is gone."
    type(hook).objects.update(status="active")
    assert replay_all() == 1
    drain()
    assert states() == {"sent": 1}


@pytest.mark.parametrize("state", ["waiting", "sending", "merged"])
def test_what_is_under_way_or_was_told_in_another_message_is_left_alone(program, receiver, address, state):
    endpoint(program, f"{address}/hook")
    event(program)
    drain()
    now = timezone.now()
    is_open = state != "merged"
    Delivery.objects.update(
        state=state,
        next_at=now if is_open else None,
        ended_at=None if is_open else now,
        leased_until=now if state == "sending" else None,
    )
    assert replay_all() == 0
    assert states() == {state: 1}


def test_only_what_was_chosen_is_replayed_however_it_was_chosen(program, receiver, address):
    endpoint(program, f"{address}/hook")
    events(program, 10)
    drain()
    chosen = Delivery.objects.select_related("event").order_by("-pk")[:3]
    assert replay(chosen, now=timezone.now()) == 3
    assert states() == {"sent": 7, "waiting": 3}
