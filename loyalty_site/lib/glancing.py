"""How is a state of the database read, as it is at one moment, without making anybody wait and without writing?"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import count

from django.db import connection, transaction

from loyalty_site.lib import commits
from loyalty_site.lib.arrays import Row, Values
from loyalty_site.lib.sql import Session
from loyalty_site.lib.writing import Model, Writing, key_of, quoted

#: Keys of what is only thought of begin here: behind those of all that is stored, and in the same order.
_FIRST_KEY = 2**62


@contextmanager
def one_moment() -> Iterator[None]:
    """All that is read inside is of one moment. It takes no lock, and the database refuses to write.

    Inside a transaction of the caller it is what that transaction sees.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with commits.apart(), transaction.atomic():
            _say("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        with commits.apart(), _only_reading_on_sqlite(), transaction.atomic():
            yield


@contextmanager
def _only_reading_on_sqlite() -> Iterator[None]:
    """A transaction of this connection takes no write lock, and begins with the first thing that it reads."""
    # Django's stubs do not know the attribute, which its wrapper of SQLite reads at each BEGIN.
    usual = connection.transaction_mode  # type: ignore[attr-defined]
    _say("PRAGMA query_only = ON")
    connection.transaction_mode = "DEFERRED"  # type: ignore[attr-defined]
    try:
        yield
    finally:
        connection.transaction_mode = usual  # type: ignore[attr-defined]
        _say("PRAGMA query_only = OFF")


def _say(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


class Glance(Session):
    """A session that locks and writes nothing; whoever asks for keys of new rows gets some that no row will have."""

    locks = False

    def __init__(self) -> None:
        super().__init__()
        self._keys = count(_FIRST_KEY)

    def take_ids(self, *wanted: tuple[Model, int]) -> Callable[[], Sequence[list[int]]]:
        taken = [[next(self._keys) for _ in range(number)] for _, number in wanted]
        return lambda: taken

    def hold(self, model: Model, columns: str, rows: Sequence[Values], *, unique: str) -> list[Row]:
        """The rows as they are stored; those that are missing are as they would be inserted."""
        size = len(unique.split())
        named = [row[:size] for row in rows]
        if self.is_postgresql:
            found = self.run(*_looking_up(model, columns, unique).of(named)).fetchall()
        else:
            found = self.run(_looking_up_on_sqlite(model, columns, unique), [json.dumps(named)]).fetchall()
        known = {_as_text(row[1 : size + 1]) for row in found}
        return found + [(next(self._keys), *row) for row in rows if _as_text(row[:size]) not in known]

    def insert(self, model: Model, columns: str, rows: Sequence[Values], *, unless_there: bool = False) -> None:
        _refuse(rows)

    def insert_new(self, model: Model, columns: str, rows: Sequence[Values]) -> int:
        return _refuse(rows)

    def change(self, model: Model, *, add: str = "", put: str = "", rows: Sequence[Values] = ()) -> None:
        _refuse(rows)


def _refuse(rows: Sequence[Values]) -> int:
    """Raises RuntimeError where there is something to write."""
    if rows:
        raise RuntimeError("What is only looked at is never written.")
    return 0


def _as_text(values: Sequence[object]) -> tuple[str, ...]:
    """Values of one row in one notation: days come as dates, or as the text of a day."""
    return tuple(map(str, values))


@cache
def _looking_up(model: Model, columns: str, unique: str) -> Writing:
    names, table = columns.split(), model._meta.db_table
    told = ", ".join(f't."{name}"' for name in (key_of(model), *names))
    return Writing(
        model,
        unique.split(),
        lambda rows: f'SELECT {told} FROM {rows} JOIN "{table}" t USING ({quoted(unique.split())})',
    )


@cache
def _looking_up_on_sqlite(model: Model, columns: str, unique: str) -> str:
    told = ", ".join(f't."{name}"' for name in (key_of(model), *columns.split()))
    same = " AND ".join(
        f"t.\"{name}\" = json_extract(v.value, '$[{place}]')" for place, name in enumerate(unique.split())
    )
    return f'SELECT {told} FROM json_each(%s) v JOIN "{model._meta.db_table}" t ON {same}'
