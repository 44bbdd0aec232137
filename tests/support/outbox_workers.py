"""How do tests let several workers empty one outbox, over the broker that goes with the database of the test?"""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import redis
from celery import Celery
from django.db import connection

from members.models import Delivery, Event
from members.outbox import bell
from tests.support import processes, shared_nights

#: So long a worker may take to start, in seconds.
SOON_S = 90


class Worker:
    """A process; `name` is what the database knows it by."""

    def __init__(self, name, *options, **variables):
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.outbox_process", *options],
            cwd=processes.ROOT, env=processes.environment() | variables | {"PGAPPNAME": name}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self.lines = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def is_ready(self):
        return "ready" in self.lines

    def wait_until_ready(self):
        deadline = time.monotonic() + SOON_S
        while not self.is_ready():
            assert self.process.poll() is None, self.lines[-20:]
            assert time.monotonic() < deadline, self.lines[-20:]
            time.sleep(0.02)

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Crew:
    """Workers of one broker, which whoever holds this rings for."""

    def __init__(self, place, url, *options, **variables):
        self.url, self.workers, self.kills = url, [], 0
        self._options, self._numbers = options, count(1)
        self._variables = {"VAR_DIR": str(place), "REDIS_URL": url, "OUTBOUND_ALLOWED": "127.0.0.0/8"} | variables
        self._broker = Celery(broker=url, set_as_current=False) if url else _of_files(Path(place))

    def start(self):
        self.workers.append(Worker(f"worker {next(self._numbers)}", *self._options, **self._variables))
        return self.workers[-1]

    def ring(self):
        self._broker.send_task(bell.TASK, queue="loyalty", expires=bell.EXPIRES_S)

    def empty_the_broker(self):
        redis.Redis.from_url(self.url).flushall()

    def kill_one(self):
        """SIGKILL to the worker that has run longest; another one begins."""
        self.workers.pop(0).kill()
        self.kills += 1
        self.start()

    def stop(self):
        for one in self.workers:
            one.kill()

    def told(self):
        return [line for one in self.workers for line in one.lines[-20:]]


def _of_files(place):
    broker = place / "broker"
    broker.mkdir(exist_ok=True)
    # Not the one that tasks mean: theirs calls them at once.
    app = Celery(broker="filesystem://localhost/", set_as_current=False)
    folders = {name: str(broker) for name in ("data_folder_in", "data_folder_out", "control_folder")}
    app.conf.update(broker_transport="loyalty_site.broker:Transport", broker_transport_options=folders)
    return app


@contextmanager
def crew(place, *options, **variables):
    """Yields a Crew: over a private Redis with PostgreSQL, over files in `place` with SQLite.

    `options` are those of its processes, see outbox_process.
    """
    with shared_nights.redis(place) as url:
        one = Crew(place, url, *options, **variables)
        try:
            yield one
        finally:
            one.stop()


def is_anything_left():
    return Event.objects.filter(spread_at=None).exists() or Delivery.objects.filter(next_at__isnull=False).exists()


def end_connections():
    """What a restart of PostgreSQL does to everybody else who is connected to this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]
