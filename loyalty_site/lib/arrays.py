"""How do values travel to PostgreSQL? As the text of one value, or of one array for the values of a column."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias, cast

import orjson

from loyalty_site.lib.json_types import Json

#: JSON that is text already, as UTF-8; for columns that hold JSON.
Fragment: TypeAlias = orjson.Fragment
#: A value as a statement takes it, and a row of such values as it is written.
Value: TypeAlias = Json | Decimal | date | datetime | Fragment
Values: TypeAlias = tuple[Value, ...]

#: A row as a statement returns it. Neither database says which types that are: what a column holds stands in the SQL,
#: which no type checker reads, and a union of all would have to be narrowed, value by value, while a posting waits.
#: So whoever takes a row gives its parts their types, at once; this is the one place that says `Any` for it.
Row: TypeAlias = tuple[Any, ...]

_any_json = json.JSONEncoder(separators=(",", ":")).encode


def json_text(value: Value | Sequence[Value]) -> str:
    """The JSON of a value: orjson is five times as quick, but has no numbers beyond 64 bits and no keys but texts."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return _any_json(value)


def texts(values: Iterable[Value]) -> list[str | None]:
    """The text of each value, None for null."""
    return [value if value is None or value.__class__ is str else str(value) for value in values]


def array(values: Sequence[Value]) -> str:
    """The text of a PostgreSQL array; psycopg's own way through typed lists takes three times as long."""
    kinds = set(map(type, values))
    if kinds == {int}:
        return "{" + ",".join(map(str, values)) + "}"
    if kinds == {datetime}:
        # Several rows of one fact have its instant.
        texts_of = {value: str(value) for value in set(values)}
        return '{"' + '","'.join([texts_of[value] for value in values]) + '"}'
    if kinds == {str}:
        joined = '","'.join(cast("Sequence[str]", values))
        # No other quotation marks than those between the values: nothing has to be escaped.
        if joined.count('"') == 2 * (len(values) - 1) and "\\" not in joined:
            return '{"' + joined + '"}'
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
