"""What does the web server itself answer to what is no request? Problem details like all else, instead of a page.

It never reaches Django: the line or the headers are too long, it is no HTTP, or it never came whole. Most are clients
of the API.
"""

import json
import socket

from gunicorn import util

from loyalty_site.lib import problems
from loyalty_site.lib.refusals import Refusal

#: By the status that gunicorn gives it; any other one than 500 is `bad_request`.
_CODES = {414: "address_too_long", 431: "headers_too_long"}
_DETAILS = {
    "address_too_long": "The address with its query is too long; send what is long in the body.",
    "headers_too_long": "The headers are too many or too long; leave out what is not needed.",
    "bad_request": "This is no HTTP request that can be read.",
    "server_error": "The request could not be handled.",
}


def answer(status: int, reason: str) -> bytes:
    """The answer to what nobody has read; so nothing of it is repeated."""
    code = "server_error" if status == 500 else _CODES.get(status, "bad_request")
    return written(status, reason, Refusal(code, _DETAILS[code]))


def too_slow(begun: bytes) -> bytes:
    """The answer to a request of which only the beginning came."""
    words = begun.split(b"\r\n", 1)[0].split(b" ")
    path = words[1].split(b"?")[0].decode("ascii", "replace") if len(words) > 1 else ""
    detail = "The request did not arrive in time; nothing was written. Send it again."
    return written(408, "Request Timeout", Refusal("request_timeout", detail), path=path)


def written(status: int, reason: str, refusal: Refusal, *, path: str = "") -> bytes:
    """A problem as the whole answer of HTTP/1.1."""
    problem = problems.body([refusal], path=path) | {"status": status}
    body = json.dumps(problem, ensure_ascii=False, separators=(",", ":")).encode()
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
        f"Cache-Control: no-store\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("latin1") + body


def write_error(sock: socket.socket, status: int, reason: str, message: str) -> None:
    """Takes the place of the function of gunicorn of this name."""
    util.write_nonblock(sock, answer(status, reason))


def install() -> None:
    """Let gunicorn answer so."""
    util.write_error = write_error
