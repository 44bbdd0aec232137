"""What is nearly right is understood, or told as what it is: schemes of keys, lost plus signs, limits, addresses."""

import json
from urllib.parse import quote

import pytest
from django.urls import reverse

from loyalty_site import web_errors
from loyalty_site.lib import lost_plus
from tests.support import factories
from tests.support.processes import exchange, web_server

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("given", ["Token {}", "Basic {}", "{}", "Key {}", "ApiKey={}"])
def test_another_scheme_is_told_as_that_and_the_key_is_not_repeated(shop, given):
    answer = shop.call("GET", "programs/", Authorization=given.format(shop.text))
    assert (answer.status_code, answer.said["code"]) == (401, "not_authenticated")
    assert "Authorization: Bearer" in answer.said["detail"]
    assert "scheme" in answer.said["detail"]
    assert shop.text not in answer.content.decode()


def test_a_key_that_is_unknown_is_told_as_that(shop):
    said = shop.call("GET", "programs/", Authorization="Bearer lk_0123456789_x").said
    assert "unknown, revoked or expired" in said["detail"]


@pytest.mark.parametrize("sent", ["+33612345678", " 33612345678", "%2B33612345678", "+33%206%2012%2034%2056%2078"])
def test_a_phone_is_found_though_its_plus_came_as_a_blank(shop, ada, sent):
    assert shop.call("GET", f"members/lookup/?phone={sent.replace(' ', '+')}").said["number"] == ada.number


def test_an_address_with_a_plus_is_found_as_well(shop, club):
    tagged = factories.member(club, email="ada+club@example.com")
    assert shop.call("GET", "members/lookup/?email=ada+club@example.com").said["number"] == tagged.number


@pytest.mark.parametrize("sign", ["+", "%2B"])
def test_an_offset_is_read_though_its_plus_came_as_a_blank(shop, ada, sign):
    instant = f"2026-01-01T00:00:00{sign}01:00"
    assert shop.call("GET", f"transactions/?activity_from={instant}").status_code == 200
    then = shop.call("GET", f"members/{ada.number}/?at={instant}").said
    assert then["at"] == "2025-12-31T23:00:00+00:00"


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (lost_plus.in_phone, "0612345678"),
        (lost_plus.in_phone, ""),
        (lost_plus.in_phone, " "),
        (lost_plus.in_instant, "2026-01-01 00:00"),
        (lost_plus.in_instant, "2026-01-01T00:00:00Z"),
        (lost_plus.in_email, "ada@example.com"),
    ],
)
def test_nothing_is_put_where_no_plus_was_lost(read, text):
    assert read(text) == text


@pytest.mark.parametrize(
    ("path", "body", "pointer", "words"),
    [
        ("redemptions/", {"points": -5}, "#/points", "-5 is too small. Send a whole number from 1 to"),
        (
            "transfers/",
            {"points": 0, "to": {"card": "C-2"}},
            "#/points",
            "0 is too small. Send a whole number from 1",
        ),
        ("redemptions/", {"points": 10**16}, "#/points", "10,000,000,000,000,000 is too large."),
        ("redemptions/", {"points": 10**30}, "#/points", "Send a whole number from 1 to"),
        ("redemptions/", {"points": 5, "reserve_s": -1}, "#/reserve_s", "-1 is too small."),
        ("redemptions/", {"points": 5, "reason": "x" * 201}, "#/reason", "These are 201 characters; at most 200"),
        ("transactions/", {"activity": "purchase", "amount": "-5.00"}, "#/amount", "-5.00 is below 0"),
    ],
)
def test_a_limit_speaks_of_what_was_sent(shop, ada, path, body, pointer, words):
    said = shop.post(path, {"external_id": "x-1", "member": {"number": ada.number}} | body).said
    [error] = [one for one in said["errors"] if one["pointer"] == pointer]
    assert error["detail"].startswith(words)


def test_the_root_lists_the_addresses(client):
    answer = client.get("/api/v1/")
    assert answer.status_code == 200
    listed = {one["address"]: one["methods"] for one in answer.json()["addresses"]}
    assert listed["/api/v1/transactions/"] == ["GET", "POST"]
    assert listed["/api/v1/redemptions/{id}/confirm/"] == ["POST"]
    assert len(listed) == 35
    assert client.get(answer.json()["schema"]).status_code == 200
    assert client.get(answer.json()["documentation"]).status_code == 200


def test_nothing_is_posted_to_the_root(client):
    answer = client.post("/api/v1/")
    assert (answer.status_code, answer["Allow"], answer.json()["code"]) == (405, "GET, HEAD", "method_not_allowed")


def test_an_unknown_host_is_a_problem_for_programs_and_a_sentence_for_people(client):
    answer = client.get("/api/v1/programs/", headers={"Host": "elsewhere.example.com"})
    assert (answer.status_code, answer.json()["code"]) == (400, "host_unknown")
    assert answer["Content-Type"] == "application/problem+json"
    assert client.get(reverse("admin:login"), headers={"Host": "elsewhere.example.com"}).status_code == 400


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (414, "address_too_long"),
        (431, "headers_too_long"),
        (400, "bad_request"),
        (501, "bad_request"),
        (500, "server_error"),
    ],
)
def test_answers_of_the_web_server_are_problems(status, code):
    head, body = web_errors.answer(status, "Because").split(b"\r\n\r\n")
    said = json.loads(body)
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert f"Content-Length: {len(body)}".encode() in head
    assert (said["status"], said["code"], said["type"]) == (status, code, f"/api/docs/problems/{code}/")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_web_server_as_it_is_shipped_answers_so():
    with web_server() as port:
        long_line = f"GET /api/v1/programs/?x={quote('x' * 9000)} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        long_header = f"GET /api/v1/programs/ HTTP/1.1\r\nHost: localhost\r\nX-Long: {'x' * 90_000}\r\n\r\n"
        for raw, wanted in ((long_line, 414), (long_header, 431), ("no request\r\n\r\n", 400)):
            status, text = exchange(port, raw.encode())
            head, body = text.split("\r\n\r\n", 1)
            assert (status, json.loads(body)["status"]) == (wanted, wanted)
            assert "application/problem+json" in head
