"""Is one item fit to be looked at: are its texts, numbers and lists within what the ledger can hold?

What each field holds at most stands with the values (partners/activity.py); each verb checks its own item.
"""

import json
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Protocol, cast

from loyalty_site.lib import beyond, quantities
from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.texts import UNSTORABLE, wrong_json, wrong_text
from members.lookup import IDENTIFIERS
from partners import limits
from partners.activity import (
    ATTRIBUTES,
    IDENTIFIER,
    LABEL,
    LINE_ATTRIBUTES,
    Activity,
    Identifiers,
    Line,
    Refunded,
    Reversal,
)
from transactions.books.items import Item

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class _Common(Protocol):
    """The fields that several items have, but none has all of; `_names` tells which ones an item has."""

    @property
    def external_id(self) -> str: ...

    @property
    def member(self) -> Identifiers: ...

    @property
    def attributes(self) -> JsonObject: ...


def problems(item: Item) -> Iterator[Refusal]:
    """What is wrong with the fields that items have in common."""
    names = _names(type(item))
    values = cast(_Common, item)
    if "external_id" in names and values.external_id == "":
        yield Refusal("external_id_missing", "Give the fact a name of its own.", field="external_id")
    yield from limits.texts(item)
    at = item.activity_at
    if at is not None and not (isinstance(at, datetime) and at.tzinfo):
        yield Refusal("invalid_date", "Write the instant with its time zone.", field="activity_at")
    if "member" in names:
        yield from identifiers(values.member)
    if "attributes" in names:
        yield from _attributes(values.attributes, "attributes", ATTRIBUTES.characters)


@cache
def _names(kind: "type[DataclassInstance]") -> frozenset[str]:
    """The names of the fields of a class of items."""
    return frozenset(each.name for each in fields(kind))


def lines(item: Activity | Reversal) -> Iterator[Refusal]:
    """Whether there are too many lines."""
    most = limits.most(type(item), "lines")
    if len(item.lines) > most:
        yield Refusal("too_many_lines", f"At most {most} lines are possible.", field="lines")


def line(values: Line | Refunded, position: int) -> Iterator[Refusal]:
    """What is wrong with the texts and numbers of one line."""
    prefix = f"lines[{position}]."
    yield from limits.texts(values, prefix)
    quantity, is_possible = f"{prefix}quantity", True
    for wrong in limits.numbers(values, prefix=prefix):
        if wrong.field == quantity:
            is_possible = False
        else:
            yield wrong
    if isinstance(values, Line) and (values.labels or values.attributes):
        yield from _labels(values.labels, f"{prefix}labels")
        yield from _attributes(values.attributes, f"{prefix}attributes", LINE_ATTRIBUTES.characters)
    if not is_possible or (values.thousandths and values.in_thousandths > quantities.LARGEST * quantities.UNIT):
        yield Refusal("invalid_number", f"Send {quantities.possible()}", field=quantity)


def identifiers(member: Identifiers, field: str = "member") -> Iterator[Refusal]:
    """What is wrong with the names of a member."""
    if not isinstance(member, dict):
        yield Refusal("invalid_member", 'Name the member like {"number": "…"}.', field=field)
        return
    for name, value in member.items():
        if name not in IDENTIFIERS:
            detail = f"A member is named by one of {', '.join(IDENTIFIERS)}."
            yield Refusal("unknown_field", detail, field=f"{field}.{name}")
        # Whoever leaves a name empty is told elsewhere that it is missing.
        wrong = wrong_text(value)
        if wrong or len(value) > IDENTIFIER.characters:
            detail = wrong or f"Send text of at most {IDENTIFIER.characters} characters."
            yield Refusal("invalid_text", detail, field=f"{field}.{name}")


def _labels(labels: tuple[str, ...], field: str) -> Iterator[Refusal]:
    """What is wrong with the labels of a line."""
    most = limits.most(Line, "labels")
    if len(labels) > most:
        yield Refusal("too_many_items", beyond.items(len(labels), most), field)
    for place, label in enumerate(labels):
        if wrong := wrong_text(label):
            yield Refusal("invalid_text", wrong, f"{field}[{place}]")
        elif not 1 <= len(label) <= LABEL.characters:
            detail = f"A label has 1 to {LABEL.characters} characters; this one has {len(label):,}."
            yield Refusal("text_too_long" if label else "field_missing", detail, f"{field}[{place}]")


def _attributes(attributes: JsonObject, field: str, most: int) -> Iterator[Refusal]:
    """They are kept as JSON: what cannot be written as JSON would fail in the database, with the whole batch."""
    if attributes == {}:
        return
    try:
        text = json.dumps(attributes, ensure_ascii=False, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        text = "\0"
    wrong = UNSTORABLE if "\\u0000" in text or wrong_text(text) == UNSTORABLE else wrong_json(attributes)
    if not isinstance(attributes, dict) or wrong:
        detail = wrong or "Send an object of JSON values."
        yield Refusal("invalid_attributes", detail, field)
    elif len(text) > most:
        detail = f"Attributes may have {most:,} characters of JSON together."
        yield Refusal("invalid_attributes", detail, field)
