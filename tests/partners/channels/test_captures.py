"""Each channel writes what was captured once, and reads what was answered; none is without a capture."""

import json
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from loyalty_site.lib.http import written
from loyalty_site.lib.mail import Mail, made
from partners import channels
from partners.channels.base import Answer, Message, Notice

FOLDER = Path(__file__).resolve().parents[2] / "captures"


def capture(slug):
    return json.loads((FOLDER / f"{slug}.json").read_text())


def test_every_channel_has_a_capture_and_every_capture_a_channel():
    assert {path.stem for path in FOLDER.glob("*.json")} == {*channels.registry}


def request_of(channel, found):
    if "notice" in found:
        given = found["notice"]
        return channel.event(Notice(**given | {"body": given["body"].encode(), "secrets": tuple(given["secrets"])}))
    return channel.message(Message(**found["message"]))


@pytest.mark.parametrize("slug", channels.registry)
def test_a_channel_writes_what_was_captured(slug):
    found = capture(slug)
    request = request_of(channels.registry[slug](found["credentials"]), found)
    if isinstance(request, Mail):
        mail = message_from_bytes(made(request).message().as_bytes(), policy=policy.default)
        assert {name: mail[name] for name in found["mail"]} == found["mail"]
        assert {part.get_content_type(): part.get_content().strip() for part in mail.iter_parts()} == found["parts"]
        return
    sent, wanted = written(request), found["request"]
    assert (sent.method, str(sent.url), sent.content.decode()) == (wanted["method"], wanted["url"], wanted["body"])
    assert {name: sent.headers[name] for name in wanted["headers"]} == wanted["headers"]


ANSWERS = [(slug, answer) for slug in channels.registry for answer in capture(slug).get("answers", ())]


@pytest.mark.parametrize(("slug", "answer"), ANSWERS, ids=lambda one: one if isinstance(one, str) else one["means"])
def test_a_channel_reads_what_was_answered(slug, answer):
    body = answer["body"] if isinstance(answer["body"], str) else json.dumps(answer["body"])
    channel = channels.registry[slug](capture(slug)["credentials"])
    outcome = channel.read(Answer(answer["status"], answer.get("headers", {}), body.encode()))
    assert type(outcome).__name__ == answer["means"]


@pytest.mark.parametrize("slug", channels.registry)
def test_a_channel_tells_staff_what_to_do_and_how_it_is_called(slug):
    channel = channels.registry[slug]
    assert channel.label
    assert channel.can
    assert len(channel.steps) >= 3
    assert all(step.endswith(".") for step in channel.steps)
    assert all(field.label for field in channel.Credentials.base_fields.values())


@pytest.mark.parametrize("slug", channels.registry)
def test_without_credentials_a_channel_still_writes_something_that_is_refused(slug):
    """Nobody has filled in its form yet: that ends no worker."""
    found = capture(slug)
    request = request_of(channels.registry[slug]({}), found)
    assert isinstance(request, Mail) or request.method == "POST"


@pytest.mark.parametrize("slug", channels.registry)
@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'"x"', b"{" * 100_000, b"\xff\x00", b'{"code":{"a":1}}', b"<p>"]
)
@pytest.mark.parametrize("status", [100, 200, 201, 207, 299, 302, 400, 404, 418, 429, 500, 599, 999])
def test_whatever_is_answered_has_a_meaning(slug, body, status):
    channel = channels.registry[slug](capture(slug)["credentials"])
    for read in (channel.read, channel.read_probe):
        outcome = read(Answer(status, {}, body))
        assert type(outcome).__name__ in {"Sent", "TryAgain", "GiveUp", "Refused", "Unknown"}
        assert len(getattr(outcome, "reason", "")) <= 300
        assert "\x00" not in getattr(outcome, "reason", "")


@pytest.mark.parametrize("slug", channels.registry)
def test_whatever_breaks_has_a_meaning(slug):
    channel = channels.registry[slug](capture(slug)["credentials"])
    for error in (ValueError("x"), RuntimeError("y"), OSError(5, "z"), KeyError("q"), Exception()):
        outcome = channel.failed(error, has_key=False)
        assert type(outcome).__name__ in {"Unknown", "GiveUp"}
