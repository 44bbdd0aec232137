"""How do several processes live and end as one? What `manage.py run` stands on."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import Self, TypeAlias

#: What `signal.signal` takes and gives back.
Handler: TypeAlias = Callable[[int, FrameType | None], object] | int | None

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Group:
    """Processes that end together: when one ends, when somebody stops us, or when we die."""

    def __init__(self, grace_s: float = 20) -> None:
        self.grace_s = grace_s
        self.told_to_stop = False
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._handlers: dict[signal.Signals, Handler] = {}

    def __enter__(self) -> Self:
        self._handlers = {number: signal.signal(number, self._stop) for number in STOPPING}
        return self

    def __exit__(self, *exc: object) -> None:
        self._end_all()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def start(self, name: str, command: Sequence[str], **environment: str) -> None:
        """Start one process in a session of its own: Ctrl-C reaches only us, and we stop them in order."""
        self.running[name] = subprocess.Popen(
            command,
            env=os.environ | environment,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )

    def wait(self, seconds: float | None = None, until: Callable[[], bool] | None = None) -> tuple[str, int] | None:
        """Sleep till something ends; return its (name, exit code), or None when somebody stops us,
        when `until` says so, or when the time is over."""
        began = time.monotonic()
        parent = os.getppid()
        while not self.told_to_stop:
            for name, process in self.running.items():
                if process.poll() is not None:
                    return name, process.returncode
            if until and until():
                return None
            if seconds is not None and time.monotonic() - began > seconds:
                return None
            if "MAKELEVEL" in os.environ and os.getppid() != parent:
                # make was killed; nobody is left who could stop us.
                self.told_to_stop = True
            time.sleep(0.1)
        return None

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.told_to_stop = True

    def _end_all(self) -> None:
        for process in self.running.values():
            process.terminate()
        deadline = time.monotonic() + self.grace_s
        for process in self.running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            # Whatever is left of it, including what a killed one could not take along.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _die_with_parent() -> None:
    """Runs in the new process: the kernel sends it SIGTERM if we are killed and can no longer stop it."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
