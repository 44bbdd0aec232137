"""How do tests receive what leaves? A web server that plays webhooks, Twilio and Slack, with faults to switch on.

    python -m tests.support.fake_receiver [PORT]      GET /-/accepted tells what it has taken, DELETE forgets it, too

It runs in a thread of the test, or in a process of its own. What it has taken it remembers, in order, also where it
then answers as if it had not: `accepted` is what happened at the receiver, not what its sender was told.
"""

import asyncio
import email.utils
import json
import sys
import threading
import time
from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

#: What is answered instead: (status, headers, body, whether the receiver has taken the message all the same).
FAULTS = {
    "429 in seconds": (429, {"Retry-After": "3"}, b"", False),
    "429 in fractions": (429, {"Retry-After": "2.5"}, b"", False),
    "429 by date": (429, {}, b"", False),
    "429 at once": (429, {"Retry-After": "0"}, b"", False),
    "401": (401, {}, b"", False),
    "400": (400, {}, b'{"error": "no such thing"}', False),
    "410": (410, {}, b"", False),
    "500": (500, {}, b"out of order", False),
    "503": (503, {}, b"", False),
    "207": (207, {}, b'{"results": [{"status": 200}, {"status": 422}]}', True),
    "error inside": (200, {}, b'{"ok": false, "error": "fatal_error"}', False),
    "redirect": (302, {"Location": "http://127.0.0.1:1/elsewhere"}, b"", False),
    "huge": (200, {}, b"x" * 3_000_000, True),
    "slow": (200, {}, b"", True),
    "dropped": None,
    "dropped when taken": None,
    "no HTTP": None,
}


@dataclass(frozen=True)
class Accepted:
    """A message that was taken; `key` is the webhook-id of one that has it."""

    method: str
    path: str
    headers: dict
    body: bytes
    at: float

    @property
    def key(self):
        return self.headers.get("webhook-id", "")

    @property
    def form(self):
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}

    @property
    def name(self):
        """By what it is known again: its key, or the text of an SMS."""
        return self.key or self.form.get("Body", "")


class Receiver:
    """Takes everything, but for the faults that are switched on; what has a key it takes once, as it should.

    It answers after `delay_s`, to a slow request after `slow_s`. `repeated` is what came again under its key.
    """

    def __init__(self, slow_s=2.0, delay_s=0.0):
        self.accepted, self.repeated, self.requests = [], [], 0
        self.slow_s, self.delay_s = slow_s, delay_s
        self._keys = set()
        self._faults, self._always = deque(), {}
        self._most, self.under_way = 0, 0
        self.lock = threading.Lock()

    def fail(self, *faults, times=1):
        """The next requests meet these faults, one after the other, `times` times over."""
        assert set(faults) <= set(FAULTS), faults
        self._faults.extend(list(faults) * times)

    def always(self, fault, path=""):
        """Every request whose path begins so meets this fault; None: no more."""
        assert fault is None or fault in FAULTS, fault
        self._always[path] = fault

    @property
    def most_at_once(self):
        return self._most

    def names(self):
        """How often what was taken, by its name."""
        with self.lock:
            return Counter(one.name for one in self.accepted)

    def forget(self):
        with self.lock:
            self.accepted, self.repeated, self._keys = [], [], set()

    def fault_for(self, path):
        with self.lock:
            self.requests += 1
            for start in sorted(self._always, key=len, reverse=True):
                if path.startswith(start) and self._always[start]:
                    return self._always[start]
            return self._faults.popleft() if self._faults else None

    def take(self, request):
        with self.lock:
            (self.repeated if request.key in self._keys else self.accepted).append(request)
            self._keys.update(filter(None, [request.key]))

    def begin(self, by):
        self.under_way += by
        self._most = max(self._most, self.under_way)


class _Line(asyncio.Protocol):
    """One connection: requests one after the other, as HTTP/1.1 has it."""

    def __init__(self, receiver):
        self.receiver, self.buffer, self.is_busy = receiver, b"", False

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        self.next()

    def next(self):
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if self.is_busy or not found:
            return
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self.buffer, self.is_busy = rest[length:], True
        method, target, _ = lines[0].split(" ")
        self.receiver.begin(1)
        if target.startswith("/-/"):
            return self.tell(method)
        self.meet(Accepted(method, target, headers, rest[:length], time.time()))

    def tell(self, method):
        names = self.receiver.names()
        if method == "DELETE":
            self.receiver.forget()
        self.answer(200, {}, json.dumps(names).encode())

    def meet(self, request):
        receiver = self.receiver
        fault = receiver.fault_for(request.path)
        if fault is None:
            receiver.take(request)
            if not receiver.delay_s:
                return self.answer(*usual(request))
            return self.later(receiver.delay_s, request)
        if fault in ("dropped when taken", "slow"):
            receiver.take(request)
        if fault == "slow":
            return self.later(receiver.slow_s, request)
        if fault.startswith("dropped"):
            receiver.begin(-1)
            return self.transport.abort()
        if fault == "no HTTP":
            receiver.begin(-1)
            self.transport.write(b"220 mail.example.com ESMTP\r\n")
            return self.transport.close()
        status, headers, body, is_taken = FAULTS[fault]
        if is_taken:
            receiver.take(request)
        if fault == "429 by date":
            headers = {"Retry-After": email.utils.formatdate(time.time() + 4, usegmt=True)}
        return self.answer(status, headers, body)

    def later(self, seconds, request):
        asyncio.get_running_loop().call_later(seconds, lambda: self.answer(*usual(request)))

    def answer(self, status, headers, body):
        self.receiver.begin(-1)
        if self.transport.is_closing():
            return
        head = "".join(f"{name}: {value}\r\n" for name, value in {"Content-Length": len(body), **headers}.items())
        self.transport.write(f"HTTP/1.1 {status} Status\r\n{head}\r\n".encode() + body)
        self.is_busy = False
        self.next()


def usual(request):
    """What the platform of this path answers when all is well."""
    path = urlsplit(request.path).path
    if path.endswith("/Messages.json"):
        sid = f"SM{abs(hash(request.body)):032x}"[:34]
        return 201, {"Content-Type": "application/json"}, json.dumps({"sid": sid, "status": "queued"}).encode()
    if path.startswith("/api/"):
        return 200, {"Content-Type": "application/json"}, b'{"ok": true, "ts": "1503435956.000247"}'
    return 200, {}, b""


@contextmanager
def receiving(port=0, **options):
    """Yields (a Receiver, its address without a path), served by a thread."""
    receiver, loop = Receiver(**options), asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: _Line(receiver), "127.0.0.1", port, backlog=512))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield receiver, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        server.close()
        loop.close()


if __name__ == "__main__":
    with receiving(int(sys.argv[1]) if len(sys.argv) > 1 else 0) as (_, address):
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        threading.Event().wait()
