"""What does the web server itself answer to what is no request? Problem details like all else, instead of a page.

It never reaches Django: the line or the headers are too long, or no HTTP. Most are clients of the API.
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
    """The whole answer of HTTP/1.1. What the client sent is not repeated, because nobody has read it."""
    code = "server_error" if status == 500 else _CODES.get(status, "bad_request")
    problem = problems.body([Refusal(code, _DETAILS[code])], path="")
    problem |= {"status": status}
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
