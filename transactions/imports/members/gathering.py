"""Which rows are brought in together? The lots of one member, wherever they stand as far as memory allows.

A member whose lots would come one by one could not be told from one who has brought others before.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from loyalty_site.lib.refusals import Refusal
from transactions.imports.members.row import Row
from transactions.imports.shelf import Shelf

#: So many rows are kept until the last lot of their member has been read.
MOST_HELD = 10_000
APART = Refusal(
    "lots_apart",
    "The lots of this member stand too far from each other, or are too many. Sort the file by member, so that the "
    "lots of each stand one behind the other.",
)
INCOMPLETE = Refusal(
    "lots_incomplete",
    "Another lot of this member was refused, and the lots of a member are brought in together; correct that one.",
)
#: Kept in place of the number of lots: they are refused.
_REFUSED = -1


@dataclass(slots=True)
class _Group:
    """The rows of a member so far; `seen` counts those that cannot be read, too, `is_whole` says there are none."""

    total: int
    rows: list[Row] = field(default_factory=list)
    seen: int = 0
    is_whole: bool = True


class Gatherer:
    """Keeps rows until all of their member have been read."""

    def __init__(self) -> None:
        self._totals = Shelf()
        self._groups: dict[str, _Group] = {}
        self._held = 0

    def count(self, keys: Iterable[str]) -> None:
        """Note the keys of some rows of the file. To be called for all of them before the first is added."""
        keys = list(keys)
        totals = self._totals.get(set(keys))
        for key in keys:
            totals[key] = totals.get(key, 0) + 1
        self._totals.put(totals)

    def add(self, key: str, row: Row | None) -> tuple[list[Row], list[tuple[int, Refusal]]]:
        """(rows that can be brought in now, what is wrong with others by line); `row` is None if it is refused."""
        group = self._groups.get(key)
        if group is None:
            total = self._totals.get([key]).get(key, 1)
            if total == _REFUSED:
                return [], [(row.line, APART)] if row else []
            group = self._groups[key] = _Group(total)
        group.seen += 1
        group.is_whole &= row is not None
        if row:
            group.rows.append(row)
            self._held += 1
        if group.seen >= group.total:
            del self._groups[key]
            self._held -= len(group.rows)
            return (group.rows, []) if group.is_whole else ([], [(one.line, INCOMPLETE) for one in group.rows])
        return [], self._let_go() if self._held > MOST_HELD else []

    def _let_go(self) -> list[tuple[int, Refusal]]:
        """Refuse all whose lots are not complete: more cannot be kept."""
        self._totals.put(dict.fromkeys(self._groups, _REFUSED))
        refused = [(row.line, APART) for group in self._groups.values() for row in group.rows]
        self._groups, self._held = {}, 0
        return refused

    def close(self) -> None:
        self._totals.close()
