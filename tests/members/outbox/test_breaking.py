"""When is an outlet left alone, and when are staff told?"""

from django.utils import timezone

from members.models import Attempt, Delivery, Event
from members.outbox import breaking
from partners.channels.base import GiveUp, Refused, Sent, TryAgain, Unknown
from partners.models import WebhookEndpoint
from tests.support.outbox import drain, endpoint, event, events, pass_time, seconds_until, states

NOW = timezone.now()


def test_five_failures_in_a_row_pause_an_endpoint_and_others_go_on(program, receiver, address):
    down = endpoint(program, f"{address}/down")
    endpoint(program, f"{address}/up")
    events(program, 30)
    receiver.always("500", "/down")
    drain()
    down.refresh_from_db()
    assert down.failures == 5
    assert 50 < seconds_until(down.paused_until) < 70
    assert down.last_error == "HTTP 500"
    # What was under way when it was paused still counts as tried, nothing else was sent.
    tried = Attempt.objects.filter(delivery__endpoint=down).count()
    assert 5 <= tried <= 12
    assert Delivery.objects.filter(endpoint__url=f"{address}/up", state="sent").count() == 30
    requests = receiver.requests
    drain()
    assert receiver.requests == requests


def test_behind_the_pause_one_delivery_probes_and_each_failure_makes_the_pause_longer(program, receiver, address):
    down = endpoint(program, f"{address}/down")
    events(program, 20)
    receiver.always("500")
    drain()
    pauses = []
    for _ in range(7):
        pass_time(hours=1)
        requests = receiver.requests
        drain()
        assert receiver.requests == requests + 1
        down.refresh_from_db()
        pauses.append(round(seconds_until(down.paused_until) / 60))
    usual = [2, 4, 8, 16, 30, 30, 30]
    assert all(abs(found - minutes) <= 0.15 * minutes for found, minutes in zip(pauses, usual, strict=True))
    receiver.always(None)
    pass_time(hours=40)
    drain()
    down.refresh_from_db()
    assert (down.failures, down.paused_until, down.dead_since) == (0, None, None)
    assert down.last_success_at is not None
    assert states() == {"sent": 20}


def test_staff_are_told_once_for_each_outage_and_never_of_a_hiccup(program, receiver, address):
    hook = endpoint(program, f"{address}/hook")
    events(program, 30)
    receiver.fail("500", times=6)
    drain()
    pass_time(hours=1)
    drain()
    pass_time(hours=1)
    drain()
    assert not Event.objects.filter(type="channel.dead").exists()
    for outage in (1, 2):
        events(program, 10)
        receiver.always("500")
        for _ in range(10):
            drain()
            pass_time(hours=1)
        assert Event.objects.filter(type="channel.dead").count() == outage
        receiver.always(None)
        drain()
        pass_time(hours=30)
        drain()
    told = Event.objects.filter(type="channel.dead").first().data["channel"]
    assert told["endpoint"] == str(hook)
    assert told["reason"] == "HTTP 500"
    assert told["since"].endswith("Z")


def test_a_receiver_at_another_address_fails_and_is_told_to_staff_while_most_of_it_waits(program, receiver, address):
    hook = endpoint(program, f"{address}/moved")
    events(program, 30)
    receiver.always("redirect")
    drain()
    hook.refresh_from_db()
    assert (hook.failures, hook.is_paused(timezone.now())) == (5, True)
    for _ in range(3):
        pass_time(hours=1)
        drain()
    told = Event.objects.get(type="channel.dead").data["channel"]
    assert told["endpoint"] == str(hook)
    assert "Enter that one" in told["reason"]
    given_up = states()["dead"]
    assert given_up < 20
    assert states() == {"dead": given_up, "waiting": 30 - given_up}


def test_a_time_out_of_many_at_once_pauses_as_long_as_one_after_the_other(program):
    hook = WebhookEndpoint(connection_id=1)
    for _ in range(12):
        breaking.learn(hook, TryAgain("HTTP 500"), NOW, is_probe=False)
    assert hook.failures == 5
    assert (hook.paused_until - NOW).total_seconds() < 70


def test_outcomes_that_are_no_fault_of_the_outlet_are_none(program):
    hook = WebhookEndpoint(connection_id=1, failures=4)
    breaking.learn(hook, GiveUp("HTTP 400"), NOW, is_probe=False)
    assert hook.failures == 0
    breaking.learn(hook, GiveUp("HTTP 410", is_gone=True), NOW, is_probe=False)
    assert hook.failures == 0
    breaking.learn(hook, TryAgain("HTTP 429", 30), NOW, is_probe=False)
    assert hook.failures == 0
    assert (hook.paused_until - NOW).total_seconds() == 30
    # A shorter wish does not shorten it, and a success of what was under way does not end it.
    breaking.learn(hook, TryAgain("HTTP 429", 3), NOW, is_probe=False)
    breaking.learn(hook, Sent(), NOW, is_probe=False)
    assert (hook.paused_until - NOW).total_seconds() == 30


def test_a_refusal_of_credentials_pauses_at_once_and_an_unknown_end_is_a_failure(program):
    hook = WebhookEndpoint(connection_id=1)
    breaking.learn(hook, Unknown("It broke off."), NOW, is_probe=False)
    assert (hook.failures, hook.paused_until) == (1, None)
    breaking.learn(hook, Refused("HTTP 401"), NOW, is_probe=False)
    assert hook.failures == 5
    assert hook.dead_since == NOW
    assert hook.paused_until > NOW


def test_a_success_is_written_down_now_and_then_only(program, receiver, address, django_assert_max_num_queries):
    hook = endpoint(program, f"{address}/hook")
    event(program)
    drain()
    hook.refresh_from_db()
    event(program)
    drain()
    before = hook.last_success_at
    hook.refresh_from_db()
    assert hook.last_success_at == before


def test_a_probe_that_is_not_sent_lets_the_next_one_go(program, receiver, address, monkeypatch):
    hook = endpoint(program, f"{address}/hook")
    events(program, 3)
    receiver.always("500")
    WebhookEndpoint.objects.update(failures=6)
    monkeypatch.setattr("members.outbox.kinds.webhooks._composed", lambda delivery, now: 1 / 0)
    drain()
    hook.refresh_from_db()
    assert not hook.is_paused(timezone.now())
    assert Delivery.objects.filter(attempts=1).count() == 3
