"""How does the body of a request reach whoever reads it? Whole, or the request is refused.

Everybody above us believes Content-Length: without one a body counts as empty, and one that ends early is taken for
what came of it. For an address where an empty body means "all of it" that would be another request.
"""

from collections.abc import Callable
from io import BytesIO
from typing import BinaryIO, cast

from django.conf import settings
from django.core.handlers.wsgi import LimitedStream, WSGIRequest
from django.http import UnreadablePostError
from django.http.response import HttpResponseBase

from loyalty_site.lib import problems
from loyalty_site.lib.refusals import Refused

_PIECE = 65_536
#: With these, what says of which kind a body is says that there is one; many clients say it with a GET, too.
_WITH_BODY = {"POST", "PUT", "PATCH"}


class LengthMissing(Refused):
    """Nothing says where the body ends."""

    code = "length_required"


class EndedEarly(Refused):
    """The connection broke in the middle of the body."""

    code = "body_incomplete"


class CodedBody(Refused):
    """The body is compressed on its way."""

    code = "unsupported_media_type"


class TooLong(Refused):
    """The body has more than `API_LARGEST_BODY` bytes."""

    code = "body_too_large"


class WholeStream(LimitedStream):
    """As many bytes as Content-Length announces; an end before that is an error, where it was an end."""

    def __init__(self, stream: BytesIO, limit: int) -> None:
        super().__init__(stream, limit)
        self.left = limit

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self.left if size is None or size < 0 else min(size, self.left)
        found = super().read(wanted)
        self.left -= len(found)
        if len(found) < wanted:
            raise OSError("the body ended before its Content-Length")
        return found


class Bodies:
    """Django's middleware: puts together a body that comes in chunks, and refuses what does not come whole."""

    def __init__(self, get_response: Callable[[WSGIRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: WSGIRequest) -> HttpResponseBase:
        try:
            _prepare(request)
        except Refused as refused:
            return problems.at_the_door(refused, request)
        return self.get_response(request)


def largest_body() -> int:
    """The most bytes that a body may have, at any address: what the API takes, and what Django takes of a form."""
    return max(settings.API_LARGEST_BODY, settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)


def _prepare(request: WSGIRequest) -> None:
    coding = request.META.get("HTTP_TRANSFER_ENCODING", "")
    if coding:
        raw = _unchunked(request, coding)
        del request.META["HTTP_TRANSFER_ENCODING"]
        request.META["CONTENT_LENGTH"] = str(len(raw))
        request._stream = cast(BinaryIO, LimitedStream(BytesIO(raw), len(raw)))
    elif "CONTENT_LENGTH" in request.META:
        announced = cast(LimitedStream, request._stream).limit
        if announced > largest_body():
            raise _too_long(largest_body())
        request._stream = cast(BinaryIO, WholeStream(request.META["wsgi.input"], announced))
    elif request.META.get("CONTENT_TYPE") and request.method in _WITH_BODY:
        # It has a body, then, and nobody says where that ends: HTTP would call it empty.
        raise LengthMissing("Send the body with its Content-Length; where there is none, 0.")
    if request.method == "POST" and not _is_of_the_api(request):
        # Once reading failed, Django takes the form for an empty one; so it is read where that can be told.
        try:
            request.POST  # noqa: B018
        except UnreadablePostError as error:
            raise _ended_early() from error


def _unchunked(request: WSGIRequest, coding: str) -> bytes:
    """What the chunks hold together."""
    if coding.strip().lower() != "chunked":
        raise CodedBody("Send the body as it is; of Transfer-Encoding only chunked is read.")
    if not request.META.get("wsgi.input_terminated"):
        raise LengthMissing("This server reads no chunks; send the body with its Content-Length.")
    most, source, pieces, length = settings.API_LARGEST_BODY, request.META["wsgi.input"], list[bytes](), 0
    while length <= most:
        try:
            piece = source.read(_PIECE)
        except Exception as error:  # Each server has its own for a chunk that is none, or that never came.
            raise _ended_early() from error
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        length += len(piece)
    raise _too_long(most)


def _too_long(most: int) -> TooLong:
    return TooLong(f"At most {most:,} bytes are possible; send fewer items at once.")


def _ended_early() -> EndedEarly:
    return EndedEarly("The body ended early or its chunks cannot be read; nothing was written. Send it again.")


def _is_of_the_api(request: WSGIRequest) -> bool:
    return request.path_info.startswith("/api/")
