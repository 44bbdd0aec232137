"""Is one item fit to be looked at: are its texts, numbers and lists within what the ledger can hold?"""

import json
from datetime import datetime, timedelta

from loyalty_site.lib.money import LARGEST
from loyalty_site.lib.refusals import Refusal
from members.lookup import IDENTIFIERS
from partners.activity import Activity, Adjustment, Decision, EarlyRelease, Redemption, Reversal, Transfer

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
_MONEY = ("amount", "tax", "shipping", "gift_card", "points_value")

#: What senders call these attributes of the values.
_FIELDS = {"kind": "activity", "money": "currency"}


def check(item):
    """The first Refusal that `item` deserves whatever the state of the world, or None."""
    return next(_problems(item), None)


def _problems(item):
    if getattr(item, "external_id", None) == "":
        yield Refusal("external_id_missing", "Give the fact a name of its own.", field="external_id")
    yield from _texts(item, LONGEST)
    if item.activity_at is not None and not (isinstance(item.activity_at, datetime) and item.activity_at.tzinfo):
        yield Refusal("invalid_date", "Write the instant with its time zone.", field="activity_at")
    if hasattr(item, "member"):
        yield from _identifiers(item.member)
    yield from _attributes(getattr(item, "attributes", {}))
    yield from _BY_KIND[type(item)](item)


def _redemption(item):
    yield from _number(item.points, "points", least=1)
    yield from _number(item.reserve_s, "reserve_s", largest=int(LONGEST_RESERVATION.total_seconds()))
    if item.basket is not None:
        yield from _number(item.basket, "basket")
    if item.by != {}:
        yield from _identifiers(item.by, field="by")


def _reversal(item):
    if not item.order:
        yield from _named_journal(item)
    if item.amount is not None:
        yield from _number(item.amount, "amount")
    if item.points is not None:
        yield from _number(item.points, "points", least=1)
    if item.mode not in ("recompute", "proportional"):
        yield Refusal("invalid_mode", "The mode is recompute or proportional.", field="mode")
    if len(item.lines) > MOST_LINES:
        yield Refusal("too_many_lines", f"At most {MOST_LINES} lines are possible.", field="lines")
    for number, line in enumerate(item.lines):
        yield from _number(line.position, f"lines[{number}].position", largest=MOST_LINES)
        yield from _number(line.amount, f"lines[{number}].amount")
        yield from _number(line.quantity, f"lines[{number}].quantity", largest=LARGEST_QUANTITY)


def _adjustment(item):
    if item.points == 0:
        yield Refusal("invalid_number", "Credit or debit at least one point.", field="points")
    yield from _number(item.points, "points", least=-LARGEST)


def _transfer(item):
    if not item.to:
        yield Refusal("member_missing", "Say who is given the points.", field="to")
    yield from _identifiers(item.to, field="to")
    yield from _number(item.points, "points", least=1)


def _decision(item):
    if item.deed not in ("confirm", "release"):
        yield Refusal("invalid_deed", "A reservation is confirmed or released.", field="deed")
    yield from _named_journal(item)


def _named_journal(item):
    yield from _number(item.journal_id, "transaction", least=1, largest=LARGEST_KEY)


def _purchase(item):
    if not item.kind:
        yield Refusal("activity_missing", "Say what the member did, for example purchase.", field="activity")
    for name in _MONEY:
        yield from _number(getattr(item, name), name)
    parts = item.tax + item.shipping
    if parts > item.amount:
        detail = "Tax and shipping are parts of the amount and cannot exceed it."
        yield Refusal("invalid_amount", detail, field="amount")
    if len(item.lines) > MOST_LINES:
        yield Refusal("too_many_lines", f"At most {MOST_LINES} lines are possible.", field="lines")
    for position, line in enumerate(item.lines):
        prefix = f"lines[{position}]."
        yield from _texts(line, LONGEST_LINE, prefix)
        yield from _number(line.quantity, f"{prefix}quantity", largest=LARGEST_QUANTITY)
        for name in ("amount", "tax"):
            yield from _number(getattr(line, name), prefix + name)
        if line.tax > line.amount:
            yield Refusal("invalid_amount", "The tax is part of the line's amount.", field=f"{prefix}tax")


def _texts(thing, longest, prefix=""):
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


def is_text(value):
    """Whether both databases can hold `value`: neither takes half a surrogate pair, PostgreSQL takes no NUL."""
    if not isinstance(value, str) or "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)


def _identifiers(member, field="member"):
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
    elif len(text) > LARGEST_ATTRIBUTES:
        detail = f"Attributes may have {LARGEST_ATTRIBUTES:,} characters of JSON together."
        yield Refusal("invalid_attributes", detail, field="attributes")


def _number(value, field, *, least=0, largest=LARGEST):
    if type(value) is not int or not least <= value <= largest:
        detail = f"Send a whole number from {least} to {largest:,}."
        yield Refusal("invalid_number", detail, field=field)


_BY_KIND = {
    Activity: _purchase,
    Redemption: _redemption,
    Reversal: _reversal,
    Adjustment: _adjustment,
    EarlyRelease: _named_journal,
    Transfer: _transfer,
    Decision: _decision,
}
