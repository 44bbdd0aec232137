"""Many threads at one moment, each with a database connection of its own."""

import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import connection


def at_once(*deeds):
    """Run the deeds in a thread each, all released together; their results in order, exceptions raised.

    Where the server has fewer connections than there are deeds, the last ones wait for the first.
    """
    start = threading.Barrier(len(deeds))
    room = threading.Semaphore(_connections())

    def run(deed):
        is_in = room.acquire(blocking=False)
        try:
            if is_in:
                # Connected before the start, so that the deeds and not the connections meet.
                connection.ensure_connection()
            start.wait(60)
            is_in = is_in or room.acquire(timeout=120)
            return deed()
        finally:
            connection.close()
            if is_in:
                room.release()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return [future.result(180) for future in [pool.submit(run, deed) for deed in deeds]]


def _connections():
    """How many of the server's connections may be taken; as many are left for whoever tests beside us."""
    if connection.vendor != "postgresql":
        return 64
    with connection.cursor() as cursor:
        cursor.execute("SHOW max_connections")
        return max(4, (int(cursor.fetchone()[0]) - 10) // 2)
