"""May what this thread is doing have been written, although it failed? Only the answer to COMMIT says so.

Where the connection breaks while COMMIT is under way, nobody knows: all may have been written, or nothing. And what
fails after a COMMIT has not undone it. In both cases "nothing was written" would be false.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

#: The server, or the way to it, went away: SQLSTATE of connections that break, and of servers that stop.
_GONE = ("08", "57P", "58")


class _Commits(threading.local):
    number = 0


_commits = _Commits()


def begin() -> None:
    """Nothing of what this thread begins now has been written."""
    _commits.number = 0


def count() -> int:
    """How many commits since `begin` have happened, or may have."""
    return _commits.number


def note() -> None:
    """Something may have been written for this thread, by whichever thread."""
    _commits.number += 1


@contextmanager
def apart() -> Iterator[None]:
    """What is committed inside is not what was asked for, such as a transaction that only reads."""
    before = _commits.number
    yield
    _commits.number = before


def watch(connection: BaseDatabaseWrapper, **kwargs: object) -> None:
    """Count the commits of a connection that was opened; Django has no signal of them."""
    if "_commit" in vars(connection):
        return
    commit = connection._commit  # type: ignore[attr-defined]

    def counted() -> None:
        note()
        try:
            commit()
        except Error as error:
            if is_refusal(error):
                _commits.number -= 1
            raise

    connection._commit = counted  # type: ignore[attr-defined]


def is_refusal(error: Error) -> bool:
    """Whether the database itself said no to a COMMIT, so that nothing of it is written."""
    cause: Any = error.__cause__
    state = getattr(cause, "sqlstate", None)
    if state:
        return not str(state).startswith(_GONE)
    # SQLite's own: anything but trouble with the disk in the middle of it.
    name = getattr(cause, "sqlite_errorname", "")
    return bool(name) and not name.startswith(("SQLITE_IOERR", "SQLITE_CORRUPT"))


def is_loss(error: Error) -> bool:
    """Whether the connection to PostgreSQL was lost, or none could be made: nobody answered, or to say good-bye."""
    cause: Any = error.__cause__
    state = getattr(cause, "sqlstate", "")
    return isinstance(cause, psycopg.Error) and (not state or state.startswith(_GONE))
