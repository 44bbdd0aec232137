"""When does the database refuse only for a time? Then nothing is wrong with what was asked: it is asked again later.

The only place that tells such errors from our own mistakes, for the API and for pages alike. PostgreSQL says it by
SQLSTATE, SQLite by its result codes; a connection that could not be made, or broke, has neither.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError

from loyalty_site.lib.refusals import Refused


@dataclass(frozen=True, slots=True)
class _Cause:
    """Why it refuses, and after how many seconds it is worth asking again."""

    words: str
    retry_after_s: int


_WAITED = _Cause("is busy with what others do", 2)
_READ_ONLY = _Cause("cannot be written to at the moment", 30)
_FULL = _Cause("has no room left at the moment", 60)
_CROWDED = _Cause("has too many connections", 5)
_AWAY = _Cause("cannot be reached at the moment", 10)

#: By beginnings of the SQLSTATE, the longer ones first.
_ON_POSTGRESQL = {
    "25006": _READ_ONLY,
    "25P03": _WAITED,  # idle in transaction for too long
    "25P04": _WAITED,  # transaction timeout
    "40001": _WAITED,  # serialisation
    "40P01": _WAITED,  # deadlock
    "53100": _FULL,
    "53200": _FULL,  # memory
    "53300": _CROWDED,
    "55006": _WAITED,  # object in use
    "55P03": _WAITED,  # lock timeout
    "57014": _WAITED,  # statement timeout, or cancelled by an administrator
    "58030": _FULL,  # input and output
    "08": _AWAY,
    "53": _CROWDED,
    "57P": _AWAY,  # shutdown, start, crash of another process
}
#: By the primary result code, which is the lowest byte.
_ON_SQLITE = {
    sqlite3.SQLITE_BUSY: _WAITED,
    sqlite3.SQLITE_LOCKED: _WAITED,
    sqlite3.SQLITE_PROTOCOL: _WAITED,
    sqlite3.SQLITE_INTERRUPT: _WAITED,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_NOMEM: _FULL,
    sqlite3.SQLITE_IOERR: _FULL,
    sqlite3.SQLITE_CANTOPEN: _AWAY,
}


class Busy(Refused):
    """The database refuses for a time; `headers` say when it is worth asking again."""

    code = "busy"

    def __init__(self, cause: _Cause) -> None:
        super().__init__(f"The database {cause.words}; nothing was written.")
        self.headers = {"Retry-After": str(cause.retry_after_s)}


def refused_for_a_time(error: BaseException) -> Busy | None:
    """The refusal that `error` is, however deep it was raised; None where it is a mistake of ours."""
    for one in _chain(error):
        cause = _cause(one)
        if cause:
            return Busy(cause)
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those behind it, each once."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _cause(error: BaseException) -> _Cause | None:
    if isinstance(error, psycopg.Error):
        state = error.sqlstate or ""
        known = next((cause for start, cause in _ON_POSTGRESQL.items() if state.startswith(start)), None)
        is_broken = not state and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return known or (_AWAY if is_broken else None)
    if isinstance(error, sqlite3.Error):
        return _ON_SQLITE.get(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF)
    if isinstance(error, DatabaseError | InterfaceError) and error.__cause__ is None:
        # Django's own, such as that of a connection which is closed.
        return _AWAY if isinstance(error, OperationalError | InterfaceError) else None
    return None
