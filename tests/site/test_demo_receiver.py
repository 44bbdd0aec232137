"""What the demo sends arrives on this machine: who takes it, shows it, and refuses what nobody signed?"""

import json
import threading
import urllib.error
import urllib.request
from urllib.parse import urlencode

import pytest

from loyalty_site.demo import receiver, ways_out
from loyalty_site.management.commands import demo_receiver
from partners.channels.base import Notice
from partners.channels.webhooks import signature
from partners.models import Connection, WebhookEndpoint
from partners.models.endpoints import new_secret
from tests.support import factories

pytestmark = pytest.mark.each_database


@pytest.fixture
def running():
    """A receiver that takes every webhook whose signature is "right"; its address and its letterbox."""
    server = receiver.serve(lambda headers, body: headers.get("webhook-signature") == "right", port=0)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", server.letterbox
    server.shutdown()
    thread.join()
    server.server_close()


def post(address, body, **headers):
    request = urllib.request.Request(address, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def test_a_text_message_a_line_in_slack_and_a_webhook_are_taken_and_printed(running, capsys):
    address, letterbox = running
    text = urlencode({"To": "+12025550123", "From": "+12025550199", "Body": "You are\na Virtuoso"}).encode()
    status, answer = post(f"{address}/2010-04-01/Accounts/AC0/Messages.json", text)
    assert (status, json.loads(answer)["status"]) == (201, "queued")
    assert post(address + receiver.SLACK, b'{"text": "Ada is a Virtuoso"}') == (200, b"ok")
    event = json.dumps({"id": "evt_1", "type": "tier.upgraded", "data": {"member": {"number": "77"}}}).encode()
    assert post(address + receiver.WEBHOOK, event, **{"Webhook-Signature": "right"})[0] == 200
    assert [one.channel for one in letterbox.kept] == ["SMS", "Slack", "Webhook"]
    printed = capsys.readouterr().out
    for line in ("SMS to +12025550123: You are a Virtuoso", "Ada is a Virtuoso", "about 77: tier.upgraded evt_1"):
        assert line in printed


def test_a_webhook_that_nobody_signed_is_refused(running):
    address, letterbox = running
    assert post(address + receiver.WEBHOOK, b"{}", **{"Webhook-Signature": "wrong"})[0] == 401
    assert not letterbox.kept


@pytest.mark.parametrize("path", ["/elsewhere", "/2010-04-01/Accounts/AC0/Calls.json"])
def test_what_is_meant_for_nobody_is_refused(running, path):
    assert post(running[0] + path, b"{}")[0] == 404


@pytest.mark.parametrize("body", [b"no json", b"[]", b'{"channel": "#loyalty"}'])
def test_what_cannot_be_read_is_refused_and_the_next_one_is_taken(running, body):
    address, letterbox = running
    assert post(address + receiver.SLACK, body)[0] == 400
    assert post(address + receiver.SLACK, b'{"text": "Hello"}')[0] == 200
    assert len(letterbox.kept) == 1


def test_its_page_shows_the_last_ones_and_runs_nothing_of_them(running):
    address, letterbox = running
    for number in range(receiver.KEPT + 1):
        letterbox.take("Slack", "#loyalty", f"<script>{number}</script>")
    with urllib.request.urlopen(address, timeout=10) as answer:
        page, policy = answer.read().decode(), answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "<script>" not in page
    assert "&lt;script&gt;200&lt;/script&gt;" in page
    assert "&lt;script&gt;0&lt;/script&gt;" not in page


@pytest.fixture
def endpoint(db):
    owner = factories.partner("encore")
    out = Connection.objects.create(partner=owner, name="Out", platform="webhooks")
    address = receiver.ADDRESS + receiver.WEBHOOK
    return WebhookEndpoint.objects.create(connection=out, url=address, events=["*"], secret=new_secret())


def headers(secret, body, key="evt_1", at=1_795_000_000):
    signed = signature(secret, Notice(key, "", body, at, (secret,)))
    return {"webhook-id": key, "webhook-timestamp": str(at), "webhook-signature": signed}


def test_it_knows_what_the_endpoint_of_the_demo_signs(endpoint, monkeypatch):
    monkeypatch.setattr(demo_receiver.connection, "close", lambda: None)
    right = headers(endpoint.secret, b"{}")
    assert demo_receiver.is_signed(right, b"{}")
    assert not demo_receiver.is_signed(right, b"{ }")
    assert not demo_receiver.is_signed(right | {"webhook-id": "evt_2"}, b"{}")
    assert not demo_receiver.is_signed(right | {"webhook-timestamp": "soon"}, b"{}")
    assert not demo_receiver.is_signed(headers(new_secret(), b"{}"), b"{}")
    assert not demo_receiver.is_signed({}, b"{}")


def test_it_is_wanted_while_the_endpoint_of_the_demo_is_active(endpoint):
    assert ways_out.are_there()
    endpoint.status = WebhookEndpoint.Status.PAUSED
    endpoint.save()
    assert not ways_out.are_there()


def test_an_address_that_is_taken_is_seen(running, monkeypatch):
    monkeypatch.setattr(receiver, "PORT", int(running[0].rpartition(":")[2]))
    assert not receiver.is_free()
    monkeypatch.setattr(receiver, "PORT", 0)
    assert receiver.is_free()
