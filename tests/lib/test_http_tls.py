"""Whoever answers shows a certificate of the name that was asked; anybody else gets nothing."""

import time

import pytest

from loyalty_site.lib import http
from loyalty_site.lib.http import NothingSent, Request, exchange
from tests.support.peers import answering, certificate, peer

#: Its sockets are those of servers of its own; no database is asked.
pytestmark = pytest.mark.each_database


@pytest.fixture(autouse=True)
def door(monkeypatch, settings):
    """A door of its own for each test, which lets through to this machine."""
    settings.OUTBOUND_ALLOWED = ["127.0.0.0/8"]
    made = http._Door()
    monkeypatch.setattr(http, "_door", made)
    return made


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    """A server's side of TLS for shop.example, whose certificate is trusted."""
    file, tls = certificate(tmp_path, "shop.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return tls


def test_a_certificate_that_is_trusted_and_of_this_name_is_accepted(trusted, directory):
    names = []
    trusted.sni_callback = lambda connection, name, context: names.append(name)
    directory.set("shop.example", "127.0.0.1")
    with peer(answering(), tls=trusted) as asked:
        assert exchange(Request("GET", f"https://shop.example:{asked.port}/")).status == 200
    assert names == ["shop.example"], "the name was looked up, and is still the one that is asked for"
    assert f"host: shop.example:{asked.port}".encode() in asked.requests[0].lower()


def test_one_of_another_name_is_not(trusted, directory):
    directory.set("other.example", "127.0.0.1")
    with peer(answering(), tls=trusted) as asked, pytest.raises(NothingSent, match=r"certificate of other\.example"):
        exchange(Request("GET", f"https://other.example:{asked.port}/"))
    assert not asked.requests


def test_one_that_nobody_vouches_for_is_not(tmp_path, directory):
    _, tls = certificate(tmp_path, "shop.example")
    directory.set("shop.example", "127.0.0.1")
    with (
        peer(answering(), tls=tls) as asked,
        pytest.raises(NothingSent, match="not accepted: self-signed certificate"),
    ):
        exchange(Request("GET", f"https://shop.example:{asked.port}/"))
    assert not asked.requests


def test_who_speaks_no_tls_got_nothing():
    with peer(answering(), greeting=b"220 mail.example\r\n") as asked, pytest.raises(NothingSent, match="speak TLS"):
        exchange(Request("GET", f"https://127.0.0.1:{asked.port}/"))
    assert not asked.requests


def test_who_keeps_silent_at_the_handshake_got_nothing(monkeypatch):
    with peer(lambda connection, number: time.sleep(5)) as asked:
        began = time.monotonic()
        with pytest.raises(NothingSent, match="did not agree on encryption in time"):
            exchange(Request("GET", f"https://127.0.0.1:{asked.port}/", total_s=1.5))
        assert time.monotonic() - began < 4
