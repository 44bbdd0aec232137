"""Does the guide of the channels say what holds? Its examples run, and its addresses are taken."""

import json
import re
import time

import pytest
from django.conf import settings

from loyalty_site.lib import environment
from loyalty_site.lib.http import written
from partners.channels.base import Answer, GiveUp, Notice, Refused, TryAgain
from partners.channels.twilio import Twilio
from partners.channels.webhooks import Webhooks
from partners.models.endpoints import new_secret

GUIDE = (settings.BASE_DIR / "docs" / "channels.md").read_text()


def test_a_receiver_checks_an_event_as_the_guide_says():
    secret, body = new_secret(), b'{"id": "evt_1"}'
    request = written(Webhooks({}).event(Notice("evt_1", "https://a.example", body, int(time.time()), (secret,))))
    example = re.search(r"```python\n(.*?)```", GUIDE, re.DOTALL)[1].replace("whsec_...", secret)
    names = {"body": request.content, "headers": request.headers}
    exec(example, names)
    assert names["event"] == {"id": "evt_1"}


def test_the_addresses_of_mail_servers_are_taken(monkeypatch):
    examples = re.findall(r"`(smtp[^`]*)`", GUIDE)
    assert len(examples) == 3
    for example in examples:
        monkeypatch.setenv("EMAIL_URL", example)
        assert environment.Environment().mail("EMAIL_URL").host == "host"


def test_the_receivers_of_the_example_are_taken(monkeypatch):
    monkeypatch.setenv("OUTBOUND_ALLOWED", re.search(r"    OUTBOUND_ALLOWED=(.*)", GUIDE)[1])
    assert len(environment.Environment().receivers("OUTBOUND_ALLOWED")) == 3


@pytest.mark.parametrize(
    ("line", "outcome"),
    [("this number cannot", GiveUp), ("the sender is none", Refused), ("tried again |", TryAgain)],
)
def test_the_errors_of_twilio_mean_what_the_guide_says(line, outcome):
    found = next(row for row in GUIDE.splitlines() if line in row and row.startswith("| 2"))
    codes = re.findall(r"\b[1-9][0-9]{4}\b", found)
    assert len(codes) >= 2
    for code in codes:
        body = json.dumps({"code": int(code), "message": "x"}).encode()
        assert isinstance(Twilio({}).read(Answer(400, {}, body)), outcome), code


def test_what_a_receiver_of_webhooks_answers_means_what_the_guide_says():
    given_up = re.search(r"\| ([0-9, ]+) \| this event is given up: the same bytes", GUIDE)[1]
    for status in range(400, 600):
        wanted = GiveUp if str(status) in given_up.split(", ") or status == 410 else TryAgain
        assert isinstance(Webhooks({}).read(Answer(status)), wanted), status
