"""Who calls the API? One key that reads and posts, and counts what was acknowledged.

`Calls` makes the requests; they are sent to the WSGI application of this process, or over HTTP to a server.
What runs inside a process that `databases.use` has prepared imports inside.
"""

import http.client
import io
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import count, cycle
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

BATCH = 100
KINDS = ("bare", "empty", "member", "lookup", "post", "batch")


class Call(NamedTuple):
    """`posts` are the purchases that the body holds."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    posts: int = 0


class Calls:
    """Endless requests of each kind, about `numbers` of members in turn; `mark` keeps names of orders apart."""

    def __init__(self, numbers: list[str], mark: str) -> None:
        self._numbers = cycle(numbers)
        self._orders = (f"{mark}-{n}" for n in count())

    def of(self, kind: str) -> Iterator[Call]:
        make: dict[str, Callable[[], Call]] = {
            "bare": lambda: Call("GET", "/api/v1/bare/"),
            "empty": lambda: Call("GET", "/api/v1/empty/"),
            "member": lambda: Call("GET", f"/api/v1/members/{next(self._numbers)}/"),
            "lookup": lambda: Call("GET", "/api/v1/members/lookup/", f"number={next(self._numbers)}"),
            "post": lambda: self._posting(self._purchase(), 1),
            "batch": lambda: self._posting([self._purchase() for _ in range(BATCH)], BATCH),
        }
        while True:
            yield make[kind]()

    def _purchase(self) -> dict[str, object]:
        return {
            "activity": "purchase",
            "external_id": next(self._orders),
            "member": {"number": next(self._numbers)},
            "amount": "12.50",
        }

    @staticmethod
    def _posting(body: object, posts: int) -> Call:
        return Call("POST", "/api/v1/transactions/", "", json.dumps(body).encode(), posts)


def issue_key() -> str:
    """The text of a new key of the program's owner."""
    from benchmarks.stage import shop
    from partners import keys

    _, via = shop.way_in()
    return keys.issue(via, name="Benchmark", scopes=["read", "earn"])[1]


def accepted(call: Call, status: int, body: bytes) -> int:
    """How many purchases were acknowledged. Raises AssertionError unless the answer is the one that is wanted."""
    wanted = 201 if call.posts == 1 else 200
    assert status == wanted, f"{call.method} {call.path} answered {status}: {body[:500]!r}"
    if call.posts > 1:
        assert json.loads(body)["posted"] == call.posts, body[:500]
    return call.posts


class InProcess:
    """Sends requests to the WSGI application of this process, as a server would, without a socket between."""

    def __init__(self, mark: str) -> None:
        from benchmarks.stage import shop
        from benchmarks.stage.wsgi import application

        # What is logged is written, and not read.
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(open(os.devnull, "w"))  # noqa: SIM115  # Open as long as the process lives.
        self._application: WSGIApplication = application
        self._key = issue_key()
        self._calls = Calls([number for _, number in shop.people()], mark)

    def run(self, kind: str, seconds: float) -> tuple[int, int, float]:
        """(requests, purchases acknowledged, seconds taken)."""
        calls, requests, posts = self._calls.of(kind), 0, 0
        started = time.perf_counter()
        while time.perf_counter() < started + seconds:
            call = next(calls)
            status, body = self._send(call)
            posts += accepted(call, status, body)
            requests += 1
        return requests, posts, time.perf_counter() - started

    def _send(self, call: Call) -> tuple[int, bytes]:
        told: list[str] = []

        def start_response(status: str, headers: Iterable[tuple[str, str]], exc_info: object = None) -> None:
            told.append(status)

        answer = self._application(self._environ(call), start_response)  # type: ignore[arg-type]
        try:
            return int(told[0][:3]), b"".join(answer)
        finally:
            answer.close()  # type: ignore[attr-defined]

    def _environ(self, call: Call) -> "WSGIEnvironment":
        return {
            "REQUEST_METHOD": call.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": call.path,
            "QUERY_STRING": call.query,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(call.body)),
            "HTTP_HOST": "127.0.0.1",
            "HTTP_AUTHORIZATION": f"Bearer {self._key}",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(call.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }


#: The one of this process, made when it is first asked for.
_own: list[InProcess] = []


def in_process(kind: str, seconds: float) -> tuple[int, int, float]:
    """Like InProcess.run, by the one InProcess that this process has."""
    if not _own:
        _own.append(InProcess(f"in-{os.getpid()}"))
    return _own[0].run(kind, seconds)


class OverHttp:
    """Sends requests to a server, by so many threads, each over a connection that stays open."""

    def __init__(self, port: int, key: str, numbers: list[str], threads: int) -> None:
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._port, self._threads = port, threads
        self._calls = [Calls(numbers[n::threads], f"http-{n}") for n in range(threads)]

    def run(self, kind: str, seconds: float) -> tuple[int, int, float]:
        """(requests, purchases acknowledged, seconds taken) of all threads together."""
        outcomes: list[tuple[int, int] | Exception] = []
        threads = [
            threading.Thread(target=self._work, args=(calls.of(kind), seconds, outcomes)) for calls in self._calls
        ]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done = []
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome
            done.append(outcome)
        requests, posts = map(sum, zip(*done, strict=True))
        return requests, posts, time.perf_counter() - started

    def _work(self, calls: Iterator[Call], seconds: float, outcomes: list[tuple[int, int] | Exception]) -> None:
        requests, posts, end = 0, 0, time.perf_counter() + seconds
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            while time.perf_counter() < end:
                call = next(calls)
                path = f"{call.path}?{call.query}" if call.query else call.path
                connection.request(call.method, path, call.body, self._headers)
                answer = connection.getresponse()
                posts += accepted(call, answer.status, answer.read())
                requests += 1
            outcomes.append((requests, posts))
        except Exception as error:
            outcomes.append(error)
        finally:
            connection.close()
