"""Who goes on when two requests do the same at once? The one that claims its name first."""

import fcntl
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from loyalty_site.lib.sql import Session


def claim(name: str) -> bool:
    """Whether `name` is ours alone until this transaction ends. It never waits.

    On SQLite it always is: transactions are IMMEDIATE, so the second one began only when the first had ended.
    """
    if connection.vendor != "postgresql":
        return True
    return _ask("pg_try_advisory_xact_lock", name)


def wait_for(name: str) -> None:
    """Wait until `name` is ours alone, which it is until this transaction ends. For short transactions only.

    On SQLite it always is, as `claim` says.
    """
    if connection.vendor == "postgresql":
        _ask("pg_advisory_xact_lock", name)


@contextmanager
def hold(name: str) -> Iterator[bool]:
    """Yields whether `name` is ours alone until the end of the block, over many transactions. It never waits.

    Whoever holds it, a killed process holds it no longer: the database (on SQLite the operating system) gives
    it back. Through a pooler the connection must stay the same one, as in PgBouncer's session mode.
    """
    if connection.vendor == "postgresql":
        is_ours = _ask("pg_try_advisory_lock", name)
        try:
            yield is_ours
        finally:
            if is_ours and connection.is_usable():
                _ask("pg_advisory_unlock", name)
        return
    # Two databases in one folder have programs of the same key, so the name of the database is part of it.
    place = hashlib.sha256(f"{connection.settings_dict['NAME']} {name}".encode()).hexdigest()[:16]
    with open(settings.VAR_DIR / f"{place}.lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _number(name: str) -> int:
    """The key of an advisory lock: PostgreSQL takes 64 signed bits."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


def _ask(function: str, name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [_number(name)])
        return bool(cursor.fetchone()[0])


@contextmanager
def without_waiting() -> Iterator[None]:
    """Inside the block SQLite refuses at once while somebody else writes. PostgreSQL has no one writer for whom all
    wait."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        patience_ms = int(cursor.fetchone()[0])
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {patience_ms}")


class LongWaits:
    """How many threads of this process may wait for locks of others as long as the database lets them.

    All others are short of patience: while somebody holds a member for long, those who want that member take some of
    the threads and not all of them. Without a limit, as in commands, everybody has the patience of the database.
    """

    #: Far more than a posting takes that waits for nobody.
    SHORT_MS = 300

    def __init__(self) -> None:
        self._places: threading.Semaphore | None = None

    def limit(self, places: int) -> None:
        self._places = threading.Semaphore(places)

    @contextmanager
    def place(self) -> Iterator[int | None]:
        """Yield for how many milliseconds one may wait inside the block; None: as long as the database lets one."""
        places = self._places
        if places is None:
            yield None
        elif places.acquire(blocking=False):
            try:
                yield None
            finally:
                places.release()
        else:
            yield self.SHORT_MS


long_waits = LongWaits()


def limit_waits(session: Session, milliseconds: int) -> None:
    """Let PostgreSQL end the transaction of `session` with an error when it waits longer than that for one lock."""
    if session.is_postgresql:
        session.run(f"SET LOCAL lock_timeout = {milliseconds}")
