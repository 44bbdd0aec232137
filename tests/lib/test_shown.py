"""What is kept of requests and answers, and what is logged, holds no secret, and no more than staff can read."""

import io
import json
import logging
import logging.config

import pytest

from loyalty_site.lib import logs
from loyalty_site.lib.http import Answer, MayHaveArrived, NothingSent, Request, exchange
from loyalty_site.lib.shown import HIDDEN, LONGEST_BODY, address, secrets_of, shown, shown_answer
from tests.support.peers import answering, peer
from tests.support.processes import free_port

TOKEN = "s3cr/t+k&y="
REQUEST = Request(
    "POST",
    f"https://hooks.example/{TOKEN}/x?key=s3cr%2Ft%2Bk%26y%3D",
    headers={"Authorization": "Bearer other", "X-Key": TOKEN, "webhook-id": "evt_1"},
    form={"token": TOKEN, "To": "+33612345678"},
    basic=("AC1", "pass:word"),
    secrets=(TOKEN,),
)


def test_a_request_is_shown_as_it_leaves_without_its_secrets():
    text = shown(REQUEST)
    assert text.startswith(f"POST https://hooks.example/{HIDDEN}/x?key={HIDDEN}\n")
    lines = text.lower().splitlines()
    assert f"authorization: {HIDDEN}" in lines
    assert f"x-key: {HIDDEN}" in lines
    assert "webhook-id: evt_1" in lines
    assert lines[-1] == f"token={HIDDEN}&to=%2b33612345678"
    for secret in ("s3cr", "pass:word", "other", "QUMxOnBhc3M6d29yZA"):
        assert secret not in text


def test_an_answer_that_repeats_a_secret_does_not_show_it():
    answer = Answer(200, {"x-echo": TOKEN, "set-cookie": "session=1"}, f"you said pass:word and {TOKEN}".encode())
    assert shown_answer(answer, REQUEST) == (
        f"HTTP 200\nx-echo: {HIDDEN}\nset-cookie: {HIDDEN}\n\nyou said {HIDDEN} and {HIDDEN}"
    )


def test_long_bodies_and_headers_are_cut():
    text = shown(Request("POST", "https://hooks.example/", content=b"x" * 100_000))
    assert "x" * LONGEST_BODY + "\n… and 70,000 more characters" in text
    assert len(shown_answer(Answer(200, {"a": "y" * 100_000}, b"z" * 100_000), REQUEST)) < 15_000


def test_a_secret_at_the_cut_is_hidden_whole():
    body = b"x" * (LONGEST_BODY - 3) + TOKEN.encode() + b"y" * 100
    assert "s3c" not in shown(Request("POST", "https://hooks.example/", content=body, secrets=(TOKEN,)))


def test_what_no_database_stores_is_replaced():
    text = shown_answer(Answer(200, {}, b"a\x00b\x1b[31m \xff\xfe \ttab\nline"), REQUEST)
    assert text == "HTTP 200\n\na\ufffdb\ufffd[31m \ufffd\ufffd \ttab\nline"


def test_a_request_that_cannot_be_written_is_shown_in_short():
    request = Request("POST", f"https://hooks.example/{TOKEN}", headers={"X": "\ud800"}, secrets=(TOKEN,))
    assert shown(request) == f"POST https://hooks.example/{HIDDEN}"


CANARIES = [
    "canary-path",
    "canary-query",
    "canary-header",
    "canary-basic",
    "canary-body",
    "canary-answer",
    "canary-in",
]


@pytest.fixture
def log():
    """What the log holds, with everything on that can be."""
    written = io.StringIO()
    made = logs.configuration("DEBUG")
    made["handlers"]["stderr"]["stream"] = written
    before = logging.root.handlers[:], logging.root.level
    levels = {name: logging.getLogger(name).level for name in made["loggers"]}
    logging.config.dictConfig(made)
    yield written
    logging.root.handlers[:], level = before
    logging.root.setLevel(level)
    for name, own in levels.items():
        logging.getLogger(name).setLevel(own)


@pytest.mark.each_database
def test_nothing_of_a_request_or_an_answer_is_logged(log, settings):
    settings.OUTBOUND_ALLOWED = ["127.0.0.0/8"]
    answers = answering(body=b"canary-answer", X_In="canary-in")
    with peer(answers) as asked, peer(lambda connection, number: False) as rude:
        for place in (asked.url, rude.url, f"http://127.0.0.1:{free_port()}/", "https://10.0.0.1/"):
            request = Request(
                "POST", f"{place}canary-path?q=canary-query", headers={"X": "canary-header"},
                json={"text": "canary-body"}, basic=("u", "canary-basic"),
            )  # fmt: skip
            try:
                exchange(request)
            except (NothingSent, MayHaveArrived) as error:
                logging.getLogger("loyalty").exception("not sent: %s", error)
    lines = log.getvalue()
    assert "not sent" in lines
    assert not [canary for canary in CANARIES if canary in lines]
    assert all(json.loads(line) for line in lines.splitlines())


@pytest.mark.parametrize(
    ("url", "without"),
    [
        ("https://example.com/hook", "https://example.com/hook"),
        ("https://example.com:8443/a/b?token=sesame#part", "https://example.com:8443/a/b?…"),
        ("https://user:sesame@example.com/", "https://example.com/"),
    ],
)
def test_no_secret_of_an_address_is_shown(url, without):
    assert address(url) == without


@pytest.mark.parametrize(
    ("query", "secrets"),
    [
        ("v=2016&sig=a%2Fb-sesame", ("a%2Fb-sesame", "a/b-sesame")),
        ("open-sesame", ("open-sesame",)),
        ("token=a=b=sesame", ("a=b=sesame",)),
        ("v=1&short=1234567", ()),
        ("", ()),
    ],
)
def test_values_in_the_query_of_an_address_are_secrets_unless_they_are_short(query, secrets):
    assert secrets_of(f"https://example.com/hook?{query}") == secrets
