"""Where a request ends is known from its bytes, however they are cut up on their way."""

import pytest

from loyalty_site.arriving import BEYOND, MOST_HEAD, MOST_LINE, Arriving

MOST = 1000
GET = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"


def post(body, *fields):
    lines = [b"POST /api/v1/transactions/ HTTP/1.1", b"Host: localhost", *fields]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


WHOLE = {
    "without a body": GET,
    "after an empty line": b"\r\n" + GET,
    "without any field": b"GET / HTTP/1.0\r\n\r\n",
    "with its length": post(b"{}", b"Content-Length: 2"),
    "with nothing in it": post(b"", b"content-length:0"),
    "with the end of a head in its body": post(b"a\r\n\r\nb", b"Content-Length: 6"),
    "in chunks": post(b"3\r\nabc\r\n2;name=value\r\nde\r\n0\r\n\r\n", b"Transfer-Encoding: Chunked"),
    "in chunks with trailers": post(b"1\r\na\r\n0\r\nX: y\r\nZ: w\r\n\r\n", b"Transfer-Encoding: chunked"),
    "in chunks that look like the last one": post(b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"),
}


@pytest.mark.parametrize("raw", WHOLE.values(), ids=WHOLE)
def test_a_request_is_whole_with_its_last_byte_and_not_before(raw):
    arriving = Arriving(MOST)
    for number in range(len(raw)):
        assert not arriving.is_whole(), raw[:number]
        arriving.add(raw[number : number + 1])
    assert arriving.is_whole()
    assert arriving.take() == raw
    assert not arriving.raw
    assert not arriving.is_last


@pytest.mark.parametrize("raw", WHOLE.values(), ids=WHOLE)
def test_what_follows_it_is_the_next_request(raw):
    arriving = Arriving(MOST)
    arriving.add(raw + GET + raw[:9])
    for expected in (raw, GET):
        assert arriving.is_whole()
        assert arriving.take() == expected
    assert not arriving.is_whole()
    assert arriving.raw == raw[:9]


REFUSED = {
    "a bare line feed": b"GET / HTTP/1.1\nHost: localhost\n",
    "two lengths and chunks": post(b"", b"Content-Length: 5", b"Transfer-Encoding: chunked"),
    "a coding that is no chunks": post(b"", b"Transfer-Encoding: gzip"),
    "a length that is no number": post(b"", b"Content-Length: five"),
    "a negative length": post(b"", b"Content-Length: -5"),
    "a length beyond the largest body": post(b"abc", b"Content-Length: 1001"),
    "a length with very many digits": post(b"", b"Content-Length: " + b"9" * 5000),
    "a chunk whose size is no number": post(b"zz\r\n", b"Transfer-Encoding: chunked"),
    "a line before a chunk without an end": post(b"1" * (MOST_LINE + 1), b"Transfer-Encoding: chunked"),
    "a head without an end": b"GET / HTTP/1.1\r\n" + b"a" * MOST_HEAD,
    "chunks beyond the largest body": post(b"FFFFFF\r\n" + b" " * (MOST + BEYOND + 9), b"Transfer-Encoding: chunked"),
    "chunks that are mostly framing": post(b"1\r\na\r\n" * 90_000, b"Transfer-Encoding: chunked"),
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED)
def test_what_would_be_refused_is_not_waited_for_and_is_the_last_of_its_connection(raw):
    arriving = Arriving(MOST)
    arriving.add(raw)
    assert arriving.is_whole()
    assert arriving.take() == raw
    assert arriving.is_last


def test_what_ends_early_is_handed_over_as_it_is():
    arriving = Arriving(MOST)
    arriving.add(post(b"abc", b"Content-Length: 10"))
    assert not arriving.is_whole()
    arriving.add(b"")
    assert arriving.is_whole()
    assert arriving.take().endswith(b"abc")
    assert arriving.is_last


def test_nothing_at_all_is_no_request():
    arriving = Arriving(MOST)
    arriving.add(b"")
    assert not arriving.is_whole()
    assert arriving.has_ended


def test_a_client_that_waits_for_permission_is_known_by_its_head():
    arriving = Arriving(MOST)
    arriving.add(post(b"", b"Content-Length: 5", b"Expect: 100-Continue"))
    assert not arriving.is_whole()
    assert arriving.wants_permission
