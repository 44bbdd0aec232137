"""How fast does the API answer without a network? Calls of the WSGI application in one process, as a server does."""

import io
import logging
import os
import time
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from benchmarks.stage.calls import Call, Calls, accepted, issue_key

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment


def run(kind: str, seconds: float) -> tuple[int, int, float]:
    """(requests, purchases acknowledged, seconds taken). Inside a process that `databases.use` has prepared."""
    return _caller().run(kind, seconds)


def leave_logs_unread() -> None:
    """What is logged is written, as it always is, and goes nowhere."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(open(os.devnull, "w"))  # noqa: SIM115  # Open as long as the process lives.


@cache
def _caller() -> "_Caller":
    """The one of this process."""
    return _Caller()


class _Caller:
    def __init__(self) -> None:
        from benchmarks.stage import shop
        from benchmarks.stage.wsgi import application

        leave_logs_unread()
        self._application = application
        self._key = issue_key()
        self._calls = Calls([number for _, number in shop.people()], f"in-{os.getpid()}")

    def run(self, kind: str, seconds: float) -> tuple[int, int, float]:
        calls, requests, posts = self._calls.of(kind), 0, 0
        started = time.perf_counter()
        while time.perf_counter() < started + seconds:
            call = next(calls)
            posts += accepted(call, *self._send(call))
            requests += 1
        return requests, posts, time.perf_counter() - started

    def _send(self, call: Call) -> tuple[int, bytes]:
        said: list[str] = []

        def start_response(status: str, headers: Iterable[tuple[str, str]], exc_info: object = None) -> None:
            said.append(status)

        answer = self._application(self._environ(call), start_response)
        try:
            return int(said[0][:3]), b"".join(answer)
        finally:
            answer.close()

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
