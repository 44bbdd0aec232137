"""Is one item fit to be looked at: are its texts, numbers and lists within what the ledger can hold?"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from loyalty_site.lib.money import LARGEST
from loyalty_site.lib.refusals import Refusal
from members.lookup import IDENTIFIERS
from transactions.books.items import Item

LONGEST = {
    "external_id": 128,
    "kind": 40,
    "money": 3,
    "currency": 40,
    "channel": 20,
    "partner": 40,
    "store": 40,
    "code": 64,
    "order": 128,
    "replaces": 128,
    "hold": 200,
    "reason": 200,
}
LONGEST_LINE = {"sku": 64, "category": 64}
LONGEST_IDENTIFIER = 254
MOST_LINES = 1000
LARGEST_QUANTITY = 10**6
LARGEST_ATTRIBUTES = 8000
LONGEST_RESERVATION = timedelta(days=7)
LARGEST_KEY = 2**63 - 1

#: What senders call these attributes of the values.
_FIELDS = {"kind": "activity", "money": "currency"}


def problems(item: Item) -> Iterator[Refusal]:
    """What is wrong with the fields that items have in common."""
    names = _names(type(item))
    values: Any = item
    if "external_id" in names and values.external_id == "":
        yield Refusal("external_id_missing", "Give the fact a name of its own.", field="external_id")
    yield from texts(item, LONGEST)
    at = item.activity_at
    if at is not None and not (isinstance(at, datetime) and at.tzinfo):
        yield Refusal("invalid_date", "Write the instant with its time zone.", field="activity_at")
    if "member" in names:
        yield from identifiers(values.member)
    if "attributes" in names:
        yield from _attributes(values.attributes)


@lru_cache(maxsize=32)
def _names(kind: type[Item]) -> frozenset[str]:
    return frozenset(each.name for each in fields(kind))


def texts(thing: Any, longest: Mapping[str, int], prefix: str = "") -> Iterator[Refusal]:
    """Texts that cannot be kept, or are longer than `longest` says, in those of these fields that `thing` has."""
    for name, limit in longest.items():
        value = getattr(thing, name, "")
        if value == "":
            continue
        if not is_text(value):
            detail = "Send Unicode text without NUL characters."
            yield Refusal("invalid_text", detail, field=prefix + _FIELDS.get(name, name))
        elif len(value) > limit:
            detail = f"At most {limit} characters are possible."
            yield Refusal("text_too_long", detail, field=prefix + _FIELDS.get(name, name))


def is_text(value: object) -> bool:
    """Whether both databases can hold `value`: neither takes half a surrogate pair, PostgreSQL takes no NUL."""
    if not isinstance(value, str) or "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)


def identifiers(member: object, field: str = "member") -> Iterator[Refusal]:
    """What is wrong with the names of a member."""
    if not isinstance(member, dict):
        yield Refusal("invalid_member", 'Name the member like {"number": "…"}.', field=field)
        return
    for name, value in member.items():
        if name not in IDENTIFIERS:
            detail = f"A member is named by one of {', '.join(IDENTIFIERS)}."
            yield Refusal("unknown_field", detail, field=f"{field}.{name}")
        if not is_text(value) or len(value) > LONGEST_IDENTIFIER:
            detail = f"Send text of at most {LONGEST_IDENTIFIER} characters without NUL."
            yield Refusal("invalid_text", detail, field=f"{field}.{name}")


def _attributes(attributes: object) -> Iterator[Refusal]:
    """They are kept as JSON: what cannot be written as JSON would fail in the database, with the whole batch."""
    if attributes == {}:
        return
    try:
        text = json.dumps(attributes, ensure_ascii=False, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        text = "\0"
    if not isinstance(attributes, dict) or not is_text(text) or "\\u0000" in text:
        detail = "Send an object of JSON values without NUL characters."
        yield Refusal("invalid_attributes", detail, field="attributes")
    elif len(text) > LARGEST_ATTRIBUTES:
        detail = f"Attributes may have {LARGEST_ATTRIBUTES:,} characters of JSON together."
        yield Refusal("invalid_attributes", detail, field="attributes")


def number(value: object, field: str, *, least: int = 0, largest: int = LARGEST) -> Iterator[Refusal]:
    """Whether `value` is a whole number in these limits."""
    if type(value) is not int or not least <= value <= largest:
        yield Refusal("invalid_number", f"Send a whole number from {least} to {largest:,}.", field=field)


def journal(journal_id: object) -> Iterator[Refusal]:
    """Whether `journal_id` can be the key of a journal."""
    yield from number(journal_id, "transaction", least=1, largest=LARGEST_KEY)
