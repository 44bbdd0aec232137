"""Webhooks leave as Standard Webhooks, judged by its own library, also while a secret is being changed (C25-R2)."""

import json
import time

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from loyalty_site.lib.http import AddressRefused, MayHaveArrived, NothingSent, written
from partners.channels.base import Answer, GiveUp, Notice, TryAgain
from partners.channels.webhooks import Webhooks
from partners.models.endpoints import new_secret

OLD, NEW, OTHER = new_secret(), new_secret(), new_secret()
BODY = json.dumps({"id": "evt_1", "type": "points.earned", "data": {"name": "Zoë 😀"}}, ensure_ascii=False).encode()


def sent(*secrets, at=None, body=BODY):
    request = Webhooks({}).event(Notice("evt_1", "https://shop.example/hook", body, at or int(time.time()), secrets))
    return written(request)


@pytest.mark.parametrize("secret", [OLD, NEW], ids=["old", "new"])
def test_while_a_secret_is_changed_both_verify(secret):
    request = sent(NEW, OLD)
    assert Webhook(secret).verify(request.content, request.headers) == json.loads(BODY)


def test_another_secret_does_not():
    request = sent(NEW, OLD)
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(request.content, request.headers)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp"])
def test_what_is_signed_cannot_be_changed(name):
    request = sent(NEW)
    headers = dict(request.headers) | {name: str(int(time.time()) - 1)}
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(request.content, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(request.content + b" ", request.headers)


def test_an_event_that_is_sent_again_later_is_signed_anew():
    """The library takes no signature that is older than five minutes."""
    old = sent(NEW, at=int(time.time()) - 3600)
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(NEW).verify(old.content, old.headers)
    assert Webhook(NEW).verify(sent(NEW).content, sent(NEW).headers)


def test_it_may_be_repeated_and_is_waited_for_ten_seconds():
    request = Webhooks({}).event(Notice("evt_1", "https://shop.example/hook", BODY, 1, (NEW,)))
    assert request.has_key
    assert request.total_s == 10
    assert request.secrets == (NEW,)
    assert written(request).headers["user-agent"] == "loyalty-back-office/1"


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_a_receiver_who_refuses_what_it_says_is_not_asked_again(status):
    assert Webhooks({}).read(Answer(status)) == GiveUp(f"HTTP {status}: the receiver refuses what it says.")


@pytest.mark.parametrize("status", [401, 403, 404, 405, 409, 429, 500, 503])
def test_one_that_is_being_changed_is(status):
    assert Webhooks({}).read(Answer(status, {"retry-after": "7"} if status in (429, 503) else {})) == TryAgain(
        f"HTTP {status}", 7.0 if status in (429, 503) else None
    )


def test_410_ends_it():
    assert Webhooks({}).read(Answer(410)).is_gone
    assert not Webhooks({}).read(Answer(422)).is_gone


def test_no_answer_is_tried_again_because_it_has_a_key():
    failed = Webhooks({}).failed
    assert failed(MayHaveArrived("Late."), has_key=True) == TryAgain("Late.")
    assert failed(NothingSent("Away."), has_key=True) == TryAgain("Away.")
    assert failed(AddressRefused("Closed."), has_key=True) == TryAgain("Closed.")
