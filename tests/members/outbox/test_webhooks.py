"""What is a webhook sent, and with which secrets is it signed?"""

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from members.models import Delivery
from members.outbox.kinds import webhooks
from partners.models import WebhookEndpoint
from partners.models.endpoints import new_secret
from tests.support.outbox import drain, endpoint, event, pass_time


def test_what_is_sent_is_signed_as_standard_webhooks_says(program, receiver, address):
    """C25-R1, R2."""
    hook = endpoint(program, f"{address}/hook")
    told = event(program)
    drain()
    sent = receiver.accepted[0]
    said = Webhook(hook.secret).verify(sent.body, sent.headers)
    assert said["id"] == told.name == sent.key
    assert said["program"] == program.code
    assert said["timestamp"] == said["occurred_at"]
    assert said["occurred_at"].endswith("Z")
    assert said["data"] == told.data
    assert (said["type"], said["version"]) == ("points.earned", 1)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(sent.body, sent.headers)


def test_while_a_secret_is_changed_both_sign_and_then_the_new_one_alone(program, receiver, address):
    old, new = new_secret(), new_secret()
    until = timezone.now() + timedelta(hours=1)
    hook = endpoint(program, f"{address}/hook", secret=new, old_secret=old, old_secret_until=until)
    event(program)
    drain()
    sent = receiver.accepted[0]
    for secret in (old, new):
        Webhook(secret).verify(sent.body, sent.headers)
    WebhookEndpoint.objects.filter(pk=hook.pk).update(old_secret_until=timezone.now())
    event(program)
    drain()
    sent = receiver.accepted[1]
    Webhook(new).verify(sent.body, sent.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(sent.body, sent.headers)


def test_a_body_is_the_same_bytes_on_each_try_and_its_instant_is_that_of_the_try(program, receiver, address):
    hook = endpoint(program, f"{address}/hook")
    # Keys that one database keeps in order and the other does not, letters of all kinds, a number beyond 64 bits.
    event(program, data={"zebra": 1, "a": {"Größe": "ſ", "n": 2**70}, "list": [1.5, None, True]})
    receiver.fail("dropped when taken")
    drain()
    pass_time(hours=1)
    drain()
    first, second = receiver.accepted[0], receiver.repeated[0]
    assert first.body == second.body
    assert json.loads(first.body)["data"]["a"]["n"] == 2**70
    for sent in (first, second):
        Webhook(hook.secret).verify(sent.body, sent.headers)
        assert abs(int(sent.headers["webhook-timestamp"]) - sent.at) < 5


def test_what_lets_us_in_at_an_address_is_shown_nowhere(program, receiver, address):
    """C25-R10: Power Automate takes whatever comes with the right `sig`."""
    hook = endpoint(program, f"{address}/hook?api=1&sig=open%2Bsesame", name="")
    event(program)
    drain()
    sent = Delivery.objects.get()
    assert receiver.accepted[0].path == "/hook?api=1&sig=open%2Bsesame"
    assert sent.tries.get().request.startswith(f"POST {address}/hook?api=1&sig=•••\n")
    assert (sent.recipient, str(hook)) == (f"{address}/hook?…", f"{address}/hook?…")


def test_who_is_gone_is_disabled_once_and_those_who_listen_are_counted_anew(program, receiver, address, monkeypatch):
    hook = endpoint(program, f"{address}/hook")
    event(program)
    refreshed = []
    monkeypatch.setattr("members.listening.refresh", lambda programs: refreshed.append(list(programs)))
    receiver.always("410")
    drain()
    hook.refresh_from_db()
    assert hook.status == "disabled"
    assert timezone.now().date().isoformat() in hook.status_reason
    assert refreshed == [[program.pk]]
    assert Delivery.objects.get().state == "dead"


def test_an_endpoint_that_was_unsubscribed_while_it_answered_410_stays_unsubscribed(
    program, receiver, address, monkeypatch
):
    hook = endpoint(program, f"{address}/hook")
    event(program)
    receiver.always("410")
    compose = webhooks.Webhooks.compose

    def unsubscribed(self, deliveries, now):
        found = compose(self, deliveries, now)
        WebhookEndpoint.objects.update(status="unsubscribed")
        return found

    monkeypatch.setattr(webhooks.Webhooks, "compose", unsubscribed)
    drain()
    hook.refresh_from_db()
    assert (hook.status, hook.status_reason) == ("unsubscribed", "")
