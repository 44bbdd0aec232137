"""How do rows travel to PostgreSQL? As the text of one array for each column."""

import json
from collections.abc import Sequence
from datetime import datetime
from itertools import repeat
from typing import Any, TypeAlias

#: A value as a statement takes it, and a row as it returns one; the database gives them no types.
Value: TypeAlias = Any
Row: TypeAlias = tuple[Any, ...]


def by_column(rows: Sequence[Row], texts: Sequence[bool]) -> list[str]:
    """Rows to columns; each as the text of a PostgreSQL array, or (not in `texts`) of a JSON array."""
    columns = zip(*rows, strict=True)
    return [array(column) if is_text else _json(column) for column, is_text in zip(columns, texts, strict=True)]


_json = json.JSONEncoder(separators=(",", ":")).encode


def array(values: Sequence[Value]) -> str:
    """The text of a PostgreSQL array; psycopg's own way through typed lists takes three times as long."""
    if not values:
        return "{}"
    first = values[0]
    if len(values) == 1 or all(value is first for value in values):
        # Most columns of a batch are at their default in every row.
        return "{" + ",".join(repeat(_element(first), len(values))) + "}"
    kinds = set(map(type, values))
    if kinds == {int}:
        return "{" + ",".join(map(str, values)) + "}"
    if kinds == {datetime}:
        return '{"' + '","'.join(map(str, values)) + '"}'
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: Value) -> str:
    if value is None:
        return "NULL"
    if value.__class__ is int:
        return str(value)
    text = str(value)
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
