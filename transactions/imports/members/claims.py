"""Has an earlier row of the file spoken of the same member? Asked before anything is written.

Whoever looks into the database would find some of them and not others, depending on where a batch ends.
"""

from collections.abc import Mapping, Sequence

from loyalty_site.lib.refusals import Refusal
from transactions.imports.members.row import Row
from transactions.imports.shelf import Shelf, short

TWICE = Refusal(
    "member_twice",
    "An earlier row names the same member. If the rows are lots of one balance, say rows: lot in the mapping, if "
    "they are cards, rows: card; else leave one of them out.",
)


class Claims:
    """The names of all rows so far, each with who has it; kept on disk."""

    def __init__(self, *, rows: str) -> None:
        """Where `rows` are lots, or cards, several may be about one member, if all of them have the same key."""
        self.rows = rows
        self._shelf = Shelf()

    def check(self, rows: Sequence[Row]) -> dict[int, Refusal]:
        """{line: Refusal} of the rows whose names belong to an earlier one."""
        owners = self._shelf.get(claim for row in rows for claim in _claims(row))
        refused: dict[int, Refusal] = {}
        for row in rows:
            own = short(row.key)
            taken = {owners[claim] for claim in _claims(row) if claim in owners}
            if taken - {own}:
                refused[row.line] = _twin(row, owners, own)
            elif taken and self._is_twice(row, owners):
                refused[row.line] = TWICE
            else:
                owners |= dict.fromkeys(_claims(row), own)
        self._shelf.put(owners)
        return refused

    def _is_twice(self, row: Row, owners: Mapping[str, int]) -> bool:
        """Whether an earlier row of the same member leaves no room for this one: for each card there is one."""
        return self.rows == "member" or (self.rows == "card" and f"card {row.names.get('card')}" in owners)

    def close(self) -> None:
        self._shelf.close()


def _claims(row: Row) -> list[str]:
    return [f"{kind} {text}" for kind, text in row.names.items()]


def _twin(row: Row, owners: dict[str, int], own: int) -> Refusal:
    kind = next(kind for kind, text in row.names.items() if owners.get(f"{kind} {text}", own) != own)
    detail = f"An earlier row of another member has this {kind}; correct one of them, or leave it out."
    return Refusal("already_member", detail, field=kind)
