"""Clients that are slow cost the others nothing: in their headers, in their bodies, or in taking their answers."""

import http.client
import json
import selectors
import socket
import time
from contextlib import ExitStack, contextmanager, suppress

import pytest

from tests.support import factories
from tests.support.api_caller import Caller
from tests.support.api_life import parts, purchase
from tests.support.processes import exchange, web_server

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

#: A file of more than a megabyte that is served to everybody; as often as no buffer of a system holds it.
LARGE = (
    b"GET /static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
)
MANY = LARGE * 10
LIVE = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
#: Nobody who is quick waits so long (s), also on a busy machine; a thread that waits for a client would for longer.
SOON = 8


@pytest.fixture
def club():
    return factories.program("club", owner=factories.partner("shop"))


@contextmanager
def connected(port, *, window=None):
    line = socket.socket()
    with line:
        if window:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        line.settimeout(60)
        line.connect(("127.0.0.1", port))
        yield line


def request(shop, body=None, *fields, path="transactions/", announced=None):
    lines = [f"POST /api/v1/{path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {shop.text}", *fields]
    lines += ["Content-Type: application/json", f"Content-Length: {announced or len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


def fact(name, member):
    return json.dumps(purchase(name, member={"number": member.number})).encode()


def answer(line):
    """Status and body of one answer."""
    found = http.client.HTTPResponse(line)
    found.begin()
    return found.status, found.read()


def stalled(port, shop, member):
    """What 200 stalled clients have sent: nothing, a part of the headers, or a part of the body."""
    whole = request(shop, fact("stalled", member))
    chunks = b"POST /admin/login/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"
    form = b"POST /admin/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\nusername="
    begun = [b"", b"G", whole[:40], LIVE[:-2], whole[:-20], whole[: whole.index(b"\r\n\r\n") + 4], chunks, form]
    return [begun[number % len(begun)] for number in range(200)]


def test_posts_go_on_while_200_clients_stall_or_send_a_byte_a_second(club):
    member, shop = factories.member(club), Caller(club.owner)
    with web_server() as port, ExitStack() as open_lines:
        lines = []
        for begun in stalled(port, shop, member):
            lines.append(open_lines.enter_context(connected(port)))
            lines[-1].sendall(begun)
        began = time.monotonic()
        for number in range(20):
            for line in lines[::5]:
                line.sendall(b"a")
            status, said = exchange(port, request(shop, fact(f"order-{number}", member), "Connection: close"))
            assert status == 201, said
        assert exchange(port, LIVE)[0] == 200
        assert time.monotonic() - began < SOON
    assert member.journals.count() == 20


def test_who_is_too_late_is_told_so_and_nothing_is_written(club):
    member, shop = factories.member(club), Caller(club.owner)
    whole = request(shop, fact("late", member))
    with web_server(WEB_HEADERS_TIMEOUT="1", WEB_BODY_TIMEOUT="2") as port, ExitStack() as open_lines:
        head, body, silent = (open_lines.enter_context(connected(port)) for _ in range(3))
        head.sendall(whole[:40])
        body.sendall(whole[:-10])
        for line, seconds in ((head, 1), (body, 2)):
            began = time.monotonic()
            status, said = answer(line)
            assert (status, json.loads(said)["code"]) == (408, "request_timeout")
            assert json.loads(said)["instance"] == "/api/v1/transactions/"
            assert time.monotonic() - began < seconds + SOON
            assert line.recv(10) == b""
        assert silent.recv(10) == b""
    assert not member.journals.exists()


def test_a_slow_upload_within_the_time_is_taken(club):
    member, shop = factories.member(club), Caller(club.owner)
    whole = request(shop, fact("slow", member))
    with web_server(WEB_HEADERS_TIMEOUT="5", WEB_BODY_TIMEOUT="30") as port, connected(port) as line:
        for place in range(0, len(whole), len(whole) // 8):
            line.sendall(whole[place : place + len(whole) // 8])
            time.sleep(0.2)
        assert answer(line)[0] == 201
    assert parts(member)[0] == 100


def test_who_takes_no_answer_holds_up_nobody_and_gets_it_late(club):
    member, shop = factories.member(club), Caller(club.owner)
    with web_server() as port, ExitStack() as open_lines:
        lines = [open_lines.enter_context(connected(port, window=4096)) for _ in range(30)]
        for line in lines:
            line.sendall(MANY)
        began = time.monotonic()
        status, said = exchange(port, request(shop, fact("order", member), "Connection: close"))
        assert status == 201, said
        assert time.monotonic() - began < SOON
        status, body = answer(lines[0])
        assert status == 200
        assert len(body) > 1_000_000
    assert parts(member)[0] == 100


def test_who_never_takes_its_answer_is_left(club):
    with web_server(WEB_ANSWER_TIMEOUT="1") as port, connected(port, window=4096) as line:
        line.sendall(MANY)
        time.sleep(4)
        found = 0
        with suppress(ConnectionError):
            while piece := line.recv(1_000_000):
                found += len(piece)
    assert found < 10_000_000


def test_idle_connections_cost_the_others_nothing(club):
    with web_server() as port, ExitStack() as open_lines:
        for _ in range(100):
            line = open_lines.enter_context(connected(port))
            line.sendall(LIVE)
            assert answer(line)[0] == 200
        began = time.monotonic()
        assert exchange(port, LIVE)[0] == 200
        assert time.monotonic() - began < SOON


def test_a_connection_takes_several_requests_also_at_once(club):
    member, shop = factories.member(club), Caller(club.owner)
    with web_server() as port, connected(port) as line:
        facts = [request(shop, fact(f"order-{number}", member)) for number in range(3)]
        line.sendall(facts[0])
        assert answer(line)[0] == 201
        line.sendall(facts[1] + facts[2] + LIVE)
        said = b""
        while said.count(b"HTTP/1.1 ") < 3 or not said.endswith(b'{"status": "alive"}'):
            said += line.recv(65536)
        assert [part[:3] for part in said.split(b"HTTP/1.1 ")[1:]] == [b"201", b"201", b"200"]
    assert member.journals.count() == 3


def test_who_waits_for_permission_to_send_the_body_gets_it_once(club):
    member, shop = factories.member(club), Caller(club.owner)
    body = fact("asked", member)
    head = request(shop, None, "Expect: 100-continue", "Connection: close", announced=len(body))
    with web_server() as port, connected(port) as line:
        line.sendall(head)
        assert line.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(body)
        assert answer(line)[0] == 201
    assert parts(member)[0] == 100


def test_a_body_that_is_too_large_is_refused_at_once_at_every_address(club):
    shop = Caller(club.owner)
    with web_server() as port:
        for path in ("transactions/", "../../admin/login/"):
            head = request(shop, b"{", "Expect: 100-continue", path=path, announced=5_000_001)
            with connected(port) as line:
                line.sendall(head.replace(b"/api/v1/../..", b""))
                assert answer(line)[0] == 413


def test_a_stop_waits_for_answers_and_not_for_clients(club):
    """`web_server` itself fails when it does not end in time."""
    shop = Caller(club.owner)
    with ExitStack() as open_lines, web_server() as port:
        for begun in (b"", LIVE[:9], request(shop, b"{", announced=100)) * 20:
            open_lines.enter_context(connected(port)).sendall(begun)
        idle = open_lines.enter_context(connected(port))
        idle.sendall(LIVE)
        assert answer(idle)[0] == 200
        # Not select(), which knows no more than 1,024 descriptors of a process.
        with selectors.DefaultSelector() as watch:
            watch.register(idle, selectors.EVENT_READ)
            assert not watch.select(0)
        began = time.monotonic()
    # A thread that waits for a client would wait for graceful_timeout, 20 s.
    assert time.monotonic() - began < 18
