"""Has a request arrived whole? Decided from its bytes as they come, so that nobody has to wait for the rest.

Only where it ends is found out here. Whether it is right is for gunicorn's parser to say: what it would refuse counts
as whole, so that it is refused at once.
"""

import re

#: What gunicorn takes for a head by default, for the line before a chunk, and for what follows the last one.
MOST_HEAD = 100 * 8192 + 8190
MOST_LINE = 8190
MOST_TRAILERS = 65_536

#: Beyond the largest body, so much more arrives that whoever reads it in pieces sees it exceeded.
BEYOND = 2 * 65_536

_FIELDS = re.compile(rb"\r\n(content-length|transfer-encoding|expect)[ \t]*:[ \t]*([^\r]*?)[ \t]*(?=\r|$)")
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")


class Arriving:
    """The requests of one connection, one after the other.

    `most` is the largest body in bytes that is waited for. Of a larger one only the beginning is taken, which is
    enough to refuse it.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        #: What has come and was not taken.
        self.raw = bytearray()
        #: The client said that nothing more will come.
        self.has_ended = False
        #: Where the request on the connection that follows begins is not known.
        self.is_last = False
        self._begin()

    def _begin(self) -> None:
        self.has_head = False
        self.wants_permission = False
        self._searched = 0
        #: Where the request ends; None as long as that is unknown.
        self._end: int | None = None
        self._length: int | None = None
        self._body = self._chunk = self._chunked = 0

    def add(self, piece: bytes) -> None:
        """Take what has come; nothing means that the client sends no more."""
        self.raw += piece
        self.has_ended = self.has_ended or not piece

    def is_whole(self) -> bool:
        """Whether there is nothing to wait for."""
        if not self.raw:
            return False
        if not self.has_head and not self._find_head():
            return self.has_ended or self._is_refused_head()
        if self._end is None:
            self._find_end()
        return self._end is not None or self.has_ended

    def take(self) -> bytes:
        """The request that is whole; what follows it stays."""
        end = self._end
        if end is None or end > len(self.raw):
            self.is_last, end = True, len(self.raw)
        found = bytes(memoryview(self.raw)[:end])
        del self.raw[:end]
        self._begin()
        return found

    def _find_head(self) -> bool:
        end = self.raw.find(b"\r\n\r\n", max(0, self._searched - 3))
        if end < 0:
            return False
        self.has_head, self._body = True, end + 4
        self._chunk = self._body
        self._read_head(bytes(self.raw[:end]))
        return True

    def _is_refused_head(self) -> bool:
        """Whether it is too long, or has lines that end as none may."""
        begin, self._searched = max(0, self._searched - 1), len(self.raw)
        return len(self.raw) > MOST_HEAD or bool(_BARE_LINE_FEED.search(self.raw, begin))

    def _read_head(self, head: bytes) -> None:
        """What the head says of the body."""
        fields = _FIELDS.findall(head.lower())
        lengths = [value for name, value in fields if name == b"content-length"]
        codings = [value for name, value in fields if name == b"transfer-encoding"]
        self.wants_permission = (b"expect", b"100-continue") in fields
        if codings:
            if lengths or not any(b"chunked" in coding for coding in codings):
                self._end = len(self.raw) + 1
        elif not lengths:
            self._length = 0
        elif lengths[0].isdigit() and len(lengths[0]) < 20 and int(lengths[0]) <= self.most:
            self._length = int(lengths[0])
        else:
            # No number, or too many: there is nothing to wait for.
            self._end = len(self.raw) + 1

    def _find_end(self) -> None:
        if self._length is not None:
            if len(self.raw) >= self._body + self._length:
                self._end = self._body + self._length
            return
        self._find_last_chunk()
        arrived = self._chunked - max(0, self._chunk - len(self.raw))
        if arrived > self.most + BEYOND or len(self.raw) > 2 * (self.most + BEYOND):
            self._end = len(self.raw) + 1

    def _find_last_chunk(self) -> None:
        """Go from chunk to chunk as far as they have come; `_chunk` is where the next one begins."""
        refused = len(self.raw) + 1
        while self._chunk <= len(self.raw) and self._end is None:
            line = self.raw.find(b"\r\n", self._chunk)
            if line < 0:
                self._end = refused if len(self.raw) - self._chunk > MOST_LINE else None
                return
            try:
                size = int(bytes(self.raw[self._chunk : line]).partition(b";")[0], 16)
            except ValueError:
                size = -1
            if size > 0:
                self._chunked += size
                self._chunk = line + 2 + size + 2
                continue
            trailers = self.raw.find(b"\r\n\r\n", line)
            if size == 0 and trailers >= 0:
                self._end = trailers + 4
            elif size < 0 or len(self.raw) - line > MOST_TRAILERS:
                self._end = refused
            return
