"""How does PostgreSQL write many rows of one table by one statement?

Each column travels as one array. A column that has the same value in every row, as most of a batch have, travels as
that one value: the server unfolds no array for it. A column that once differed is an array from then on, so that a
process knows few statements of each table, and all of them are prepared. One row has no arrays.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

from django.db import connection, models

from loyalty_site.lib.arrays import Value, Values, array, json_text, text

Model: TypeAlias = type[models.Model]
#: Makes the statement, of the FROM item that has the rows.
Make: TypeAlias = Callable[[str], str]


class Writing:
    """One statement for rows of these columns of `model`; kept for the life of the process, for all its threads.

    `make` puts it together around the FROM item that has the rows, in which a column is "v"."<name>".
    """

    def __init__(self, model: Model, names: Sequence[str], make: Make) -> None:
        fields = {field.column: field for field in model._meta.concrete_fields}
        found = [fields[name] for name in names]
        self._names, self._make = names, make
        self._types = [
            each.rel_db_type(connection) if each.remote_field else each.db_type(connection) for each in found
        ]
        self._json = [n for n, kind in enumerate(self._types) if kind == "jsonb"]
        self._one = make(self._source(frozenset()))
        #: The columns that are arrays, and the statement with them; replaced as one, for threads share it.
        self._many: tuple[frozenset[int], str] = frozenset(), ""

    def of(self, rows: Sequence[Values]) -> tuple[str, list[str | None]]:
        """The statement for these rows, and its parameters."""
        if len(rows) == 1:
            values = list(rows[0])
            for n in self._json:
                values[n] = json_text(values[n])
            return self._one, list(map(text, values))
        columns, (arrays, sql) = list(zip(*rows, strict=True)), self._many
        differing = [n for n, column in enumerate(columns) if n not in arrays and not self._is_alike(n, column)]
        if differing or not arrays:
            arrays = arrays.union(differing or [0])
            sql = self._make(self._source(arrays))
            self._many = arrays, sql
        alike = [self._text(n, column[0]) for n, column in enumerate(columns) if n not in arrays]
        return sql, alike + [self._array(n, columns[n]) for n in sorted(arrays)]

    def _is_alike(self, place: int, column: Sequence[Value]) -> bool:
        """Python takes {"a": 1} and {"a": true} for equal, so JSON has to be empty."""
        first = {} if self._types[place] == "jsonb" else column[0]
        return column.count(first) == len(column)

    def _text(self, place: int, value: Value) -> str | None:
        return json_text(value) if self._types[place] == "jsonb" else text(value)

    def _array(self, place: int, column: Sequence[Value]) -> str:
        """JSON as one JSON array: quoting each of its values inside an array of texts costs more than all else."""
        return json_text(column) if self._types[place] == "jsonb" else array(column)

    def _source(self, arrays: frozenset[int]) -> str:
        """The rows: first the values that all of them have, then the columns that are `arrays`."""
        columns = list(zip(self._names, self._types, strict=True))
        alike = [column for n, column in enumerate(columns) if n not in arrays]
        unfolded = [columns[n] for n in sorted(arrays)]
        parts = []
        if alike:
            values = ", ".join(f"%s::{kind}" for _, kind in alike)
            parts.append(f"(VALUES ({values})) AS one({quoted([name for name, _ in alike])})")
        if unfolded:
            functions = ", ".join(
                "jsonb_array_elements(%s::jsonb)" if kind == "jsonb" else f"unnest(%s::{kind}[])"
                for _, kind in unfolded
            )
            parts.append(f"ROWS FROM ({functions}) AS each({quoted([name for name, _ in unfolded])})")
        return f"(SELECT {quoted(self._names)} FROM {', '.join(parts)}) AS v"


def key_of(model: Model) -> str:
    """The column of the primary key."""
    return str(model._meta.pk.column)


def quoted(names: Sequence[str]) -> str:
    """The names of columns as SQL lists them."""
    return ", ".join(f'"{name}"' for name in names)


@cache
def inserting(model: Model, columns: str) -> Writing:
    """What inserts rows of `columns`, a space separated list of column names."""
    names = columns.split()
    into = f'INSERT INTO "{model._meta.db_table}" ({quoted(names)}) SELECT {quoted(names)} FROM '
    return Writing(model, names, lambda rows: into + rows)


@cache
def changing(model: Model, add: str, put: str) -> Writing:
    """What changes rows of (primary key, numbers to add to the columns `add`…, values of the columns `put`…)."""
    key = key_of(model)
    sets = [f'"{name}" = t."{name}" + v."{name}"' for name in add.split()]
    sets += [f'"{name}" = v."{name}"' for name in put.split()]
    update = f'UPDATE "{model._meta.db_table}" AS t SET {", ".join(sets)} FROM '
    names = [key, *add.split(), *put.split()]
    return Writing(model, names, lambda rows: f'{update}{rows} WHERE t."{key}" = v."{key}"')
