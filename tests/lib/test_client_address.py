"""The address of who asks is one that our own machines have seen, never one that a client says of itself."""

import pytest

from loyalty_site.lib.client_address import NOWHERE, client_address


@pytest.fixture
def seen(rf, settings):
    def ask(peer, told=None, *, proxies=0):
        settings.PROXIES = proxies
        headers = {} if told is None else {"X-Forwarded-For": told}
        return client_address(rf.get("/", REMOTE_ADDR=peer, headers=headers))

    return ask


def test_without_a_proxy_the_header_is_not_read(seen):
    assert seen("203.0.113.7", "198.51.100.1") == "203.0.113.7"


def test_behind_a_proxy_it_is_what_the_proxy_added_and_not_what_the_client_sent(seen):
    assert seen("10.0.0.2", "203.0.113.7", proxies=1) == "203.0.113.7"
    assert seen("10.0.0.2", "198.51.100.1, 203.0.113.7", proxies=1) == "203.0.113.7"
    assert seen("10.0.0.2", "198.51.100.1, 203.0.113.7, 10.0.0.9", proxies=2) == "203.0.113.7"


@pytest.mark.parametrize("told", [None, "", "unknown", "198.51.100.1, garbage"])
def test_whoever_came_past_the_proxy_is_who_speaks_to_us(seen, told):
    assert seen("10.0.0.2", told, proxies=1) == "10.0.0.2"
    assert seen("10.0.0.2", told, proxies=3) == "10.0.0.2"


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("203.0.113.7:4711", "203.0.113.7"),
        ("[2001:db8:1:2:3:4:5:6]:4711", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
    ],
)
def test_an_address_is_read_in_each_notation_and_of_ipv6_the_network(seen, told, address):
    assert seen("10.0.0.2", told, proxies=1) == address


def test_a_request_over_a_socket_comes_from_nowhere(seen):
    assert seen("") == NOWHERE
