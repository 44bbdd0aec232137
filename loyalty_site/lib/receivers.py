"""Which addresses of others may be asked? Public ones, and those of our own network that a setting names.

Whoever types an address must not reach through us what only we can reach: databases, consoles, the metadata of a
cloud. A name is looked up when it is saved, to tell whoever typed it, and again by the very connection that uses it
(http_sockets.py), because a name may change its mind.
"""

import queue
import re
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

import httpx
from django.conf import settings

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
#: (family, where) as sockets take it.
Place: TypeAlias = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]

LONGEST_URL = 2000
#: Seconds for which a form waits for a name to be looked up.
LOOK_UP_S = 3.0

#: What one Python or another takes for public, but leads to other addresses, to many, or into a cloud.
_UNFIT = [
    ip_network(text)
    for text in (
        "100.64.0.0/10",
        "192.0.0.0/24",  # protocols of the IETF, and the metadata of Oracle
        "192.88.99.0/24",  # relays of 6to4
        "168.63.129.16/32",  # the metadata of Azure
        "198.18.0.0/15",
        "224.0.0.0/3",
        "2001::/23",  # protocols of the IETF, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address in another coat
        "3fff::/20",
    )
]
#: Everything that is routed; addresses mapped or translated to IPv4 lie outside of it.
_ROUTED_6 = IPv6Network("2000::/3")
_NAME = re.compile(r"[a-z0-9._-]+")
#: The last part of a host that is a number to the C library, and is looked up as one: 2130706433, 127.1, 0x7f000001.
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)
#: What a look-up answers when the name does not exist, or has no address.
_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


class NothingSent(Exception):
    """The receiver was not reached: nothing of the request has left. The text is a sentence for staff."""


class NoSuchName(NothingSent):
    """The name does not exist, which a mistake of its owner may cause for a while."""


class AddressRefused(NothingSent):
    """The address is none that may be asked, now or later. The text is a sentence for whoever typed it."""


class OutOfReach(AddressRefused):
    """A look-up has shown that the name leads nowhere, or where nothing is sent. The text is for staff alone: others
    would learn from it which names our network has."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Receivers that may be asked though they are not public, and by plain http: names with ports, and networks."""

    names: frozenset[tuple[str, int]]
    networks: tuple[Network, ...]


@cache
def allowed(words: tuple[str, ...]) -> Allowed:
    """The receivers that the words of a setting name: `host:port`, an address, or a network as 10.1.0.0/16.

    Raises ValueError with a sentence.
    """
    names, networks = set(), []
    for word in words:
        host, _, port = word.rpartition(":")
        if host and port.isascii() and port.isdecimal() and (":" not in host or host.startswith("[")):
            names.add((host.strip("[]").lower(), int(port)))
            continue
        try:
            networks.append(ip_network(word))
        except ValueError:
            raise ValueError(
                f"names {word!r}: write host:port, an address, or a network such as 10.1.0.0/16."
            ) from None
    return Allowed(frozenset(names), tuple(networks))


def check_address(url: str) -> None:
    """Refuse an address that somebody types and that may not be asked. Raises AddressRefused, or OutOfReach.

    A name that does not exist is refused, too. One that cannot be looked up just now passes: it is looked up again
    before anything is sent.
    """
    parts = parse(url)
    try:
        places(host_of(parts), port_of(parts), is_plain=parts.scheme == "http", within_s=LOOK_UP_S)
    except AddressRefused:
        raise
    except NoSuchName as error:
        raise OutOfReach(str(error)) from error
    except NothingSent:
        return


def parse(url: str) -> httpx.URL:
    """The parts of an address that may be asked, as far as one sees without looking it up. Raises AddressRefused."""
    if len(url) > LONGEST_URL:
        raise AddressRefused(f"This address is longer than {LONGEST_URL} characters.")
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise AddressRefused("This is no address: write it like https://example.com/path.") from None
    if parts.scheme not in ("https", "http") or not parts.host:
        raise AddressRefused("This is no address of the web: write it like https://example.com/path.")
    if parts.userinfo:
        raise AddressRefused(
            "An address with a user name or password in it is not kept: leave out what stands before @."
        )
    if parts.port is not None and not 0 < parts.port < 65536:
        raise AddressRefused("The port behind the colon must be a number from 1 to 65535.")
    _refuse_odd_spelling(host_of(parts))
    if parts.scheme == "http" and not _may_be_plain(host_of(parts), port_of(parts)):
        raise AddressRefused("Messages leave encrypted only: the address must begin with https://.")
    return parts


def host_of(parts: httpx.URL) -> str:
    """The name that is looked up, in ASCII."""
    return parts.raw_host.decode("ascii").lower()


def port_of(parts: httpx.URL) -> int:
    """The port that an address means."""
    return parts.port or (443 if parts.scheme == "https" else 80)


def _refuse_odd_spelling(host: str) -> None:
    if ":" in host:
        return
    if not _NAME.fullmatch(host):
        raise AddressRefused("This is no address: its name holds what no name of the web holds.")
    if _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        try:
            IPv4Address(host)
        except ValueError:
            raise AddressRefused(
                f"{host} is a number, and no name: write a name, or four numbers up to 255 with dots between them."
            ) from None


def _may_be_plain(host: str, port: int) -> bool:
    """Whether plain http may turn out to be allowed; of a name and a network, only the look-up tells."""
    return (host.lower(), port) in _exceptions().names or bool(_exceptions().networks)


def _exceptions() -> Allowed:
    return allowed(tuple(settings.OUTBOUND_ALLOWED))


def places(host: str, port: int, *, is_plain: bool, within_s: float) -> list[Place]:
    """Where `host` is, all of which may be asked, by plain http if `is_plain`.

    Raises OutOfReach where one of its addresses may not, NothingSent where it has none just now.
    """
    found = look_up(host, port, within_s)
    exceptions = _exceptions()
    if (host.lower(), port) in exceptions.names:
        return found
    for _, where in found:
        address = ip_address(where[0])
        if any(address in network for network in exceptions.networks):
            continue
        if is_plain:
            raise OutOfReach(f"{host} may be asked by https only, not by plain http.")
        if not is_public(address):
            # Which one it is stays untold: whoever asks would learn the map of our network.
            raise OutOfReach(
                f"{host} leads to a private, local or reserved network, where nothing is sent. "
                "An administrator can allow a receiver in your own network, see OUTBOUND_ALLOWED."
            )
    return found


def is_public(address: Address) -> bool:
    """Whether everybody could ask `address`, so that we may."""
    if address.version == 6 and address not in _ROUTED_6:
        return False
    if any(address in network for network in _UNFIT):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def look_up(host: str, port: int, within_s: float) -> list[Place]:
    """Where `host` is, in the order of the resolver. Raises NothingSent, NoSuchName where it does not exist.

    In a thread of its own, because the resolver of the system has no limit of time; one that hangs is left behind.
    """
    answers: queue.SimpleQueue[Sequence[Place] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put([(family, where) for family, _, _, _, where in _resolve(host, port)])
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name="look up", daemon=True).start()
    try:
        found = answers.get(timeout=max(within_s, 0.001))
    except queue.Empty:
        raise NothingSent(f"The name {host} could not be looked up in time.") from None
    if isinstance(found, UnicodeError) or (isinstance(found, socket.gaierror) and found.errno in _NO_SUCH_NAME):
        raise NoSuchName(f"There is no {host}: look at the spelling of the name.")
    if isinstance(found, Exception):
        raise NothingSent(
            f"The name {host} could not be looked up: {getattr(found, 'strerror', None) or 'no answer'}."
        )
    if not found:
        raise NothingSent(f"The name {host} has no address.")
    return list(found)


def _resolve(host: str, port: int) -> list[tuple[socket.AddressFamily, int, int, str, tuple[str, int]]]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)  # type: ignore[return-value]
