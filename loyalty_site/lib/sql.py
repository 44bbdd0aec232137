"""How are many rows read and written with few statements, alike on PostgreSQL and SQLite?

With `writing.py` and `writing_one.py` the only module with SQL of its own dialects. Each function sends one statement
for any number of rows: arrays and unnest on PostgreSQL, json_each and executemany on SQLite. Inside
`Session.together()` those for PostgreSQL travel in one round trip (psycopg's pipeline): round trips are what costs a
posting most. What a statement returns has no types but the database's: whoever takes its rows gives them theirs.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any, Protocol, overload

import psycopg
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import DEFAULT_DB_ALIAS, InterfaceError, OperationalError
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format

from loyalty_site.lib.arrays import Row, Value, Values, array
from loyalty_site.lib.writing import Model, changing, inserting, key_of, quoted
from loyalty_site.lib.writing_one import change_one, insert_one, to_sqlite

_UNLESS_THERE = " ON CONFLICT DO NOTHING"


class Rows(Protocol):
    """The answer of one statement, to be read when the pipeline has ended."""

    @property
    def rowcount(self) -> int: ...

    def fetchall(self) -> list[Row]: ...

    def fetchone(self) -> Row | None: ...


_TIMESTAMPTZ = psycopg.adapters.types["timestamptz"].oid


class _Instant(Loader):
    """Instants by the one parser that is written in C; the server writes them in the zone of the session, UTC."""

    #: Django asks for it, and takes its own loader where its connection is in another zone.
    timezone = UTC

    def load(self, data: Buffer) -> datetime:
        return datetime.fromisoformat(bytes(data).decode())


class Session:
    """The statements of one unit of work on one database connection."""

    #: Whether rows are locked that are read to be changed.
    locks = True

    def __init__(self, using: str = DEFAULT_DB_ALIAS) -> None:
        self.connection: BaseDatabaseWrapper = connections[using]
        self.is_postgresql = self.connection.vendor == "postgresql"
        self._taken: dict[Model, int] = {}
        self._writer: psycopg.Cursor[Row] | None = None
        self._told: object = None  # the connection that reads instants by our loader
        #: For `assertNumQueries` and the debug log, which see only what goes through Django's cursors.
        self._is_logged = self.connection.queries_logged

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send what is said inside without waiting in between; read results only after the block."""
        self.connection.ensure_connection()
        pipeline = self.connection.connection.pipeline() if self.is_postgresql else nullcontext()
        with self.connection.wrap_database_errors, pipeline:
            yield

    def run(self, sql: str, params: Sequence[Value] = ()) -> Rows:
        """One statement; returns its cursor. `{ids}` after a column stands for "is in the next parameter"."""
        if not self.is_postgresql:
            return self._run_on_sqlite(sql.replace("{ids}", "IN (SELECT value FROM json_each(%s))"), params)
        cursor = self._cursor()
        values = [array(value) if value.__class__ is list else value for value in params]
        with self.connection.wrap_database_errors:
            cursor.execute(sql.replace("{ids}", "= ANY(%s)"), values)
        self._log(sql)
        return cursor

    def _opened(self) -> Any:
        """Psycopg's or sqlite3's own connection."""
        wrapper = self.connection
        # Asking Django first whether there is one costs as much as a small statement.
        if wrapper.connection is None:
            wrapper.ensure_connection()
        wrapper.validate_no_broken_transaction()
        return wrapper.connection

    def _cursor(self) -> psycopg.Cursor[Row]:
        """Django's own cursor binds on the client; this one binds on the server and prepares what repeats."""
        connection = self._opened()
        if connection is not self._told:
            if connection.adapters.get_loader(_TIMESTAMPTZ, Format.TEXT) is not _Instant:
                connection.adapters.register_loader("timestamptz", _Instant)
            self._told = connection
        return psycopg.Cursor(connection)

    def _write(self, sql: str, params: Sequence[str | None]) -> None:
        """One statement of whose answer nothing is read: all of them share a cursor, for making one costs much."""
        if self._writer is None or self._writer.connection is not self._opened():
            self._writer = self._cursor()
        with self.connection.wrap_database_errors:
            self._writer.execute(sql, params)
        self._log(sql)

    def _run_on_sqlite(self, sql: str, params: Sequence[Value]) -> Rows:
        """Through sqlite3 itself, which knows the marks `?` only; no statement of ours has a % of its own."""
        connection = self._opened()
        with self.connection.wrap_database_errors:
            cursor: Rows = connection.execute(sql.replace("%s", "?"), [to_sqlite(value) for value in params])
        self._log(sql)
        return cursor

    def run_prepared(self, sql: str, params: Mapping[str, Value]) -> Rows:
        """One statement with names for its parameters, on PostgreSQL only; returns its cursor.

        For a large one that repeats: the server plans it when it is first sent, and keeps that for this connection,
        whatever the parameters are.
        """
        cursor = self._cursor()
        values = {name: array(value) if value.__class__ is list else value for name, value in params.items()}
        with self.connection.wrap_database_errors:
            cursor.execute(sql, values, prepare=True)
        self._log(sql)
        return cursor

    def run_first(self, sql: str, params: Sequence[Value] = ()) -> Rows:
        """`run` for what a request reads first: over a new connection where the old one turns out to be gone.

        Django would ask the server before each request whether it is still there, which costs as much as this
        statement; so it is asked only when the statement has failed.
        """
        wrapper = self.connection
        if wrapper.connection is None or wrapper.in_atomic_block or not self.is_postgresql:
            return self.run(sql, params)
        # Django sets it; its stubs do not know it.
        wrapper.health_check_done = True  # type: ignore[attr-defined]
        try:
            return self.run(sql, params)
        except (OperationalError, InterfaceError):
            if wrapper.is_usable():
                raise
            wrapper.close()
            return self.run(sql, params)

    def collect(self, columns: str) -> str:
        """SQL of an aggregate: these columns of all rows, as the text of one JSON array of arrays, in any order.

        Where there are no rows it is null, or an array of none. Instants and days are their ISO texts.
        """
        if self.is_postgresql:
            return f"json_agg(json_build_array({columns}))::text"
        return f"json_group_array(json_array({columns}))"

    def listed(self, columns: str, rows: Sequence[Values]) -> tuple[str, str]:
        """(SQL of a table of `rows`, the parameter for its one mark) for a statement that asks for each of several
        things; `columns` are name:type, separated by spaces."""
        named = [column.partition(":") for column in columns.split()]
        text = json.dumps([[to_sqlite(value) for value in row] for row in rows])
        if self.is_postgresql:
            parts = ", ".join(f'(v->>{place})::{kind} AS "{name}"' for place, (name, _, kind) in enumerate(named))
            return f"(SELECT {parts} FROM json_array_elements(%s::json) v)", text
        parts = ", ".join(
            f"json_extract(value, '$[{place}]') AS \"{name}\"" for place, (name, *_) in enumerate(named)
        )
        return f"(SELECT {parts} FROM json_each(%s))", text

    def _log(self, sql: str) -> None:
        if self._is_logged:
            self.connection.queries_log.append({"sql": sql, "time": "0"})

    def insert(self, model: Model, columns: str, rows: Sequence[Values], *, unless_there: bool = False) -> None:
        """Insert `rows` (tuples in the order of `columns`, a space separated list of column names); those that would
        break a unique constraint are left out with `unless_there`."""
        if not rows:
            return
        end = _UNLESS_THERE if unless_there else ""
        if self.is_postgresql:
            self._write(*inserting(model, columns, end).of(rows))
        else:
            self._many(insert_one(model, columns) + end, rows)

    def insert_new(self, model: Model, columns: str, rows: Sequence[Values]) -> int:
        """`insert` but for what would break a unique constraint; returns how many are new. Not inside `together`."""
        if self.is_postgresql:
            return self.run(*inserting(model, columns, _UNLESS_THERE).of(rows)).rowcount
        return self._many(insert_one(model, columns) + _UNLESS_THERE, rows).rowcount

    def change(self, model: Model, *, add: str = "", put: str = "", rows: Sequence[Values] = ()) -> None:
        """Change `rows` of (id, values to add…, values to put…) by primary key, in one statement."""
        if not rows:
            return
        if self.is_postgresql:
            self._write(*changing(model, add, put).of(rows))
        else:
            self._many(change_one(model, add, put), [(*row[1:], row[0]) for row in rows])

    def hold(self, model: Model, columns: str, rows: Sequence[Values], *, unique: str) -> list[Row]:
        """Lock the rows with these values of the `unique` columns, in the order of `rows`, one statement.

        Those that are missing are inserted; the last of `columns` stays as it is in the others. Returns
        tuples of the primary key and the columns, as stored.
        """
        names = columns.split()
        table, last = model._meta.db_table, names[-1]
        end = f'ON CONFLICT ({quoted(unique.split())}) DO UPDATE SET "{last}" = "{table}"."{last}" '
        end += f"RETURNING {quoted([key_of(model), *names])}"
        if self.is_postgresql:
            sql, params = inserting(model, columns).of(rows)
            return self.run(f"{sql} {end}", params).fetchall()
        values = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(names)))
        sql = f'INSERT INTO "{table}" ({quoted(names)}) SELECT {values} FROM json_each(%s) WHERE true {end}'
        return self.run(sql, [json.dumps(rows)]).fetchall()

    def add_within(self, model: Model, column: str, rows: Sequence[Values]) -> Rows:
        """Add to `column` of rows of (id, number to add, largest result): only where it stays from 0 to that.

        One statement; the cursor's `rowcount`, after the pipeline, says how many rows were changed.
        """
        table, key = model._meta.db_table, key_of(model)
        if self.is_postgresql:
            return self.run(
                f'UPDATE "{table}" AS t SET "{column}" = t."{column}" + v.n '
                "FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS v(id, n, most) "
                f'WHERE t."{key}" = v.id AND t."{column}" + v.n BETWEEN 0 AND v.most',
                [list(column) for column in zip(*rows, strict=True)],
            )
        sql = f'UPDATE "{table}" SET "{column}" = "{column}" + ? WHERE "{key}" = ? AND "{column}" + ? BETWEEN 0 AND ?'
        return self._many(sql, [(n, row, n, most) for row, n, most in rows])

    def analyze(self) -> None:
        """Let PostgreSQL's planner count the rows anew; for whoever writes many in one transaction.

        The autovacuum may have looked while none of them was committed, and found empty tables: joins planned
        for these compare every row with every other.
        """
        if self.is_postgresql:
            self.run("ANALYZE")

    def analyze_grown(self, model: Model, written: int) -> bool:
        """`analyze` where `written` new rows have doubled what the planner counted last; says whether it did.

        Prepared statements are planned for the sizes of then. The autovacuum comes after a minute at the soonest, and
        until then statements that are planned for empty tables read them whole.
        """
        if not self.is_postgresql:
            return False
        found = self.run("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [model._meta.db_table])
        is_grown = bool(written >= found.fetchall()[0][0])
        if is_grown:
            self.analyze()
        return is_grown

    def _many(self, sql: str, rows: Sequence[Values]) -> Rows:
        connection = self._opened()
        with self.connection.wrap_database_errors:
            cursor: Rows = connection.executemany(sql, [[to_sqlite(value) for value in row] for row in rows])
        self._log(sql)
        return cursor

    def take_ids(self, *wanted: tuple[Model, int]) -> Callable[[], Sequence[list[int]]]:
        """For each (model, count) of `wanted` a list of that many new primary keys; a function to call later.

        On SQLite the caller holds the write lock (transactions are IMMEDIATE), so nobody else takes them.
        """
        if not self.is_postgresql:
            return lambda: [self._next_ids(model, count) for model, count in wanted]
        parts = [
            f"ARRAY(SELECT nextval('{model._meta.db_table}_id_seq') FROM generate_series(1, %s))"
            for model, _ in wanted
        ]
        cursor = self.run(f"SELECT {', '.join(parts)}", [count for _, count in wanted])
        return lambda: cursor.fetchall()[0]

    def _next_ids(self, model: Model, count: int) -> list[int]:
        cursor = self.run("SELECT seq FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
        last = max((cursor.fetchone() or [0])[0], self._taken.get(model, 0))
        self._taken[model] = last + count
        return list(range(last + 1, last + 1 + count))


@overload
def instant(value: datetime) -> datetime: ...


@overload
def instant(value: datetime | None) -> datetime | None: ...


def instant(value: datetime | None) -> datetime | None:
    """An instant as read by `run`: SQLite hands it out without its zone, which is UTC."""
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value
