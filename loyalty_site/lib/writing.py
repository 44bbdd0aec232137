"""How does PostgreSQL write many rows of one table by one statement?

Each column travels as one array. A column that has the same value in every row, as most of a batch have, travels as
that one value: the server unfolds no array for it. A column that once differed is an array from then on, so that a
process knows few statements of each table, and all of them are prepared. One row has no arrays.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

from django.db import connection, models

from loyalty_site.lib.arrays import Value, Values, array, json_text, texts
from loyalty_site.lib.json_text_field import JsonTextField

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
        self._lines = frozenset(n for n, each in enumerate(found) if isinstance(each, JsonTextField))
        self._json = self._lines.union(n for n, kind in enumerate(self._types) if kind == "jsonb")
        self._one = make(self._source([]))
        #: The columns that are arrays, the others, and the statement with them: replaced as one, threads share it.
        self._many: tuple[list[int], list[int], str] = [], list(range(len(self._names))), ""

    def of(self, rows: Sequence[Values]) -> tuple[str, list[str | None]]:
        """The statement for these rows, and its parameters."""
        if len(rows) == 1:
            values = list(rows[0])
            for n in self._json:
                values[n] = json_text(values[n])
            return self._one, texts(values)
        columns, (arrays, alike, sql) = list(zip(*rows, strict=True)), self._many
        differing = [n for n in alike if not self._is_alike(n, columns[n])]
        if differing or not arrays:
            arrays = sorted({*arrays, *(differing or [0])})
            alike = [n for n in alike if n not in arrays]
            sql = self._make(self._source(arrays))
            self._many = arrays, alike, sql
        ones = texts([json_text(columns[n][0]) if n in self._json else columns[n][0] for n in alike])
        return sql, ones + [self._text(n, columns[n]) for n in arrays]

    def _text(self, place: int, column: Sequence[Value]) -> str:
        """A column as it travels.

        JSON is one JSON array, or a line for each where it is stored as text: quoting each value inside an array of
        texts costs more than all else. A line break in JSON stands between its words, as good as a space.
        """
        if place in self._lines:
            return "\n".join([json_text(value).replace("\n", " ") for value in column])
        return json_text(column) if place in self._json else array(column)

    def _is_alike(self, place: int, column: Sequence[Value]) -> bool:
        """Python takes {"a": 1} and {"a": true} for equal, so JSON has to be empty, or one and the same value."""
        if place in self._json:
            return column.count({}) == len(column) or all(value is column[0] for value in column)
        return column.count(column[0]) == len(column)

    def _source(self, arrays: Sequence[int]) -> str:
        """The rows: first the values that all of them have, then the columns that are `arrays`."""
        columns = list(zip(self._names, self._types, strict=True))
        alike = [column for n, column in enumerate(columns) if n not in arrays]
        unfolded = [columns[n] for n in arrays]
        parts = []
        if alike:
            values = ", ".join(f"%s::{kind}" for _, kind in alike)
            parts.append(f"(VALUES ({values})) AS one({quoted([name for name, _ in alike])})")
        if unfolded:
            functions = ", ".join(map(self._unfolding, arrays))
            parts.append(f"ROWS FROM ({functions}) AS each({quoted([name for name, _ in unfolded])})")
        return f"(SELECT {quoted(self._names)} FROM {', '.join(parts)}) AS v"

    def _unfolding(self, place: int) -> str:
        """The function that makes rows of a column as `_text` writes it."""
        if place in self._lines:
            return "string_to_table(%s::text, E'\\n')"
        kind = self._types[place]
        return "jsonb_array_elements(%s::jsonb)" if kind == "jsonb" else f"unnest(%s::{kind}[])"


def key_of(model: Model) -> str:
    """The column of the primary key."""
    return str(model._meta.pk.column)


def quoted(names: Sequence[str]) -> str:
    """The names of columns as SQL lists them."""
    return ", ".join(f'"{name}"' for name in names)


@cache
def inserting(model: Model, columns: str, end: str = "") -> Writing:
    """What inserts rows of `columns`, a space separated list of column names; `end` is how the statement ends."""
    names = columns.split()
    into = f'INSERT INTO "{model._meta.db_table}" ({quoted(names)}) SELECT {quoted(names)} FROM '
    return Writing(model, names, lambda rows: into + rows + end)


@cache
def changing(model: Model, add: str, put: str) -> Writing:
    """What changes rows of (primary key, numbers to add to the columns `add`…, values of the columns `put`…)."""
    key = key_of(model)
    sets = [f'"{name}" = t."{name}" + v."{name}"' for name in add.split()]
    sets += [f'"{name}" = v."{name}"' for name in put.split()]
    update = f'UPDATE "{model._meta.db_table}" AS t SET {", ".join(sets)} FROM '
    names = [key, *add.split(), *put.split()]
    return Writing(model, names, lambda rows: f'{update}{rows} WHERE t."{key}" = v."{key}"')
