"""What leaves is bounded in time and size, goes where it was checked to go, and says whether it may have arrived."""

import gzip
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from loyalty_site.lib import http, http_sockets
from loyalty_site.lib.http import LARGEST_ANSWER, AddressRefused, MayHaveArrived, NothingSent, Request, exchange
from tests.support.peers import answering, peer
from tests.support.processes import free_port

#: Its sockets are those of servers of its own; no database is asked.
pytestmark = pytest.mark.each_database


@pytest.fixture(autouse=True)
def door(monkeypatch, settings):
    """A door of its own for each test, which lets through to this machine."""
    settings.OUTBOUND_ALLOWED = ["127.0.0.0/8"]
    made = http._Door()
    made.pool()  # reading the certificates is no part of what is measured
    monkeypatch.setattr(http, "_door", made)
    return made


def test_a_form_leaves_as_it_is_written():
    with peer(answering("201 Created", b'{"sid": "SM1"}', Content_Type="application/json")) as asked:
        answer = exchange(
            Request("POST", f"{asked.url}a?b=1", form={"To": "+1", "Body": "é & <x>"}, basic=("u", "p"))
        )
    assert (answer.status, answer.body) == (201, b'{"sid": "SM1"}')
    assert answer.headers["content-type"] == "application/json"
    head, _, body = asked.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a?b=1 HTTP/1.1\r\n")
    lines = head.lower().split(b"\r\n")
    assert b"authorization: basic dtpw" in lines
    assert b"content-type: application/x-www-form-urlencoded" in lines
    assert b"accept-encoding: identity" in lines
    assert f"host: 127.0.0.1:{asked.port}".encode() in lines
    assert body == b"To=%2B1&Body=%C3%A9+%26+%3Cx%3E"


@pytest.mark.parametrize(
    ("given", "sent"),
    [({"json": {"a": "é"}}, '{"a":"é"}'.encode()), ({"content": b"\x00raw"}, b"\x00raw"), ({}, b"")],
)
def test_so_do_json_and_bytes(given, sent):
    with peer(answering()) as asked:
        exchange(Request("POST", asked.url, **given))
    assert asked.requests[0].partition(b"\r\n\r\n")[2] == sent


def test_connections_are_kept_and_used_again():
    with peer(answering()) as asked:
        for _ in range(3):
            exchange(Request("GET", asked.url))
    assert (len(asked.requests), asked.connections) == (3, 1)


def test_threads_share_the_door():
    def ask(thread):
        return {exchange(Request("POST", asked.url, content=b"%d-%d" % (thread, turn))).body for turn in range(20)}

    with peer(answering()) as asked, ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(8))) == [{b"ok"}] * 8
    sent = {request.partition(b"\r\n\r\n")[2] for request in asked.requests}
    assert sent == {b"%d-%d" % (thread, turn) for thread in range(8) for turn in range(20)}
    assert len(asked.requests) == 160
    assert asked.connections <= 20


def test_a_child_process_makes_connections_of_its_own(door):
    with peer(answering()) as asked:
        exchange(Request("GET", asked.url))
        theirs = door.pool()
        door._process = os.getpid() + 1
        exchange(Request("GET", asked.url))
        assert door.pool() is not theirs
    assert asked.connections == 2


def test_a_connection_that_was_closed_meanwhile_is_made_anew():
    def once(connection, number):
        answering()(connection, number)
        return False

    with peer(once) as asked:
        for _ in range(3):
            assert exchange(Request("GET", asked.url)).status == 200
            time.sleep(0.05)
    assert asked.connections == 3


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_a_redirect_is_an_answer(status):
    with peer(answering()) as elsewhere, peer(answering(status, b"", Location=elsewhere.url)) as asked:
        assert exchange(Request("POST", asked.url, json={})).status == int(status[:3])
    assert not elsewhere.requests


def test_an_answer_that_drips_ends_with_the_time_of_the_call():
    def drip(connection, number):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b"x")
            time.sleep(0.02)

    with peer(drip) as asked:
        began = time.monotonic()
        with pytest.raises(MayHaveArrived, match=r"did not answer within 0\.3 seconds"):
            exchange(Request("GET", asked.url, total_s=0.3))
        assert 0.25 < time.monotonic() - began < 3


def test_so_do_headers_that_drip():
    def drip(connection, number):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for turn in range(1000):
            connection.sendall(f"X-{turn}: y\r\n".encode())
            time.sleep(0.02)

    with peer(drip) as asked, pytest.raises(MayHaveArrived, match="did not answer"):
        exchange(Request("GET", asked.url, total_s=0.3))


def test_a_receiver_who_reads_nothing_cannot_keep_us():
    # Nobody accepts: the request fills what the system buffers, and stays there.
    with peer(lambda connection, number: time.sleep(5)) as asked, pytest.raises(MayHaveArrived):
        exchange(Request("POST", asked.url, content=b"x" * 30_000_000, total_s=0.3))


def test_a_large_answer_is_cut():
    with peer(answering(body=b"x" * 5_000_000)) as asked:
        assert exchange(Request("GET", asked.url)).body == b"x" * LARGEST_ANSWER


def test_an_endless_answer_is_cut():
    def endless(connection, number):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")

    with peer(endless) as asked:
        assert len(exchange(Request("GET", asked.url)).body) == LARGEST_ANSWER


def test_a_bomb_does_not_unfold():
    bomb = gzip.compress(b"0" * 100_000_000)
    assert len(bomb) < LARGEST_ANSWER
    with peer(answering(body=bomb, Content_Encoding="gzip")) as asked:
        assert exchange(Request("GET", asked.url)).body == b"0" * LARGEST_ANSWER


def test_what_is_packed_though_nobody_asked_for_it_is_read():
    with peer(answering(body=gzip.compress(b'{"ok":true}'), Content_Encoding="gzip")) as asked:
        assert exchange(Request("GET", asked.url)).body == b'{"ok":true}'
    with peer(answering(body=b"not packed", Content_Encoding="gzip")) as asked:
        assert exchange(Request("GET", asked.url)).body == b"not packed"


def test_headers_without_end_are_not_read():
    def headers(connection, number):
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            connection.sendall(b"y" * 65536)

    with peer(headers) as asked, pytest.raises(MayHaveArrived, match="broke off"):
        exchange(Request("GET", asked.url))


@pytest.mark.parametrize(
    "half", [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", b"no http\r\n\r\n"]
)
def test_who_hangs_up_may_have_got_it(half):
    def hang_up(connection, number):
        connection.sendall(half)
        return False

    with (
        peer(hang_up) as asked,
        pytest.raises(MayHaveArrived, match=r"127\.0\.0\.1 broke off before it had answered"),
    ):
        exchange(Request("POST", asked.url, json={}))


def test_an_answer_without_a_length_ends_where_the_connection_ends():
    def answer(connection, number):
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nabc")
        return False

    with peer(answer) as asked:
        assert exchange(Request("GET", asked.url)).body == b"abc"


def test_where_nobody_listens_nothing_was_sent():
    with pytest.raises(NothingSent, match="could not be reached: Connection refused") as failed:
        exchange(Request("POST", f"http://127.0.0.1:{free_port()}/", json={}))
    assert not isinstance(failed.value, AddressRefused)


def test_behind_an_address_where_nobody_listens_the_next_is_asked(directory):
    with peer(answering()) as asked:
        directory.set("two.example", ["127.0.0.2", "127.0.0.1"])
        assert exchange(Request("GET", f"http://two.example:{asked.port}/")).status == 200


def test_an_address_that_leads_nowhere_leaves_time_for_the_next(directory, monkeypatch):
    connect, shares = http_sockets.connected, []

    def connected(place, within_s):
        shares.append(within_s)
        if place[1][0] == "127.0.0.2":
            time.sleep(within_s)
            raise TimeoutError
        return connect(place, within_s)

    monkeypatch.setattr(http_sockets, "connected", connected)
    with peer(answering()) as asked:
        directory.set("two.example", ["127.0.0.2", "127.0.0.1"])
        assert exchange(Request("GET", f"http://two.example:{asked.port}/", total_s=1)).status == 200
        directory.set("none.example", ["127.0.0.2", "127.0.0.2"])
        with pytest.raises(NothingSent, match=r"none\.example could not be reached in time"):
            exchange(Request("GET", f"http://none.example:{asked.port}/", total_s=0.2))
    assert 0.3 < shares[0] <= 0.5


@pytest.mark.parametrize(
    "given",
    [
        {"headers": {"X": "a\r\nY: b"}},
        {"headers": {"X\r\n": "a"}},
        {"headers": {"X": "é\ud800"}},
        {"json": {"a": float("nan")}},
        {"json": "\ud800"},
        {"form": {"a": "\ud800"}},
    ],
)
def test_what_cannot_be_written_is_not_sent(given):
    with peer(answering()) as asked, pytest.raises(NothingSent, match="cannot be written"):
        exchange(Request("POST", asked.url, **given))
    assert not asked.requests


def test_a_closed_address_is_not_connected_to(settings):
    with peer(answering()) as asked:
        settings.OUTBOUND_ALLOWED = ["127.0.0.2"]
        with pytest.raises(AddressRefused):
            exchange(Request("POST", asked.url, json={}))
    assert asked.connections == 0


def test_a_name_that_changes_its_mind_is_caught_by_the_connection(settings, directory):
    with peer(answering()) as asked:
        directory.set("turn.example", "8.8.8.8", "127.0.0.1")
        settings.OUTBOUND_ALLOWED = []
        http.check_address(f"https://turn.example:{asked.port}/")
        with pytest.raises(AddressRefused, match="private, local or reserved"):
            exchange(Request("POST", f"https://turn.example:{asked.port}/", json={}))
        assert asked.connections == 0


def test_the_address_that_was_checked_is_the_one_that_is_asked(directory):
    """Looked up once: whoever answers differently a moment later changes nothing."""
    with peer(answering()) as asked:
        directory.set("turn.example", "127.0.0.1", "10.0.0.1")
        assert exchange(Request("GET", f"http://turn.example:{asked.port}/")).status == 200
    assert directory.asked == ["turn.example"]


def test_no_proxy_of_the_environment_is_asked(monkeypatch):
    with peer(answering(body=b"proxy")) as proxy, peer(answering()) as asked:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert exchange(Request("GET", asked.url)).body == b"ok"
    assert not proxy.requests


def test_cookies_are_not_kept():
    with peer(answering(Set_Cookie="a=b")) as asked:
        for _ in range(2):
            exchange(Request("GET", asked.url))
    assert b"cookie" not in asked.requests[1].lower()
