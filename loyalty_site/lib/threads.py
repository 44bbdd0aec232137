"""How do several threads do one job, each with a database connection of its own?

For work that the database does by itself: meanwhile the threads only wait.
"""

import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum, auto
from typing import TypeVar

from django.db import connections

Part = TypeVar("Part")


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
