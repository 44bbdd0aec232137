"""What follows from what a receiver answers?"""

import pytest
from django.utils import timezone

from members.models import Attempt, Delivery, Event
from members.outbox import draining
from partners.channels.base import Unknown
from partners.models import WebhookEndpoint
from tests.support.outbox import (
    drain,
    endpoint,
    event,
    events,
    pass_time,
    results,
    seconds_until,
    states,
    twilio,
)


def test_a_failure_is_tried_again_after_one_two_and_four_minutes_up_to_a_day_and_twelve_times(
    program, receiver, address
):
    """C25-R2."""
    endpoint(program, f"{address}/hook")
    event(program)
    receiver.always("500")
    for number in range(1, 12):
        drain()
        sent = Delivery.objects.get()
        assert (sent.state, sent.attempts, sent.reason) == ("waiting", number, "HTTP 500")
        usual = min(60 * 2 ** (number - 1), 24 * 3600)
        assert 0.85 * usual < seconds_until(sent.next_at) < 1.15 * usual
        pass_time(hours=30)
    drain()
    given_up = Delivery.objects.get()
    assert (given_up.state, given_up.attempts, given_up.next_at) == ("dead", 12, None)
    assert results(given_up) == ["try-again"] * 12
    assert not receiver.accepted


@pytest.mark.parametrize(
    ("fault", "least", "most"),
    [("429 in seconds", 1, 3), ("429 in fractions", 1, 2.5), ("429 by date", 1, 4.1), ("429 at once", -1, 1)],
)
def test_a_receiver_that_says_when_is_asked_then_and_so_are_all_others_of_it(
    program, receiver, address, fault, least, most
):
    hook = endpoint(program, f"{address}/hook")
    event(program)
    receiver.fail(fault)
    draining.drain(seconds=0.2)
    waiting = Delivery.objects.get()
    assert waiting.state == "waiting" or fault == "429 at once"
    if waiting.state == "waiting":
        assert least < seconds_until(waiting.next_at) <= most
    hook.refresh_from_db()
    assert hook.failures == 0
    if fault != "429 at once":
        assert least < seconds_until(hook.paused_until) <= most
    event(program)
    draining.drain(seconds=0.2)
    assert receiver.requests == 1 or fault == "429 at once"
    pass_time(seconds=10)
    drain()
    assert states() == {"sent": 2}


def test_a_receiver_that_says_later_again_and_again_is_given_up_after_eighteen_tries(program, receiver, address):
    endpoint(program, f"{address}/hook")
    event(program)
    receiver.always("429 in seconds")
    for _ in range(18):
        assert states() in ({}, {"waiting": 1})
        drain()
        pass_time(hours=30)
    assert states() == {"dead": 1}


def test_who_drops_the_line_is_sent_a_webhook_again_with_its_key_and_the_same_bytes(program, receiver, address):
    endpoint(program, f"{address}/hook")
    told = event(program)
    receiver.fail("dropped when taken", "dropped")
    for _ in range(3):
        drain()
        pass_time(hours=1)
    assert states() == {"sent": 1}
    assert [one.key for one in (*receiver.accepted, *receiver.repeated)] == [told.name] * 2
    assert receiver.accepted[0].body == receiver.repeated[0].body
    assert results(Delivery.objects.get()) == ["try-again", "try-again", "sent"]


def test_who_drops_the_line_is_never_sent_a_text_again(program, receiver, address):
    twilio(program, address)
    told = event(program)
    receiver.fail("dropped when taken")
    for _ in range(3):
        drain()
        pass_time(hours=40)
    assert states() == {"unknown": 1}
    assert receiver.names() == {told.name: 1}
    assert Delivery.objects.get().reason
    assert results(Delivery.objects.get()) == ["unknown"]


def test_a_refusal_for_good_ends_a_delivery_at_once(program, receiver, address):
    endpoint(program, f"{address}/hook")
    event(program)
    receiver.fail("400")
    drain()
    assert states() == {"dead": 1}
    assert "HTTP 400" in Delivery.objects.get().reason
    assert results(Delivery.objects.get()) == ["give-up"]


@pytest.mark.parametrize("fault", ["redirect", "huge", "slow", "207", "no HTTP"])
def test_whatever_a_receiver_answers_the_others_get_theirs(program, receiver, address, fault):
    endpoint(program, f"{address}/odd")
    endpoint(program, f"{address}/hook")
    events(program, 3)
    receiver.always(fault, "/odd")
    drain()
    assert Delivery.objects.filter(endpoint__url=f"{address}/hook", state="sent").count() == 3
    states_of_odd = set(Delivery.objects.filter(endpoint__url=f"{address}/odd").values_list("state", flat=True))
    expected = {"redirect": "dead", "no HTTP": "waiting"}
    assert states_of_odd == {expected.get(fault, "sent")}
    assert all(len(one.answer) < 20_000 for one in Attempt.objects.all())


def test_what_may_not_be_asked_is_not_and_loses_nothing_when_it_may_again(program, receiver, address, settings):
    """A name has changed its mind, or OUTBOUND_ALLOWED was forgotten: a failure that its page shows."""
    hook = endpoint(program, f"{address}/hook")
    told = events(program, 20)
    allowed, settings.OUTBOUND_ALLOWED = settings.OUTBOUND_ALLOWED, ["127.0.0.1:1"]
    drain()
    hook.refresh_from_db()
    assert (hook.failures, hook.is_paused(timezone.now())) == (5, True)
    assert states() == {"waiting": 20}
    assert not receiver.requests
    settings.OUTBOUND_ALLOWED = allowed
    for _ in range(3):
        pass_time(minutes=5)
        drain()
    assert receiver.names() == {one.name: 1 for one in told}


def test_credentials_that_are_refused_stop_the_connection_and_use_up_no_try(program, receiver, address):
    through = twilio(program, address)
    events(program, 2)
    receiver.always("401")
    for _ in range(15):
        drain()
        pass_time(hours=1)
    requests = receiver.requests
    assert states() == {"waiting": 2}
    through.refresh_from_db()
    assert through.dead_since is not None
    told = Event.objects.get(type="channel.dead")
    assert told.data["channel"]["connection"] == str(through)
    assert told.data["channel"]["endpoint"] is None
    receiver.always(None)
    drain()
    assert states() == {"sent": 2}
    assert receiver.requests == requests + 2
    through.refresh_from_db()
    assert (through.failures, through.dead_since, through.paused_until) == (0, None, None)


def test_an_answer_that_nobody_understands_is_unknown_unless_it_has_a_key(program, receiver, address, monkeypatch):
    endpoint(program, f"{address}/hook")
    twilio(program, address)
    told = event(program)

    def read(self, answer):
        raise ValueError("no such thing")

    monkeypatch.setattr("partners.channels.twilio.Twilio.read", read)
    monkeypatch.setattr("partners.channels.webhooks.Webhooks.read", lambda self, answer: Unknown("Who knows?"))
    drain()
    assert Delivery.objects.get(kind="note").state == "unknown"
    assert Delivery.objects.get(kind="webhook").state == "waiting"
    assert receiver.names()[told.name] == 2


def test_a_receiver_that_is_gone_is_disabled_and_what_waits_for_it_is_skipped(program, receiver, address):
    hook = endpoint(program, f"{address}/hook")
    events(program, 6)
    receiver.always("410")
    drain()
    drain()
    hook.refresh_from_db()
    assert hook.status == WebhookEndpoint.Status.DISABLED
    assert "410" in hook.status_reason
    assert set(states()) <= {"dead", "skipped"}
    assert not Delivery.objects.filter(next_at__isnull=False).exists()
    event(program)
    drain()
    assert Delivery.objects.count() == 6
