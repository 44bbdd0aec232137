"""Only public addresses are asked, however they are spelled, and those of our own network that a setting names."""

import socket
import threading
import time

import pytest

from loyalty_site.lib import receivers
from loyalty_site.lib.receivers import AddressRefused, NoSuchName, NothingSent, check_address, look_up, places
from tests.support.names import PUBLIC

#: One of each kind that only we, or nobody, can reach.
CLOSED = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.0.1", "168.63.129.16",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1",
    "2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1",
    "ff02::1",
]  # fmt: skip
OPEN = ["8.8.8.8", PUBLIC, "172.15.255.255", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450:4001::1"]


@pytest.mark.parametrize("address", CLOSED)
def test_a_name_that_leads_into_a_closed_network_is_refused(directory, address):
    directory.set("inside.example", address)
    with pytest.raises(AddressRefused, match="leads to a private, local or reserved network") as refused:
        check_address("https://inside.example/hook")
    assert address not in str(refused.value), "it tells whoever asks the map of our network"


@pytest.mark.parametrize("address", [one for one in CLOSED if one != "::127.0.0.1"])
def test_so_is_the_address_itself(address):
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(AddressRefused, match="private, local or reserved"):
        check_address(f"https://{host}/")


@pytest.mark.parametrize("address", OPEN)
def test_a_public_address_is_taken(directory, address):
    directory.set("open.example", address)
    check_address("https://open.example/hook?x=1")
    check_address(f"https://[{address}]:8443/" if ":" in address else f"https://{address}:8443/")


def test_one_closed_address_among_open_ones_is_enough(directory):
    directory.set("both.example", ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(AddressRefused):
        check_address("https://both.example/")


@pytest.mark.parametrize(
    "host", ["2130706433", "127.1", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "1.2.3", "8.8.2056", "0x7f.1"]
)
def test_numbers_that_are_no_plain_address_are_refused(host):
    with pytest.raises(AddressRefused, match=r"number|no address"):
        check_address(f"https://{host}/")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://shop.example/", "must begin with https://"),
        ("ftp://shop.example/", "no address of the web"),
        ("file:///etc/passwd", "no address of the web"),
        ("shop.example", "no address of the web"),
        ("https://", "no address of the web"),
        ("", "no address of the web"),
        ("https://user:pw@shop.example/", "user name or password"),
        ("https://user@shop.example/", "user name or password"),
        ("https://shop.example:99999/", "from 1 to 65535"),
        ("https://shop.example:0/", "from 1 to 65535"),
        ("https://sh op.example/", "This is no address"),
        ("https://shop.example/\x00", "This is no address"),
        ("https://shop.example/\r\nHost: x", "This is no address"),
        (f"https://shop.example/{'x' * 2000}", "longer than 2000"),
        ("https://nobody.invalid/", "There is no nobody.invalid"),
        (f"https://{'x' * 70}.example.test/", "There is no|no address"),
    ],
)
def test_what_is_no_address_is_refused_in_a_sentence(url, sentence):
    with pytest.raises(AddressRefused, match=sentence):
        check_address(url)


@pytest.mark.parametrize("words", [["10.0.0.0/8"], ["10.1.2.3"], ["inside.example:443"]])
def test_an_exception_of_the_settings_is_taken(settings, directory, words):
    directory.set("inside.example", "10.1.2.3")
    settings.OUTBOUND_ALLOWED = words
    check_address("https://inside.example/")


@pytest.mark.parametrize("words", [["10.2.0.0/16"], ["inside.example:8443"], ["other.example:443"], ["fd00::/8"]])
def test_an_exception_holds_for_nothing_else(settings, directory, words):
    directory.set("inside.example", "10.1.2.3")
    settings.OUTBOUND_ALLOWED = words
    with pytest.raises(AddressRefused):
        check_address("https://inside.example/")


def test_plain_http_is_for_exceptions_alone(settings, directory):
    settings.OUTBOUND_ALLOWED = ["10.0.0.0/8", "fake.example:8123"]
    directory.set("inside.example", "10.1.2.3")
    directory.set("fake.example", "127.0.0.1")
    check_address("http://inside.example/")
    check_address("http://FAKE.example:8123/")
    for url in ("http://shop.example/", "http://fake.example/"):
        with pytest.raises(AddressRefused, match="https"):
            check_address(url)


@pytest.mark.parametrize("word", ["10.0.0.1/8", "inside", "inside.example:", ":443", "10.0.0.0/33", "a:b"])
def test_a_word_of_the_setting_that_cannot_be_meant_is_named(word):
    with pytest.raises(ValueError, match="write host:port"):
        receivers.allowed((word,))


def test_words_of_the_setting():
    made = receivers.allowed(("a.example:80", "[::1]:8080", "10.0.0.0/8", "fd00::1"))
    assert made.names == {("a.example", 80), ("::1", 8080)}
    assert [str(network) for network in made.networks] == ["10.0.0.0/8", "fd00::1/128"]


def test_a_name_that_cannot_be_looked_up_just_now_is_kept(monkeypatch):
    def resolve(host, port):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(receivers, "_resolve", resolve)
    check_address("https://shop.example/")
    with pytest.raises(NothingSent, match="could not be looked up: Temporary failure") as failed:
        places("shop.example", 443, is_plain=False, within_s=1)
    assert not isinstance(failed.value, AddressRefused | NoSuchName)


def test_a_resolver_that_hangs_is_left_behind(monkeypatch):
    go_on = threading.Event()
    monkeypatch.setattr(receivers, "_resolve", lambda host, port: go_on.wait(30) and [])
    began = time.monotonic()
    with pytest.raises(NothingSent, match="could not be looked up in time"):
        look_up("slow.example", 443, 0.1)
    go_on.set()
    assert time.monotonic() - began < 5


def test_names_in_other_letters_are_looked_up_in_ascii(directory):
    directory.set("xn--bcher-kva.example", "8.8.8.8")
    check_address("https://bücher.example/")
    assert directory.asked == ["xn--bcher-kva.example"]
