"""Is one item fit to be looked at: are its texts, numbers and lists within what the ledger can hold?"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import TypeAlias

from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.texts import is_text
from members.lookup import IDENTIFIERS
from partners import limits
from partners.activity import (
    ATTRIBUTES,
    IDENTIFIER,
    Activity,
    Adjustment,
    Decision,
    EarlyRelease,
    Redemption,
    Reversal,
    Transfer,
)

Item: TypeAlias = Activity | Redemption | Reversal | Adjustment | EarlyRelease | Transfer | Decision


def check(item: Item) -> Refusal | None:
    """The first Refusal that `item` deserves whatever the state of the world, or None."""
    return next(_problems(item), None)


def _problems(item: Item) -> Iterator[Refusal]:
    if getattr(item, "external_id", None) == "":
        yield Refusal("external_id_missing", "Give the fact a name of its own.", field="external_id")
    yield from limits.texts(item)
    if item.activity_at is not None and not (isinstance(item.activity_at, datetime) and item.activity_at.tzinfo):
        yield Refusal("invalid_date", "Write the instant with its time zone.", field="activity_at")
    if hasattr(item, "member"):
        yield from _identifiers(item.member)
    yield from _attributes(getattr(item, "attributes", {}))
    yield from _BY_KIND[type(item)](item)


def _redemption(item):
    yield from limits.numbers(item)
    if item.by != {}:
        yield from _identifiers(item.by, field="by")


def _reversal(item):
    if not item.order:
        yield from _named_journal(item)
    yield from limits.numbers(item, "amount", "points")
    if item.mode not in ("recompute", "proportional"):
        yield Refusal("invalid_mode", "The mode is recompute or proportional.", field="mode")
    yield from _lines(item)
    for number, line in enumerate(item.lines):
        yield from limits.numbers(line, prefix=f"lines[{number}].")


def _adjustment(item):
    if item.points == 0:
        yield Refusal("invalid_number", "Credit or debit at least one point.", field="points")
    yield from limits.numbers(item)


def _transfer(item):
    if not item.to:
        yield Refusal("member_missing", "Say who is given the points.", field="to")
    yield from _identifiers(item.to, field="to")
    yield from limits.numbers(item)


def _decision(item):
    if item.deed not in ("confirm", "release"):
        yield Refusal("invalid_deed", "A reservation is confirmed or released.", field="deed")
    yield from _named_journal(item)


def _named_journal(item):
    yield from limits.numbers(item, "journal_id")


def _purchase(item):
    if not item.kind:
        yield Refusal("activity_missing", "Say what the member did, for example purchase.", field="activity")
    yield from limits.numbers(item)
    parts = item.tax + item.shipping
    if parts > item.amount:
        detail = "Tax and shipping are parts of the amount and cannot exceed it."
        yield Refusal("invalid_amount", detail, field="amount")
    yield from _lines(item)
    for position, line in enumerate(item.lines):
        prefix = f"lines[{position}]."
        yield from limits.texts(line, prefix)
        yield from limits.numbers(line, prefix=prefix)
        if line.tax > line.amount:
            yield Refusal("invalid_amount", "The tax is part of the line's amount.", field=f"{prefix}tax")


def _lines(item: Activity | Reversal) -> Iterator[Refusal]:
    most = limits.most(type(item), "lines")
    if len(item.lines) > most:
        yield Refusal("too_many_lines", f"At most {most} lines are possible.", field="lines")


def _identifiers(member, field="member"):
    if not isinstance(member, dict):
        yield Refusal("invalid_member", 'Name the member like {"number": "…"}.', field=field)
        return
    for name, value in member.items():
        if name not in IDENTIFIERS:
            detail = f"A member is named by one of {', '.join(IDENTIFIERS)}."
            yield Refusal("unknown_field", detail, field=f"{field}.{name}")
        if not is_text(value) or len(value) > IDENTIFIER.characters:
            detail = f"Send text of at most {IDENTIFIER.characters} characters without NUL."
            yield Refusal("invalid_text", detail, field=f"{field}.{name}")


def _attributes(attributes):
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
    elif len(text) > ATTRIBUTES.characters:
        detail = f"Attributes may have {ATTRIBUTES.characters:,} characters of JSON together."
        yield Refusal("invalid_attributes", detail, field="attributes")


_BY_KIND = {
    Activity: _purchase,
    Redemption: _redemption,
    Reversal: _reversal,
    Adjustment: _adjustment,
    EarlyRelease: _named_journal,
    Transfer: _transfer,
    Decision: _decision,
}
