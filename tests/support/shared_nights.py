"""How do tests let several processes share a night, over the broker that goes with the database of the test?"""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from django.db import connection

from tests import matrix
from tests.support import processes

#: So long anything here may take before a test fails, in seconds.
SOON = 60


class Taking:
    """A process that takes part in a night; `lines` are what it has said so far (see night_process)."""

    def __init__(self, role, steps, *options, **variables):
        command = [sys.executable, "-m", "tests.support.night_process", role, steps, *options]
        self.process = subprocess.Popen(
            command, cwd=processes.ROOT, env=processes.environment() | variables, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self.lines = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def said(self, words):
        """How often it has said something that begins with `words`."""
        return sum(line.startswith(words) for line in self.lines)

    def until(self, words, times=1):
        """Wait until it has said it so often."""
        deadline = time.monotonic() + SOON
        while self.said(words) < times:
            assert self._reader.is_alive(), f"it ended: {self.told()}"
            assert time.monotonic() < deadline, f"it never said “{words}” {times} times: {self.told()}"
            time.sleep(0.01)

    def kill(self):
        """SIGKILL, for its children too."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self):
        """Wait for its end; returns its exit code."""
        code = self.process.wait(SOON)
        self._reader.join(SOON)
        return code

    def told(self):
        return "\n".join(self.lines[-40:])


class SharedNight:
    """Starts the processes of one night; `steps` is the module that has them (see night_process).

    Who `is_held` begins no batch before `let_go`, however fast it is.
    """

    def __init__(self, place, steps, **variables):
        self.steps, self.variables, self.started = steps, variables, []
        self._gate = place / "gate"
        self._gate.touch()

    def start(self, role, *options, pause_s=0, is_held=False, **variables):
        variables = self.variables | {"NIGHT_PAUSE_S": str(pause_s)} | variables
        if is_held:
            variables["NIGHT_GATE"] = str(self._gate)
        self.started.append(Taking(role, self.steps, *options, **variables))
        return self.started[-1]

    def let_go(self):
        self._gate.unlink()

    def worker(self, **options):
        """A worker that is ready."""
        one = self.start("worker", **options)
        one.until("ready")
        return one

    def night(self, program, now, *, pause_s=0, is_held=False, **variables):
        """The process that runs the night of `program` as if it were `now`."""
        options = ["--program", program.code, "--now", now.isoformat(), "--force"]
        return self.start("night", *options, pause_s=pause_s, is_held=is_held, **variables)

    def stop(self):
        for one in self.started:
            if one.process.poll() is None:
                one.kill()


@contextmanager
def shared_night(place, steps="tests.support.shared_settling"):
    """Yields a SharedNight: over a private Redis with PostgreSQL, over files in `place` with SQLite.

    Nobody else's worker hears it, nor the other way about. Skips the test where no Redis can be started.
    """
    with redis(place) as url:
        night = SharedNight(Path(place), steps, VAR_DIR=str(place), REDIS_URL=url)
        try:
            yield night
        finally:
            night.stop()


@contextmanager
def redis(place):
    """The address of a Redis of our own, empty with SQLite."""
    if connection.vendor != "postgresql":
        yield ""
        return
    with mock.patch.dict(os.environ):
        # The one of the whole run serves other tests at this moment.
        os.environ.pop("TEST_REDIS_URL", None)
        try:
            started = matrix.redis(place)
            url, _ = started.__enter__()
        except matrix.Unavailable as why:
            pytest.skip(str(why))
    try:
        yield url
    finally:
        started.__exit__(None, None, None)
