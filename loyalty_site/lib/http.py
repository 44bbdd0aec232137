"""How does a request leave the house? Through this door, which bounds time and size and minds where it goes.

httpx writes the request and its httpcore carries it. There is no httpx.Client: one would keep cookies, follow the
proxies of the environment and tell its log every address. No redirect is followed: whoever answers must not choose
where we go next. Certificates are those of certifi, or of the file that SSL_CERT_FILE names.
"""

import os
import time
import zlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpcore
import httpx

from loyalty_site.lib.http_sockets import CONNECT_S, Call, Network, current
from loyalty_site.lib.json_types import Json
from loyalty_site.lib.receivers import AddressRefused, NothingSent, check_address, parse, port_of

__all__ = ["AddressRefused", "Answer", "MayHaveArrived", "NothingSent", "Request", "check_address", "exchange"]

#: Seconds in which an answer must have been read to its end.
TOTAL_S = 15.0
#: Bytes of an answer that are read, and that it may have when it is unpacked; the rest is cut off.
LARGEST_ANSWER = 256 * 1024
USER_AGENT = "loyalty-back-office/1"
#: Idle connections are dropped before a usual receiver drops them: a request on one that is about to be closed
#: might, or might not, have arrived.
_IDLE_S = 5.0


class MayHaveArrived(Exception):
    """The request went out, at least in part, and no answer came. The text is a sentence for staff."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. One of `form`, `json` and `content` is the body, or none.

    `secrets` are texts of the address or of headers that no log may show. `has_key`: the receiver takes the same
    request twice for one, so that it may be repeated when nobody knows whether it arrived. `total_s` is for how many
    seconds it is waited for.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    json: Json = None
    content: bytes | None = None
    basic: tuple[str, str] | None = None
    secrets: tuple[str, ...] = ()
    has_key: bool = False
    total_s: float = TOTAL_S


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered; header names in small letters. A body of more than LARGEST_ANSWER bytes is cut."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def exchange(request: Request) -> Answer:
    """Send `request` and read its answer, within `request.total_s` seconds in all.

    Raises AddressRefused, or another NothingSent, when nothing has left, and MayHaveArrived when something has.
    """
    address = parse(request.url)
    call = Call(time.monotonic() + request.total_s, address.scheme == "http")
    prepared = _core(written(request, address), request.total_s)
    token = current.set(call)
    try:
        return _asked(prepared)
    except httpcore.PoolTimeout:
        raise NothingSent("All connections are in use: nothing was sent.") from None
    except httpcore.TimeoutException:
        raise MayHaveArrived(f"{address.host} did not answer within {request.total_s:g} seconds.") from None
    except httpcore.LocalProtocolError:
        raise NothingSent("The request cannot be written: a header holds what none may hold.") from None
    except (httpcore.NetworkError, httpcore.ProtocolError):
        raise MayHaveArrived(f"{address.host} broke off before it had answered.") from None
    finally:
        current.reset(token)


def written(request: Request, address: httpx.URL | None = None) -> httpx.Request:
    """The request as it is sent, Raises NothingSent."""
    headers = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": USER_AGENT, **request.headers}
    try:
        made = httpx.Request(
            request.method,
            address or request.url,
            headers=headers,
            data=request.form,
            json=request.json,
            content=request.content,
        )
    except (httpx.InvalidURL, TypeError, ValueError):
        raise NothingSent("The request cannot be written: it holds what an address, header or body cannot.") from None
    if request.basic:
        made.headers["Authorization"] = f"Basic {b64encode(':'.join(request.basic).encode()).decode()}"
    return made


def _core(made: httpx.Request, total_s: float) -> httpcore.Request:
    url = httpcore.URL(
        scheme=made.url.raw_scheme, host=made.url.raw_host, port=port_of(made.url), target=made.url.raw_path
    )
    limits = {"connect": CONNECT_S, "pool": CONNECT_S, "read": total_s, "write": total_s}
    return httpcore.Request(
        made.method, url, headers=made.headers.raw, content=made.content, extensions={"timeout": limits}
    )


def _asked(prepared: httpcore.Request) -> Answer:
    response = _door.pool().handle_request(prepared)
    try:
        body = bytearray()
        for part in response.iter_stream():
            body += part
            if len(body) >= LARGEST_ANSWER:
                break
    finally:
        response.close()
    headers: dict[str, str] = {}
    for raw, value in response.headers:
        name, text = raw.decode("latin-1").lower(), value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return Answer(response.status, headers, _unpacked(bytes(body[:LARGEST_ANSWER]), headers))


def _unpacked(body: bytes, headers: Mapping[str, str]) -> bytes:
    """What was packed though we take nothing packed, up to LARGEST_ANSWER bytes."""
    if headers.get("content-encoding", "").lower() not in ("gzip", "x-gzip", "deflate"):
        return body
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(body, LARGEST_ANSWER)
    except zlib.error:
        return body


class _Door:
    """The connections of this process, kept for a while; a child that was forked makes its own."""

    def __init__(self) -> None:
        self._process = 0
        self._pool: httpcore.ConnectionPool | None = None

    def pool(self) -> httpcore.ConnectionPool:
        # Two threads that come first make one each, and one of them is used once.
        if self._pool is None or self._process != os.getpid():
            self._pool = httpcore.ConnectionPool(
                ssl_context=httpx.create_ssl_context(),
                max_connections=100,
                max_keepalive_connections=20,
                keepalive_expiry=_IDLE_S,
                network_backend=Network(),
            )
            self._process = os.getpid()
        return self._pool


_door = _Door()
