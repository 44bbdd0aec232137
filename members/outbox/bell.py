"""How do workers learn that there is something to send? A thread of each process rings for them.

The rows are the queue. Whoever writes one only notes that somebody should look, which costs nothing and never fails:
the thread asks for the task `drain`, at most so often, and a broker that is down is left alone for a while. What is
rung for in vain is found by the timetable.
"""

import logging
import os
import threading
import time

from celery import current_app
from django.db import transaction

#: Seconds between two rings of one process.
PAUSE_S = 0.25
#: Seconds for which a broker that is down is left alone.
DOWN_S = 15.0
#: The task that is asked for: members/outbox/tasks.py.
TASK = "drain_outbox"
#: A request that nobody took for so long is thrown away unread.
EXPIRES_S = 60

logger = logging.getLogger(__name__)


def ring_on_commit() -> None:
    """Ask for a look at the outbox as soon as the transaction of the caller is committed, or now without one."""
    transaction.on_commit(ring, robust=True)


def ring() -> None:
    """Ask for a look at the outbox. Returns at once."""
    _bell.ring()


class _Bell:
    """The thread of this process, started when first needed, and again after a fork."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._lock = threading.Lock()
        self._process = 0

    def ring(self) -> None:
        if current_app.conf.task_always_eager:
            # Tests: whoever wants a drain calls it.
            return
        if self._process != os.getpid():
            self._start()
        self._wanted.set()

    def _start(self) -> None:
        with self._lock:
            if self._process != os.getpid():
                self._wanted = threading.Event()
                threading.Thread(target=self._run, args=(self._wanted,), name="outbox bell", daemon=True).start()
                self._process = os.getpid()

    def _run(self, wanted: threading.Event) -> None:
        while True:
            wanted.wait()
            wanted.clear()
            time.sleep(PAUSE_S if _ask() else DOWN_S)


def _ask() -> bool:
    """Whether the broker took it."""
    try:
        current_app.send_task(TASK, expires=EXPIRES_S)
    except Exception as why:
        logger.warning("the workers cannot be asked to look at the outbox: %s", why)
        return False
    return True


_bell = _Bell()
