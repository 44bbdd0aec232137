"""How does SQLite write rows of one table? One after the other, by a statement for one row."""

import json
from datetime import UTC, date, datetime
from functools import lru_cache

from loyalty_site.lib.arrays import Fragment, Value, json_text
from loyalty_site.lib.writing import Model, key_of, quoted


@lru_cache(maxsize=128)
def insert_one(model: Model, columns: str) -> str:
    """What inserts one row of `columns`, a space separated list of column names."""
    names = columns.split()
    return f'INSERT INTO "{model._meta.db_table}" ({quoted(names)}) VALUES ({", ".join(["?"] * len(names))})'


@lru_cache(maxsize=128)
def change_one(model: Model, add: str, put: str) -> str:
    """What changes one row: numbers to add to the columns `add`…, values of the columns `put`…, its primary key."""
    sets = [f'"{name}" = "{name}" + ?' for name in add.split()] + [f'"{name}" = ?' for name in put.split()]
    return f'UPDATE "{model._meta.db_table}" SET {", ".join(sets)} WHERE "{key_of(model)}" = ?'


def to_sqlite(value: Value) -> Value:
    """What Django would store for `value`."""
    kind = value.__class__
    if kind is int or kind is str or value is None:
        return value
    if isinstance(value, datetime):
        return str(value.astimezone(UTC).replace(tzinfo=None))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, default=str)
    return json_text(value) if isinstance(value, Fragment) else value
