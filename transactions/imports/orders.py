"""Which rows of a file are one purchase? Those of one order stand together, a row for each line of it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from loyalty_site.lib.refusals import Refusal
from transactions.imports.lines import Record
from transactions.imports.mapping import LINE, Mapping

#: More rows of one order are not kept: the ledger takes no such order.
_MOST_ROWS = 1001
SEVERAL = Refusal(
    "order_of_several_rows",
    "Several rows have this external_id, so each may be a part of the purchase. Name its column as order in the "
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
    if "order" in targets:
        return _put_together(records, targets.index("order"))
    if "external_id" in targets and mapping.targets & {*LINE}:
        return _told_apart(records, targets.index("external_id"), targets)
    return (Purchase(line, 1, texts if isinstance(texts, Refusal) else [texts]) for line, texts in records)


def _put_together(records: Iterable[Record], place: int) -> Iterator[Purchase]:
    rows: list[list[str]] = []
    first = count = 0
    is_beside = was_unreadable = False
    for line, texts in records:
        if not isinstance(texts, Refusal) and rows and texts[place] in ("", rows[0][place]):
            count += 1
            rows += [texts] if len(rows) < _MOST_ROWS else []
            continue
        is_unreadable = isinstance(texts, Refusal)
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


def _told_apart(records: Iterable[Record], place: int, targets: Sequence[str]) -> Iterator[Purchase]:
    """Each row a purchase of its own, but none of those that seem to be lines of one order."""
    amount = targets.index("amount") if "amount" in targets else place
    group: list[tuple[int, list[str]]] = []
    for line, texts in records:
        if not isinstance(texts, Refusal) and group and len(group) < _MOST_ROWS:
            goes_on = texts[place] == group[0][1][place] or not (texts[place] or texts[amount])
            if goes_on:
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
