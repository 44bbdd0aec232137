"""What docs/webhooks.md says to builders of receivers is what happens."""

import json
import re
import time

import pytest
import yaml
from django.conf import settings
from standardwebhooks import WebhookVerificationError

from loyalty_site.lib.retrying import MOST_ATTEMPTS, pause_s
from members.api.schemas.hooks import sent_event
from members.outbox.kinds.webhooks import body
from partners import channels, hooks
from partners.channels.base import Answer, GiveUp, Notice, Sent, TryAgain
from partners.models.endpoints import new_secret
from tests.support.api_caller import schema
from tests.support.hooks import event

GUIDE = (settings.BASE_DIR / "docs" / "webhooks.md").read_text()
CODE = re.findall(r"```python\n(.*?)```", GUIDE, re.S)


def verifying(code):
    known = {}
    exec(compile(code, "docs/webhooks.md", "exec"), known)
    return known["verify"]


def sent(*secrets, at=None):
    """(headers, body) of an event as they arrive."""
    notice = Notice("evt_1", "https://example.com/hooks", b'{"id": "evt_1"}', int(at or time.time()), secrets)
    request = channels.registry["webhooks"]({}).event(notice)
    return dict(request.headers), request.content


@pytest.mark.parametrize("code", CODE, ids=["library", "ten lines"])
def test_the_code_of_the_guide_takes_what_we_sign_and_nothing_else(code):
    verify, old, new = verifying(code), new_secret(), new_secret()
    assert verify(new, *sent(new)) == {"id": "evt_1"}
    # While a secret is replaced, a receiver takes either.
    assert verify(new, *sent(new, old)) == verify(old, *sent(new, old)) == {"id": "evt_1"}
    headers, content = sent(new)
    for other in (
        (old, headers, content),
        (new, headers, content + b" "),
        (new, headers | {"webhook-id": "evt_2"}, content),
        (new, *sent(new, at=time.time() - 600)),
    ):
        with pytest.raises((ValueError, WebhookVerificationError)):
            verify(*other)


def test_the_ten_lines_are_ten():
    _, lines = CODE[1].split('"""\n', 1)
    assert len(CODE) == 2
    assert len(lines.strip().splitlines()) <= 10


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ([200, 204, 299], Sent),
        ([400, 413, 415, 422, 301, 307, 410], GiveUp),
        ([408, 425, 429, 500, 503, 401, 403, 404], TryAgain),
    ],
)
def test_answers_mean_what_the_guide_says(statuses, outcome):
    """C25-R2: what is tried again, and what is not."""
    channel = channels.registry["webhooks"]({})
    for status in statuses:
        told = channel.read(Answer(status))
        assert isinstance(told, outcome), status
        assert getattr(told, "is_gone", False) == (status == 410)
        assert getattr(told, "is_elsewhere", False) == (300 <= status < 400)


def test_it_is_tried_as_often_and_as_long_as_the_guide_says():
    """C25-R2: 1, 2, 4 ... minutes, twelve times."""
    pauses = [pause_s(number) / 60 for number in range(1, MOST_ATTEMPTS)]
    assert (MOST_ATTEMPTS, pauses[:4]) == (12, [1, 2, 4, 8])
    assert 24 < sum(pauses) / 60 < 40
    assert f"For {hooks.OVERLAP_H} hours (`hours`, from 0 to {hooks.LONGEST_OVERLAP_H})" in GUIDE


@pytest.mark.django_db
def test_a_sample_is_what_a_webhook_carries(club, ada):
    told = event(club, ada)
    assert json.loads(body(told)) == json.loads(json.dumps(sent_event(told)))


def test_the_connector_of_the_guide_names_addresses_that_there_are():
    drawn = yaml.safe_load(re.search(r"```yaml\n(.*?)```", GUIDE, re.S)[1])
    for path, operations in drawn["paths"].items():
        known = schema()["paths"][f"{drawn['basePath']}{path}"]
        for method in {"get", "post", "delete"} & set(operations):
            assert set(operations[method]["responses"]) <= set(known[method]["responses"])
    wanted = drawn["paths"]["/hooks/"]["post"]["parameters"][0]["schema"]
    assert set(wanted["properties"]) <= set(schema()["components"]["schemas"]["Subscription"]["properties"])
