"""A body comes whole, or its request is refused: what cannot be read is never an empty body."""

import json
from io import BytesIO

import pytest

from loyalty_site.lib.bodies import Bodies
from tests.support import factories
from tests.support.api_caller import Caller
from tests.support.api_life import bought, parts, purchase
from tests.support.processes import exchange, web_server

PIECE = b'{"amount": "1.00", "external_id": "r-1"}'


def chunks(*pieces):
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def chunked(raw, kind="application/json"):
    """What a server says of a request whose body comes in chunks: no length."""
    return {
        "wsgi.input": BytesIO(raw),
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
        "CONTENT_TYPE": kind,
    }


def call(shop, path, raw, method="POST", **environ):
    headers = {"Authorization": f"Bearer {shop.text}"}
    return shop.client.generic(method, path, headers=headers, **chunked(raw) | environ)


@pytest.fixture
def order(shop, ada):
    """The address at which an order of 100.00 is taken back."""
    return f"/api/v1/transactions/{bought(shop)}/reversal/"


def test_chunks_are_read_like_any_body(shop, ada, order):
    answer = call(shop, order, PIECE)
    assert answer.status_code == 201
    assert parts(ada)[0] == 99


def test_no_chunks_are_an_empty_body(shop, ada, order):
    assert call(shop, order, b"").status_code == 201
    assert parts(ada)[0] == 0


class Broken(BytesIO):
    """A source that fails in the middle, with an error of the server's own."""

    def read(self, size=-1):
        if self.tell():
            raise RuntimeError("bad chunk")
        return super().read(5)


REFUSED = [
    (PIECE, {"wsgi.input": Broken(PIECE)}, 400, "body_incomplete"),
    (PIECE, {"HTTP_TRANSFER_ENCODING": "gzip, chunked"}, 415, "unsupported_media_type"),
    (PIECE, {"wsgi.input_terminated": False}, 411, "length_required"),
    (PIECE, {"HTTP_TRANSFER_ENCODING": "", "SERVER_PROTOCOL": "HTTP/1.0"}, 411, "length_required"),
    (PIECE, {"HTTP_TRANSFER_ENCODING": ""}, 411, "length_required"),
    (PIECE, {"HTTP_TRANSFER_ENCODING": "", "CONTENT_LENGTH": "50"}, 400, "body_incomplete"),
    (b"", {"HTTP_TRANSFER_ENCODING": "", "CONTENT_LENGTH": "50"}, 400, "body_incomplete"),
    (b"{} " + b" " * 2000, {}, 413, "body_too_large"),
]


@pytest.mark.parametrize(("raw", "environ", "status", "code"), REFUSED)
def test_what_cannot_be_read_takes_nothing_back(shop, ada, order, settings, raw, environ, status, code):
    settings.API_LARGEST_BODY = 2000
    answer = call(shop, order, raw, **environ)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["X-Request-Id"]
    assert parts(ada)[0] == 100


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("HEAD", 200), ("DELETE", 405), ("POST", 411)])
def test_what_has_no_body_may_say_of_which_kind_it_would_be(shop, method, status):
    """Zapier and many others send this header with everything."""
    answer = call(shop, "/api/v1/programs/", b"", method=method, HTTP_TRANSFER_ENCODING="")
    assert answer.status_code == status


def test_as_much_as_the_limit_is_read(shop, ada, order, settings):
    settings.API_LARGEST_BODY = 2000
    assert call(shop, order, PIECE.ljust(2000)).status_code == 201


FORM = "application/x-www-form-urlencoded"


def test_a_form_that_ends_early_is_refused_before_a_page_sees_it_as_empty(rf):
    seen = []
    environ = {"wsgi.input": BytesIO(b"points=5&reas"), "CONTENT_LENGTH": "20", "CONTENT_TYPE": FORM}
    answer = Bodies(seen.append)(rf.generic("POST", "/admin/", **environ))
    assert not seen
    assert (answer.status_code, answer["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert answer.content.startswith(b"Bad Request: The body ended early")


def test_a_form_in_chunks_is_read(rf):
    seen = []
    Bodies(seen.append)(rf.generic("POST", "/admin/", **chunked(b"points=5", FORM)))
    assert seen[0].POST.dict() == {"points": "5"}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_through_the_server_as_it_is_shipped():
    club = factories.program("club", owner=factories.partner("shop"))
    member = factories.member(club)
    shop = Caller(club.owner)
    who = {"member": {"number": member.number}}
    order = bought(shop, **who)
    with web_server(API_LARGEST_BODY="2000") as port:

        def send(body, *headers, version="1.1", path=f"transactions/{order}/reversal/"):
            lines = [f"POST /api/v1/{path} HTTP/{version}", "Host: localhost", f"Authorization: Bearer {shop.text}"]
            lines += ["Content-Type: application/json", "Connection: close", *headers]
            return exchange(port, "\r\n".join(lines).encode() + b"\r\n\r\n" + body)

        coded = "Transfer-Encoding: chunked"
        assert send(chunks(PIECE)[:-2], coded)[0] == 400
        assert send(chunks(PIECE).replace(b"28\r\n", b"zz\r\n"), coded)[0] == 400
        assert send(chunks(b" " * 1500, b" " * 1500), coded)[0] == 413
        assert send(PIECE, "Content-Length: 400")[0] == 400
        assert send(b"", "Content-Length: 400")[0] == 400
        assert send(PIECE, version="1.0")[0] == 411
        assert send(chunks(PIECE), "Transfer-Encoding: gzip, chunked")[0] == 415
        assert parts(member)[0] == 100
        assert send(chunks(PIECE[:7], PIECE[7:]), coded)[0] == 201
        assert parts(member)[0] == 99
        fact = json.dumps(purchase("order-2", **who)).encode()
        assert send(chunks(fact), coded, path="transactions/")[0] == 201
