"""How do several hands do one job? Each is a thread with a database connection of its own.

For work that the database does by itself: meanwhile the threads only wait.
"""

import queue
import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

_DONE = object()


def side_by_side(shares):
    """Yield what the iterators `shares` yield, as it comes; each is drawn by a hand of its own.

    When one fails the others do their share, and then its error is raised. Whoever stops listening stops them
    all behind what each is at.
    """
    told, stop = queue.SimpleQueue(), threading.Event()

    def work(share):
        try:
            for part in share:
                told.put(part)
                if stop.is_set():
                    return
        finally:
            connections.close_all()
            told.put(_DONE)

    with ThreadPoolExecutor(len(shares)) as pool:
        hands = [pool.submit(work, share) for share in shares]
        try:
            working = len(shares)
            while working:
                part = told.get()
                if part is _DONE:
                    working -= 1
                else:
                    yield part
        finally:
            stop.set()
    for hand in hands:
        hand.result()
