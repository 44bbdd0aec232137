"""How are rows of the ledger written in the API? Amounts as text with the decimals of their money."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, cast

from loyalty_site.lib import money, quantities
from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.schema_objects import Answered
from transactions.api.schemas.answers import LINE, LINE_MONEY
from transactions.books.parts_told import PARTS, parts_told, told_of_line
from transactions.proof.discreet import discreet

#: Columns of the database by name.
Row: TypeAlias = Mapping[str, Any]

#: Columns of a JournalLine.
LINE_COLUMNS = (*LINE, "thousandths", "position")
#: Columns of a Journal, as .values() names them, and what the API calls them.
JOURNAL_COLUMNS = {
    "id": "id",
    "kind": "kind",
    "activity": "activity",
    "external_id": "external_id",
    "member__number": "member",
    "status": "status",
    "error": "detail",
    "activity_at": "activity_at",
    "received_at": "received_at",
    "amount": "amount",
    "money": "currency",
    "connection__partner__code": "partner",
    "store__code": "store",
    "channel": "channel",
    "code": "code",
    "reason": "reason",
    "reverses_id": "reverses",
}
#: Who decided it, for the page of one journal.
DECIDER_COLUMNS = {
    "decided_at": "decided_at",
    "decided_by__username": "decided_by",
    "decided_by_member__number": "decided_by_member",
}
ENTRY_COLUMNS = {
    "id": "id",
    "journal_id": "transaction",
    "member__number": "member",
    "currency__code": "currency",
    "kind": "kind",
    "points": "points",
    "balance_after": "balance_after",
    "activity_at": "activity_at",
    "posted_at": "posted_at",
    "lot__expires_at": "expires_at",
    "lot__remaining": "remaining",
}


def summary(row: Row, iso: str) -> dict[str, Answered]:
    """One Journal, read with `.values(*JOURNAL_COLUMNS)`, as the API writes it.

    Where it is about no money, its amount has the decimals of `iso`, the money of its program.
    """
    named = {name: row[column] for column, name in JOURNAL_COLUMNS.items()}
    return named | {"amount": _amount(row, "amount", row["money"] or iso)}


def parts(row: Row, iso: str) -> dict[str, Answered]:
    """The parts of the amount that a Journal, read with its `kind`, `payload` and `trace`, was reported with, as
    amounts of the money `iso`; None where none was said."""
    told = parts_told(row["kind"], row["payload"], row["trace"], iso)
    decimals = money.exponent(iso)
    return {name: money.render(told[name], decimals) if name in told else None for name in PARTS}


def decider(row: Row, *, is_owner: bool) -> dict[str, Answered]:
    """Who decided a Journal, read with `.values(*DECIDER_COLUMNS)`; `is_owner`: names of staff are its own."""
    named = {name: row[column] for column, name in DECIDER_COLUMNS.items()}
    return named if is_owner else named | {"decided_by": None}


def entry(row: Row) -> dict[str, Answered]:
    """One Entry, read with `.values(*ENTRY_COLUMNS)`, as the API writes it."""
    return {name: row[column] for column, name in ENTRY_COLUMNS.items()}


def trace(row: Row, iso: str) -> dict[str, Answered]:
    """What a Journal remembers, with what came back of an order as amounts of the money `iso`.

    What it used up of counters stays inside: keys of our rows, in fractions of money where a cap counts money. So
    does who is left out of promotions.
    """
    told = cast(dict[str, Answered], dict(discreet(row["trace"])))
    if told.get("nearest", ()) is None:
        del told["nearest"]
    if caps := row["trace"].get("caps"):
        told = told | {"caps": {name: value for name, value in caps.items() if name != "counted"}}
    share = row["trace"].get("share")
    if not share:
        return told
    decimals = money.exponent(iso)
    lines = [
        {"position": line["position"], "amount": money.render(line["amount"], decimals), "quantity": _units(line)}
        for line in share["lines"]
    ]
    beside = {name: money.render(units, decimals) for name, units in share.items() if name != "lines"}
    return told | {"share": {"lines": lines} | beside}


def lines(found: Iterable[Row], payload: JsonObject, iso: str) -> list[dict[str, Answered]]:
    """JournalLines in their order, read with `.values(*LINE_COLUMNS)`, as the API writes them, with amounts in the
    money `iso`; and what the `payload` of their Journal says of them besides."""
    return [_line(row, iso) | told_of_line(payload, row["position"])._asdict() for row in found]


def _line(row: Row, iso: str) -> dict[str, Answered]:
    numbers = {name: _amount(row, name, iso) for name in LINE_MONEY} | {"quantity": _units(row)}
    return {name: row[name] for name in LINE} | numbers


def _units(row: Row) -> int | float:
    """The units of a line that was bought or came back: a whole number where they are one, else a decimal one."""
    whole: int = row["quantity"]
    part: int = row.get("thousandths", 0)
    return (whole * quantities.UNIT + part) / quantities.UNIT if part else whole


def _amount(row: Row, name: str, iso: str) -> str:
    """The amount in the column `name` as decimal text of the money `iso`."""
    units: int = row[name]
    return money.render(units, money.exponent(iso))
