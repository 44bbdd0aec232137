"""Notes leave as the SDK of Slack sends them, whatever a member is called, and 200 is not taken for a yes."""

import json

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from loyalty_site.lib.http import written
from partners.channels.base import Answer, GiveUp, Message, NoAddress, Person, Refused, Sent, TryAgain, Unknown
from partners.channels.slack import THE_CHANNEL, Slack
from tests.support.peers import answering, peer

BOT = {"way": "bot", "token": "xoxb-1-abc", "channel": "C0123456789"}
HOOK = {"way": "webhook", "url": "https://hooks.slack.com/services/T0/B0/s3cret"}
NOTE = Message("k", "U0123456789", "Points: 5 & <more>\n<!channel> @here", "A night failed")
WRITTEN = "*A night failed*\nPoints: 5 &amp; &lt;more&gt;\n&lt;!channel&gt; @here"


def taken(asked):
    head, _, body = asked.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    return lines[0], headers, json.loads(body)


@pytest.mark.each_database
def test_our_request_of_a_bot_is_that_of_the_sdk():
    with peer(answering(body=b'{"ok": true, "ts": "1.2"}', Content_Type="application/json")) as asked:
        WebClient(BOT["token"], base_url=f"{asked.url}api/").chat_postMessage(
            channel="U0123456789", text=WRITTEN, unfurl_links=False, unfurl_media=False
        )
        line, headers, body = taken(asked)
        ours = written(Slack(BOT | {"api": f"{asked.url}api"}).message(NOTE))
    assert line == f"{ours.method} {ours.url.path} HTTP/1.1"
    assert json.loads(ours.content) == body
    for name in ("authorization", "content-type"):
        assert ours.headers[name] == headers[name]


@pytest.mark.each_database
def test_so_is_that_of_a_webhook():
    with peer(answering()) as asked:
        url = f"{asked.url}services/T0/B0/x"
        WebhookClient(url).send(text=WRITTEN, unfurl_links=False, unfurl_media=False)
        line, headers, body = taken(asked)
        ours = written(Slack(HOOK | {"url": url}).message(NOTE))
    assert line == f"{ours.method} {ours.url.path} HTTP/1.1"
    assert json.loads(ours.content) == body
    assert ours.headers["content-type"] == headers["content-type"]


@pytest.mark.each_database
def test_what_the_sdk_takes_for_a_failure_is_one():
    with (
        peer(
            answering(body=b'{"ok": false, "error": "channel_not_found"}', Content_Type="application/json")
        ) as asked,
        pytest.raises(SlackApiError),
    ):
        WebClient("xoxb-1", base_url=asked.url).chat_postMessage(channel="C1", text="x")
    assert Slack(BOT).read(Answer(200, {}, b'{"ok": false, "error": "channel_not_found"}')) == GiveUp(
        "Slack: channel_not_found"
    )


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("invalid_auth", Refused), ("token_revoked", Refused), ("account_inactive", Refused), 
        ("missing_scope", Refused),
        ("something_new", Refused), ("ratelimited", TryAgain), ("service_unavailable", TryAgain),
        ("internal_error", Unknown), ("fatal_error", Unknown), ("is_archived", GiveUp), ("msg_too_long", GiveUp),
        ("not_in_channel", GiveUp),
    ],
)  # fmt: skip
def test_what_an_error_of_a_bot_means(error, outcome):
    said = Slack(BOT).read(Answer(200, {"retry-after": "9"}, json.dumps({"ok": False, "error": error}).encode()))
    assert type(said) is outcome
    assert said.reason == f"Slack: {error}"
    assert getattr(said, "after_s", 9) == 9


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"ok": "true"}', b'{"ok": 1}'])
def test_a_200_that_cannot_be_read_is_unknown(body):
    assert isinstance(Slack(BOT).read(Answer(200, {}, body)), Unknown)
    assert isinstance(Slack(HOOK).read(Answer(200, {}, body)), Unknown)


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, b"ok", Sent()),
        (400, b"invalid_payload", GiveUp("Slack: invalid_payload (HTTP 400)")),
        (403, b"action_prohibited", Refused("Slack: action_prohibited (HTTP 403)")),
        (404, b"no_service", Refused("Slack: no_service (HTTP 404)")),
        (410, b"channel_is_archived", Refused("Slack: channel_is_archived (HTTP 410)")),
        (404, b"<html>", Refused("The webhook is refused (HTTP 404).")),
        (500, b"rollup_error", TryAgain("HTTP 500")),
    ],
)
def test_what_an_answer_to_a_webhook_means(status, body, outcome):
    assert Slack(HOOK).read(Answer(status, {}, body)) == outcome


def test_it_waits_as_long_as_slack_asks():
    assert Slack(HOOK).read(Answer(429, {"retry-after": "30"}, b"")).after_s == 30
    assert Slack(BOT).read(Answer(429, {"retry-after": "30"}, b"")).after_s == 30


def test_no_secret_of_it_is_shown():
    assert Slack(HOOK).message(NOTE).secrets == ("T0/B0/s3cret",)
    assert Slack(BOT).message(NOTE).secrets == ("xoxb-1-abc",)
    assert not Slack(BOT).message(NOTE).has_key


def test_a_long_note_is_cut():
    assert len(Slack(BOT).message(Message("k", "C1", "x" * 100_000)).json["text"]) == 4000


def test_whom_it_reaches():
    assert Slack(HOOK).address(Person(slack="U0123456789")) == THE_CHANNEL
    assert Slack(BOT).address(Person(slack="U0123456789")) == "U0123456789"
    assert Slack(BOT).address(Person()) == "C0123456789"
    with pytest.raises(NoAddress, match="no member ID"):
        Slack(BOT | {"channel": ""}).address(Person())
    with pytest.raises(NoAddress, match="begins with U or W"):
        Slack(BOT).address(Person(slack="@ada"))


def test_the_probe_says_who_it_is():
    probe = Slack(BOT).probe()
    assert (probe.method, probe.url) == ("POST", "https://slack.com/api/auth.test")
    assert Slack(BOT).read_probe(Answer(200, {}, b'{"ok": true, "user": "bot", "team": "Shop"}')) == Sent(
        "bot in Shop"
    )
    assert isinstance(Slack(BOT).read_probe(Answer(200, {}, b'{"ok": false, "error": "invalid_auth"}')), Refused)
    assert Slack(HOOK).probe() is None


@pytest.mark.parametrize(
    ("given", "field", "sentence"),
    [
        (HOOK, "", ""),
        (BOT, "", ""),
        ({"way": "webhook"}, "url", "Paste it"),
        ({"way": "bot"}, "token", "Paste it"),
        ({"way": "pigeon", "url": HOOK["url"]}, "way", "Select a valid choice"),
        (HOOK | {"url": "http://hooks.slack.com/x"}, "url", "https"),
        (HOOK | {"url": "https://hooks.slack.com@10.0.0.1/x"}, "url", "user name"),
        (HOOK | {"url": "https://192.168.0.1/x"}, "url", "private, local or reserved"),
        (BOT | {"token": "xoxb 1"}, "token", "begins with xoxb-"),
        (BOT | {"channel": "<!channel>"}, "channel", "ID of one channel"),
        (BOT | {"api": "https://127.0.0.1/api"}, "api", "private, local or reserved"),
    ],
)
def test_its_form_says_what_is_wrong_beside_the_field(given, field, sentence):
    form = Slack.Credentials(given)
    assert form.is_valid() == (not field)
    assert {*form.errors} == ({field} if field else set())
    assert sentence in "".join(form.errors.get(field, [""]))
