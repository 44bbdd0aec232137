"""How do tests kill the database server, and not only connections to it? With a PostgreSQL of their own."""

import os
import shutil
import signal
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from unittest import mock

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection

from loyalty_site.lib.environment import Environment
from tests import matrix
from tests.support import migrated

#: What was acknowledged is flushed, as in production.
DURABLE = ("-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "full_page_writes=on", "-c", "max_connections=50")
#: So long a process that was killed may take to be gone, in seconds.
SOON_S = 60
#: Where files are kept in memory, and how many bytes have to be free there.
MEMORY, ROOM = "/dev/shm", 2**30


class KilledDatabase:
    """A durable server, killed and started again on the same folder; `kills` says how often."""

    def __init__(self, cluster):
        self.url, self.kills = cluster.url, 0
        self._cluster, self._postmaster, self._serving = cluster, None, ExitStack()

    def start(self):
        """Serve the folder, and wait until it answers."""
        self._postmaster, _ = self._serving.enter_context(self._cluster.served(DURABLE))

    def kill(self):
        """SIGKILL to the server and all of its processes: nobody is told, and nothing is written any more."""
        connection.close()
        # Stopped, it starts no other one while they are looked for.
        os.kill(self._postmaster.pid, signal.SIGSTOP)
        children = _children_of(self._postmaster.pid)
        for pid in (self._postmaster.pid, *children):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._postmaster.wait()
        # While one is there it has the memory that they share, and no server begins.
        deadline = time.monotonic() + SOON_S
        while any(_state(pid)[0] not in "ZX" for pid in children):
            assert time.monotonic() < deadline, "a process of the server outlives SIGKILL"
            time.sleep(0.01)
        self._serving.close()
        self._postmaster = None
        self.kills += 1

    def stop(self):
        """Let it end by itself, which is how it leaves no memory behind: neither its own nor that of one killed."""
        if self._postmaster is None:
            self.start()
        self._serving.close()


@contextmanager
def killed_database():
    """Yields a KilledDatabase that has our tables and nothing in them.

    Until the end of the block it is the database of Django's connection, and of the processes that a test starts.
    Skips the test where none can be started.
    """
    with matrix.folder() as place, matrix.folder(_base()) as memory:
        try:
            one = KilledDatabase(matrix.Cluster(place, memory / "postgresql"))
            one.start()
        except matrix.Unavailable as why:
            pytest.skip(str(why))
        try:
            with _meant(one.url):
                _fill()
                yield one
        finally:
            one.stop()


def _base():
    """Memory, where it has room: a server that was killed begins by flushing every file, which a busy disk takes many
    seconds for. What SIGKILL leaves behind is the same."""
    with suppress(OSError):
        if shutil.disk_usage(MEMORY).free > ROOM:
            return MEMORY
    return None


@contextmanager
def _meant(url):
    """Let Django's connection, in all threads, be one to the database at `url`."""
    with mock.patch.dict(os.environ, DATABASE_URL=url), mock.patch.dict(connection.settings_dict):
        connection.close()
        found = Environment().database("DATABASE_URL", "")
        options = connection.settings_dict["OPTIONS"] | found["OPTIONS"]
        connection.settings_dict.update(found, OPTIONS=options)
        ContentType.objects.clear_cache()
        try:
            yield
        finally:
            connection.close()
            ContentType.objects.clear_cache()


def _fill():
    """Let the database, an empty one, become what that of a test run begins as."""
    with connection.cursor() as cursor:
        # Hundreds of statements; the connections that follow flush at each commit.
        cursor.execute("SET synchronous_commit = off")
    way = migrated.OnPostgresql()
    with suppress(FileNotFoundError):
        way.begin_as((migrated.FOLDER / migrated.name(way.suffix)).read_bytes())
    call_command("migrate", verbosity=0, interactive=False)
    connection.close()


def _children_of(pid):
    """PostgreSQL's processes are no group of their own: each begins a session."""
    everybody = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    return [one for one in everybody if _state(one)[1] == pid]


def _state(pid):
    """(the letter of its state, its parent); of one that is gone as of one that is dead."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "X", 0
    # The name before it is in brackets, and may have some itself.
    state, parent, *_ = text.rpartition(")")[2].split()
    return state, int(parent)
