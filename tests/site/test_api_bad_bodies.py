"""A body that is no JSON, too large or of another type gets a clear 4xx, and nothing is written."""

import json

import pytest

from tests.support.api_life import purchase

pytestmark = pytest.mark.usefixtures("nothing_written")


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b'{"activity": "purchase", "external_id": "o', "Line 1, column 41"),
        (b'{"activity":\n "purchase",\n}', "Line 3, column 1"),
        (b'{"amount": NaN}', "NaN"),
        (b'{"amount": -Infinity}', "-Infinity"),
        (b'{"amount": 1, "amount": 2}', "twice"),
        (b"[1] [2]", "column 5"),
        (b"\xff\xfe", "Byte 1"),
        (b"   ", "column 4"),
        (b"[" * 100_000, "levels"),
        (b"[" * 500 + b"]" * 500, "levels"),
        (b'{"a":' * 30 + b"1" + b"}" * 30, "levels"),
    ],
)
def test_what_is_not_json_is_told_with_its_place(shop, raw, place):
    answer = shop.call("POST", "transactions/", raw)
    assert (answer.status_code, answer.said["code"]) == (400, "invalid_json")
    assert place in answer.said["detail"]


@pytest.mark.parametrize("amount", [b"1e309", b"1E2", b"9" * 5000, b"0." + b"1" * 5000])
def test_numbers_that_no_float_holds(shop, amount):
    body = b'{"activity":"purchase","external_id":"o","member":{"card":"C-1815"},"amount":%s}' % amount
    answer = shop.call("POST", "transactions/", body)
    assert (answer.status_code, answer.said["errors"][0]["pointer"]) == (400, "#/amount")


def test_the_body_has_a_limit(shop, settings):
    settings.API_LARGEST_BODY = 1000
    answer = shop.post("transactions/", purchase(code="x" * 1000))
    assert (answer.status_code, answer.said["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("kind", "headers"),
    [
        ("text/plain", {}),
        ("application/x-www-form-urlencoded", {}),
        ("multipart/form-data; boundary=x", {}),
        ("", {}),
        ("application/json", {"Content-Encoding": "gzip"}),
    ],
)
def test_only_json_is_read(shop, kind, headers):
    answer = shop.call("POST", "transactions/", json.dumps(purchase()).encode(), kind=kind, **headers)
    assert (answer.status_code, answer.said["code"]) == (415, "unsupported_media_type")
