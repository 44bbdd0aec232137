"""How are connections made? Only to addresses that were checked, and none of their steps outlasts the call.

The network of httpcore: it connects by the very address that the check saw, while TLS and Host keep the name. Each
step gets what is left of the time of the whole call, so that a peer who sends a byte now and then cannot keep us.
"""

import select
import socket
import ssl
import time
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import httpcore

from loyalty_site.lib.receivers import NothingSent, Place, places

#: Seconds in which a connection has to stand, the look-up included; and again for TLS.
CONNECT_S = 5.0


@dataclass(frozen=True, slots=True)
class Call:
    """What holds for everything that one call does: when it ends, on time.monotonic(), and whether it is plain."""

    ends: float
    is_plain: bool

    def left_s(self) -> float:
        """Seconds that are left, at most 0 behind the end."""
        return self.ends - time.monotonic()


#: The call for which this thread works.
current: ContextVar[Call] = ContextVar("current")


class Network(httpcore.NetworkBackend):
    """Connects to receivers that may be asked. Raises NothingSent, and AddressRefused as a kind of it."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        call = current.get()
        ends = time.monotonic() + min(CONNECT_S, call.left_s())
        why = f"{host} could not be reached in time."
        left = places(host, port, is_plain=call.is_plain, within_s=ends - time.monotonic())
        while left and (left_s := ends - time.monotonic()) > 0:
            place, *left = left
            try:
                # Each of those that are left gets its share: a host may have an address that leads nowhere.
                return Stream(connected(place, left_s / (len(left) + 1)), host)
            except TimeoutError:
                continue
            except OSError as error:
                why = f"{host} could not be reached: {error.strerror or error}."
        raise NothingSent(why)


def connected(place: Place, within_s: float) -> socket.socket:
    """A connection to this very address. Raises OSError."""
    family, where = place
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.settimeout(within_s)
        made.connect(where)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        made.close()
        raise
    return made


class Stream(httpcore.NetworkStream):
    """A connection, each step of which ends with the call that it is done for."""

    def __init__(self, connection: socket.socket, host: str) -> None:
        self._socket = connection
        self._host = host

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            self._socket.settimeout(_left_s())
            return self._socket.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout from error
        except OSError as error:
            raise httpcore.ReadError from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        rest = memoryview(buffer)
        try:
            while rest:
                self._socket.settimeout(_left_s())
                rest = rest[self._socket.send(rest) :]
        except TimeoutError as error:
            raise httpcore.WriteTimeout from error
        except OSError as error:
            raise httpcore.WriteError from error

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            self._socket.settimeout(min(CONNECT_S, _left_s()))
            return Stream(ssl_context.wrap_socket(self._socket, server_hostname=server_hostname), self._host)
        except ssl.SSLCertVerificationError as error:
            why = f"The certificate of {self._host} is not accepted: {error.verify_message}."
        except TimeoutError:
            why = f"{self._host} did not agree on encryption in time."
        except (OSError, ValueError) as error:
            why = f"{self._host} does not speak TLS as it should: {getattr(error, 'reason', None) or 'it hung up'}."
        self.close()
        raise NothingSent(why)

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object" and isinstance(self._socket, ssl.SSLSocket):
            return self._socket
        if info == "is_readable":
            return _is_readable(self._socket)
        return None


def _left_s() -> float:
    left_s = current.get().left_s()
    if left_s <= 0:
        raise TimeoutError
    return left_s


def _is_readable(connection: socket.socket) -> bool:
    """Whether there is something to read on an idle connection: the peer has closed it."""
    if connection.fileno() < 0:
        return True
    watch = select.poll()
    watch.register(connection, select.POLLIN)
    return bool(watch.poll(0))
