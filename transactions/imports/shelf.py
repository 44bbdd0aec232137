"""Where does an import keep what it must remember of each row? On disk, so that memory stays the same."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def short(text: str) -> int:
    """A whole number of 64 bits for a text."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), signed=True)


class Shelf:
    """Whole numbers by text. A private file of SQLite without a name: it is gone with the process, even killed."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE", "cache_size = -32000"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("CREATE TABLE shelf (key INTEGER PRIMARY KEY, value INTEGER NOT NULL)")

    def get(self, names: Iterable[str]) -> dict[str, int]:
        """{name: number} of those that are there."""
        keys = {short(name): name for name in names}
        rows = self._database.execute(
            "SELECT key, value FROM shelf WHERE key IN (SELECT value FROM json_each(?))", [json.dumps(list(keys))]
        )
        return {keys[key]: value for key, value in rows}

    def put(self, numbers: Mapping[str, int]) -> None:
        """Keep {name: number}, instead of what was there."""
        self._database.executemany(
            "INSERT OR REPLACE INTO shelf VALUES (?, ?)", [(short(name), value) for name, value in numbers.items()]
        )

    def close(self) -> None:
        self._database.close()


class Ordinals:
    """Which one is it among rows that are exactly alike, in the order of the file?"""

    def __init__(self) -> None:
        self._seen = Shelf()

    def number(self, names: Sequence[str]) -> list[int]:
        """The ordinal of each of `names`, from 1."""
        counts = self._seen.get(set(names))
        found = []
        for name in names:
            counts[name] = counts.get(name, 0) + 1
            found.append(counts[name])
        self._seen.put(counts)
        return found

    def close(self) -> None:
        self._seen.close()


def to_number(instant: datetime) -> int:
    """An instant as microseconds, to be kept on a shelf."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def to_instant(number: int) -> datetime:
    """The instant that `to_number` made a number of."""
    return _EPOCH + timedelta(microseconds=number)
