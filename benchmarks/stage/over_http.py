"""How fast does the API answer over HTTP? A server as `make run` starts it, and threads that call it.

Run as a program this is the server; `serving` starts it with what it needs.
"""

import http.client
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.stage import databases, earlier
from benchmarks.stage.calls import Call, Calls, accepted
from tests import matrix

_STARTS_IN_S = 60


class Clients:
    """So many threads, each with members of its own and a connection that stays open."""

    def __init__(self, port: int, key: str, numbers: list[str], threads: int) -> None:
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._port = port
        self._calls = [Calls(numbers[n::threads], f"http-{threads}-{n}") for n in range(threads)]

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
        elapsed = time.perf_counter() - started
        if failed := [outcome for outcome in outcomes if isinstance(outcome, Exception)]:
            raise failed[0]
        requests, posts = map(sum, zip(*outcomes, strict=True))
        return requests, posts, elapsed

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


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[int]:
    """Yields the port of a server with that environment."""
    port = matrix.free_port()
    env = {name: value for name, value in os.environ.items() if name not in matrix.OURS} | environment
    env |= {"HOST": "127.0.0.1", "PORT": str(port), "PYTHONPATH": str(earlier.HERE)}
    # What is logged is written, and read only when the server does not start.
    with matrix.folder() as place:
        log = place / "log"
        with matrix.server([sys.executable, "-m", "benchmarks.stage.over_http"], log, env=env) as running:
            deadline = time.monotonic() + _STARTS_IN_S
            while not _answers(port):
                if running.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
                time.sleep(0.1)
            yield port


def _answers(port: int) -> bool:
    web = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        web.request("GET", "/health/live")
        return web.getresponse().status == 200
    except OSError:
        return False
    finally:
        web.close()


def serve() -> None:
    """Be the server: what `make run` starts, but for the application, which has two addresses more."""
    from gunicorn.app.wsgiapp import run

    databases.enter(dict(os.environ))
    sys.argv = ["gunicorn", "--config", "python:loyalty_site.server", "benchmarks.stage.wsgi"]
    run()


if __name__ == "__main__":
    serve()
