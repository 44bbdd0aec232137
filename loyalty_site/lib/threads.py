"""How do several threads do one job, each with a database connection of its own?

For work during which they wait for the database: Python itself runs in one thread at a time.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from enum import Enum, auto
from typing import TypeVar

from django.db import connections

Part = TypeVar("Part")
Result = TypeVar("Result")


class _Ended(Enum):
    """What a thread reports when it has nothing more to do."""

    ENDED = auto()


def side_by_side(shares: Sequence[Iterator[Part]]) -> Iterator[Part]:
    """Yield what the iterators `shares` yield, as it comes; each is drawn by a thread of its own.

    When one fails the others do their share, and then its error is raised. Whoever stops listening stops them
    all as soon as each has finished the part it is at.
    """
    parts: queue.SimpleQueue[Part | _Ended] = queue.SimpleQueue()
    stop = threading.Event()

    def work(share: Iterator[Part]) -> None:
        try:
            for part in share:
                parts.put(part)
                if stop.is_set():
                    return
        finally:
            connections.close_all()
            parts.put(_Ended.ENDED)

    with ThreadPoolExecutor(len(shares)) as pool:
        running = [pool.submit(work, share) for share in shares]
        try:
            working = len(shares)
            while working:
                part = parts.get()
                if isinstance(part, _Ended):
                    working -= 1
                else:
                    yield part
        finally:
            stop.set()
    for future in running:
        future.result()


class Threads:
    """Threads that are told again and again what to do, and keep their database connections; see `threads`."""

    def __init__(self, pools: Sequence[ThreadPoolExecutor]) -> None:
        self._pools = pools

    @property
    def count(self) -> int:
        return max(1, len(self._pools))

    def start(self, tasks: Sequence[Callable[[], Result]]) -> Callable[[], list[Result]]:
        """Let each do one of these, at most `count`; returns what waits for all of them and returns their results.

        When one fails the others do theirs, and then its error is raised.
        """
        if not self._pools:
            results = [task() for task in tasks]
            return lambda: results
        running = [pool.submit(task) for pool, task in zip(self._pools, tasks, strict=False)]

        def finish() -> list[Result]:
            wait(running)
            return [one.result() for one in running]

        return finish


@contextmanager
def threads(count: int) -> Iterator[Threads]:
    """Yields so many Threads; a single one is the caller's own thread, and done is what it starts.

    At the end of the block they finish what they are at, and close their connections.
    """
    pools = [ThreadPoolExecutor(1) for _ in range(count if count > 1 else 0)]
    try:
        yield Threads(pools)
    finally:
        for pool in pools:
            pool.submit(connections.close_all)
        for pool in pools:
            pool.shutdown()
