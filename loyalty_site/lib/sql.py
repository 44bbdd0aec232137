"""How are many rows read and written with few statements, alike on PostgreSQL and SQLite?

The only module with SQL of its own dialects. Each function sends one statement whatever the number of
rows: arrays and unnest on PostgreSQL, json_each and executemany on SQLite. On PostgreSQL the statements
inside `Session.together()` travel in one round trip (psycopg's pipeline): round trips are what a posting
costs most.
"""

import json
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime
from functools import lru_cache

import psycopg
from django.db import connections
from django.db.utils import DEFAULT_DB_ALIAS, InterfaceError, OperationalError


class Session:
    """The statements of one unit of work on one database connection."""

    def __init__(self, using=DEFAULT_DB_ALIAS):
        self.connection = connections[using]
        self.is_postgresql = self.connection.vendor == "postgresql"
        self._taken = {}

    @contextmanager
    def together(self):
        """Send what is said inside without waiting in between; read results only after the block."""
        self.connection.ensure_connection()
        pipeline = self.connection.connection.pipeline() if self.is_postgresql else nullcontext()
        with self.connection.wrap_database_errors, pipeline:
            yield

    def run(self, sql, params=()):
        """One statement; returns its cursor. `{ids}` after a column stands for "is in the next parameter"."""
        if not self.is_postgresql:
            cursor = self.connection.cursor()
            params = [_to_sqlite(value) for value in params]
            cursor.execute(sql.replace("{ids}", "IN (SELECT value FROM json_each(%s))"), params)
            return cursor
        sql = sql.replace("{ids}", "= ANY(%s)")
        params = [_array(value) if value.__class__ is list else value for value in params]
        self.connection.ensure_connection()
        self.connection.validate_no_broken_transaction()
        # Django's own cursor binds on the client; this one binds on the server and prepares what repeats.
        cursor = psycopg.Cursor(self.connection.connection)
        with self.connection.wrap_database_errors:
            cursor.execute(sql, params)
        self._log(sql)
        return cursor

    def run_first(self, sql, params=()):
        """`run` for what a request reads first: over a new connection where the old one turns out to be gone.

        Django would ask the server before each request whether it is still there, which costs as much as this
        statement; so it is asked only when the statement has failed.
        """
        wrapper = self.connection
        if wrapper.connection is None or wrapper.in_atomic_block or not self.is_postgresql:
            return self.run(sql, params)
        wrapper.health_check_done = True
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

    def _log(self, sql):
        """Let `assertNumQueries` and the debug log see what does not go through Django's cursors."""
        if self.connection.queries_logged:
            self.connection.queries_log.append({"sql": sql, "time": "0"})

    def insert(self, model, columns, rows):
        """Insert `rows` (tuples in the order of `columns`, a space separated list of column names)."""
        if not rows:
            return
        if self.is_postgresql:
            self.run(_insert_arrays(model, columns, self.connection), _arrays(rows))
        else:
            names = columns.split()
            marks = ", ".join(["%s"] * len(names))
            sql = f'INSERT INTO "{model._meta.db_table}" ({_quoted(names)}) VALUES ({marks})'
            self._many(sql, rows)

    def change(self, model, *, add="", put="", rows=()):
        """Change `rows` of (id, values to add…, values to put…) by primary key, in one statement."""
        if not rows:
            return
        if self.is_postgresql:
            self.run(_change_arrays(model, add, put, self.connection), _arrays(rows))
        else:
            sets = [f'"{name}" = "{name}" + %s' for name in add.split()]
            sets += [f'"{name}" = %s' for name in put.split()]
            key = model._meta.pk.column
            sql = f'UPDATE "{model._meta.db_table}" SET {", ".join(sets)} WHERE "{key}" = %s'
            self._many(sql, [(*row[1:], row[0]) for row in rows])

    def hold(self, model, columns, rows, *, unique):
        """Lock the rows with these values of the `unique` columns, in the order of `rows`, one statement.

        Those that are missing are inserted; the last of `columns` stays as it is in the others. Returns
        tuples of the primary key and the columns, as stored.
        """
        names = columns.split()
        table, last = model._meta.db_table, names[-1]
        end = f'ON CONFLICT ({_quoted(unique.split())}) DO UPDATE SET "{last}" = "{table}"."{last}" '
        end += f"RETURNING {_quoted([model._meta.pk.column, *names])}"
        if self.is_postgresql:
            return self.run(f"{_insert_arrays(model, columns, self.connection)} {end}", _arrays(rows)).fetchall()
        values = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(names)))
        sql = f'INSERT INTO "{table}" ({_quoted(names)}) SELECT {values} FROM json_each(%s) WHERE true {end}'
        return self.run(sql, [json.dumps(rows)]).fetchall()

    def add_within(self, model, column, rows):
        """Add to `column` of rows of (id, number to add, largest result): only where it stays from 0 to that.

        One statement; the cursor's `rowcount`, after the pipeline, says how many rows were changed.
        """
        table, key = model._meta.db_table, model._meta.pk.column
        if self.is_postgresql:
            return self.run(
                f'UPDATE "{table}" AS t SET "{column}" = t."{column}" + v.n '
                "FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS v(id, n, most) "
                f'WHERE t."{key}" = v.id AND t."{column}" + v.n BETWEEN 0 AND v.most',
                _arrays(rows),
            )
        sql = f'UPDATE "{table}" SET "{column}" = "{column}" + %s '
        sql += f'WHERE "{key}" = %s AND "{column}" + %s BETWEEN 0 AND %s'
        return self._many(sql, [(n, row, n, most) for row, n, most in rows])

    def analyze(self):
        """Let PostgreSQL's planner count the rows anew; for whoever writes many in one transaction.

        The autovacuum may have looked while none of them was committed, and found empty tables: joins planned
        for these compare every row with every other.
        """
        if self.is_postgresql:
            self.run("ANALYZE")

    def _many(self, sql, rows):
        with self.connection.cursor() as cursor:
            cursor.executemany(sql, [[_to_sqlite(value) for value in row] for row in rows])
            return cursor

    def take_ids(self, *wanted):
        """For each (model, count) of `wanted` a list of that many new primary keys; a generator to read later.

        On SQLite the caller holds the write lock (transactions are IMMEDIATE), so nobody else takes them.
        """
        if self.is_postgresql:
            parts = [
                f"ARRAY(SELECT nextval('{model._meta.db_table}_id_seq') FROM generate_series(1, %s))"
                for model, _ in wanted
            ]
            cursor = self.run(f"SELECT {', '.join(parts)}", [count for _, count in wanted])
            return lambda: cursor.fetchone()
        return lambda: [self._next_ids(model, count) for model, count in wanted]

    def _next_ids(self, model, count):
        cursor = self.run("SELECT seq FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
        last = max((cursor.fetchone() or [0])[0], self._taken.get(model, 0))
        self._taken[model] = last + count
        return list(range(last + 1, last + 1 + count))


def _quoted(names):
    return ", ".join(f'"{name}"' for name in names)


def _arrays(rows):
    """Rows to columns, each as the text of a PostgreSQL array."""
    return [_array(column) for column in zip(*rows, strict=True)]


def _array(values):
    """The text of a PostgreSQL array; psycopg's own way through typed lists takes three times as long."""
    first = values[0] if values else None
    if all(value is first for value in values):
        # Most columns of a batch are at their default in every row.
        return "{" + ",".join([_element(first)] * len(values)) + "}"
    kinds = set(map(type, values))
    if kinds == {int}:
        return "{" + ",".join(map(str, values)) + "}"
    if kinds == {datetime}:
        return '{"' + '","'.join(map(str, values)) + '"}'
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value):
    if value is None:
        return "NULL"
    if value.__class__ is int:
        return str(value)
    text = json.dumps(value) if isinstance(value, (dict, list)) else str(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unnest(model, names, connection):
    """(array parameters, {column: its value in SQL}) with the types of the model's columns."""
    fields = {field.column: field for field in model._meta.concrete_fields}
    types = [fields[name].rel_db_type(connection) if fields[name].remote_field else fields[name].db_type(connection)
             for name in names]  # fmt: skip
    arrays = ", ".join(f"%s::{'text' if kind == 'jsonb' else kind}[]" for kind in types)
    casts = ["::jsonb" if kind == "jsonb" else "" for kind in types]
    return arrays, {name: f'v."{name}"{cast}' for name, cast in zip(names, casts, strict=True)}


@lru_cache(maxsize=128)
def _insert_arrays(model, columns, connection):
    names = columns.split()
    arrays, values = _unnest(model, names, connection)
    return (
        f'INSERT INTO "{model._meta.db_table}" ({_quoted(names)}) '
        f"SELECT {', '.join(values.values())} FROM unnest({arrays}) AS v({_quoted(names)})"
    )


@lru_cache(maxsize=128)
def _change_arrays(model, add, put, connection):
    key = model._meta.pk.column
    names = [key, *add.split(), *put.split()]
    arrays, values = _unnest(model, names, connection)
    sets = [f'"{name}" = t."{name}" + {values[name]}' for name in add.split()]
    sets += [f'"{name}" = {values[name]}' for name in put.split()]
    return (
        f'UPDATE "{model._meta.db_table}" AS t SET {", ".join(sets)} '
        f'FROM unnest({arrays}) AS v({_quoted(names)}) WHERE t."{key}" = v."{key}"'
    )


def _to_sqlite(value):
    """What Django would store for `value`."""
    if isinstance(value, datetime):
        return str(value.astimezone(UTC).replace(tzinfo=None))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, default=str)
    return value


def instant(value):
    """An instant as read by `run`: SQLite hands it out without its zone, which is UTC."""
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value
