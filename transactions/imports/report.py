"""Where does everything that was wrong with a file stand? In a table that a spreadsheet opens."""

import csv
from collections.abc import Iterable
from pathlib import Path

from loyalty_site.lib.csv_lines import harmless
from loyalty_site.lib.refusals import Refusal

COLUMNS = ("line", "field", "code", "problem")
#: What the mapping calls the fields that the ledger names otherwise.
_TARGETS = {"activity": "kind", "activity_at": "date", "currency": "money"}
_PREFIXES = ("member.", "lines[0].")


class Report:
    """A CSV file with one row for each problem, written as the import goes on. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        # With a byte order mark, or Excel takes UTF-8 for something else.
        self._file = open(path, "w", encoding="utf-8-sig", newline="")  # noqa: SIM115 (closed by close)
        self._table = csv.writer(self._file)
        self._table.writerow(COLUMNS)
        self._file.flush()

    def write(self, problems: Iterable[tuple[int, Refusal]]) -> None:
        """`problems` are (line, Refusal); written in the order of the lines."""
        for line, refusal in sorted(problems, key=lambda problem: problem[0]):
            self._table.writerow(
                [line, _target(refusal.field), refusal.code, harmless(refusal.detail.replace("\0", "?"))]
            )
            self.count += 1
        # A killed import leaves a report of all that it had done.
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def _target(field: str) -> str:
    """The name under which the mapping knows a field of a Refusal."""
    if field == "member.external_id":
        return "customer"
    for prefix in _PREFIXES:
        field = field.removeprefix(prefix)
    return _TARGETS.get(field, field)
