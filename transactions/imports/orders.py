"""Which rows of a file are one purchase? Those of one order stand together, a row for each line of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from loyalty_site.lib.refusals import Refusal
from transactions.imports.amounts import is_negative
from transactions.imports.lines import Record
from transactions.imports.mapping import IDENTIFIERS, IDENTIFYING, LINE, Mapping
from transactions.imports.spreadsheets import altered

#: More rows of one order are not kept: the ledger takes no such order.
_MOST_ROWS = 1001
SEVERAL = Refusal(
    "order_of_several_rows",
    "Several rows seem to be one purchase, so each may be a part of it. Name the column of its id as order in the "
    "mapping, and the one with the worth of the row as line_amount or line_price.",
    field="external_id",
)
INCOMPLETE = Refusal(
    "order_incomplete",
    "A row beside those of this order cannot be read, and may be a part of it; correct that row.",
    field="order",
)


class Purchase(NamedTuple):
    """The texts of the rows of one purchase, or why there are none; `line` is that of the first of them."""

    line: int
    size: int
    rows: Sequence[list[str]] | Refusal


def purchases(records: Iterable[Record], mapping: Mapping) -> Iterator[Purchase]:
    """The records as purchases, by the column of the order where the mapping names it."""
    targets = [field.target for field in mapping.fields]
    amount = targets.index("amount") if "amount" in targets else None

    def is_refund(texts: list[str]) -> bool:
        return amount is not None and is_negative(texts[amount], mapping)

    if "order" in targets:
        return _put_together(records, targets.index("order"), amount, is_refund)
    if mapping.targets & {*LINE} and not {"external_id", "amount"}.isdisjoint(targets):
        return _told_apart(records, _Heads.of(targets), is_refund)
    return (Purchase(line, 1, texts if isinstance(texts, Refusal) else [texts]) for line, texts in records)


def _put_together(
    records: Iterable[Record], place: int, amount: int | None, is_refund: Callable[[list[str]], bool]
) -> Iterator[Purchase]:
    """The rows of each order; a refund of it is a purchase of its own here, as it is a row of its own there."""

    def goes_on(texts: list[str]) -> bool:
        is_part = amount is None or not texts[amount] or is_refund(texts) == is_refund(rows[0])
        return texts[place] in ("", rows[0][place]) and is_part

    rows: list[list[str]] = []
    first = count = 0
    is_beside = was_unreadable = False
    for line, texts in records:
        if not isinstance(texts, Refusal) and rows and goes_on(texts):
            count += 1
            rows += [texts] if len(rows) < _MOST_ROWS else []
            continue
        # Whose order nobody can read, a spreadsheet having spoiled it, may be that of the rows beside it.
        is_unreadable = isinstance(texts, Refusal) or any(altered({"external_id": texts[place]}, IDENTIFYING))
        if rows:
            yield Purchase(first, count, INCOMPLETE if is_beside or is_unreadable else rows)
        rows = []
        if isinstance(texts, Refusal):
            yield Purchase(line, 1, texts)
        else:
            rows, first, count, is_beside = [texts], line, 1, was_unreadable
        was_unreadable = is_unreadable
    if rows:
        yield Purchase(first, count, INCOMPLETE if is_beside else rows)


class _Heads(NamedTuple):
    """The columns by which rows are told apart: that of the id, that of the amount, and those of the whole purchase,
    the amount among them."""

    name: int | None
    amount: int | None
    others: list[int]

    @classmethod
    def of(cls, targets: list[str]) -> "_Heads":
        """Those of a file with these columns."""
        others = [place for place, target in enumerate(targets) if target in (*IDENTIFIERS, "amount")]
        name, amount = (targets.index(one) if one in targets else None for one in ("external_id", "amount"))
        return cls(name, amount, others)

    def are_one(self, first: list[str], texts: list[str]) -> bool:
        """Whether a row seems to go on with the purchase of the `first` one: it says the same id, or no amount."""
        if self.name is not None and texts[self.name]:
            return texts[self.name] == first[self.name]
        is_part = self.name is not None or (self.amount is not None and not texts[self.amount])
        return is_part and all(texts[place] == first[place] for place in self.others if texts[place])


def _told_apart(
    records: Iterable[Record], heads: _Heads, is_refund: Callable[[list[str]], bool]
) -> Iterator[Purchase]:
    """Each row a purchase of its own, but none of those that seem to be lines of one order."""
    group: list[tuple[int, list[str]]] = []
    for line, texts in records:
        if not isinstance(texts, Refusal) and group and len(group) < _MOST_ROWS:
            goes_on = heads.are_one(group[0][1], texts)
            if goes_on and not is_refund(texts) and not is_refund(group[0][1]):
                group.append((line, texts))
                continue
        yield from _alike(group)
        group = []
        if isinstance(texts, Refusal):
            yield Purchase(line, 1, texts)
        else:
            group = [(line, texts)]
    yield from _alike(group)


def _alike(group: Sequence[tuple[int, list[str]]]) -> Iterator[Purchase]:
    """Rows that are equal are one purchase that was sent twice; of others nobody knows."""
    is_one = all(texts == group[0][1] for _, texts in group)
    for line, texts in group:
        yield Purchase(line, 1, [texts] if is_one else SEVERAL)
