"""Is one item fit to be looked at: are its texts, numbers and lists within what the ledger can hold?"""

from datetime import datetime

from loyalty_site.lib.money import LARGEST
from loyalty_site.lib.refusals import Refusal
from members.lookup import IDENTIFIERS
from partners.activity import Activity, Redemption, Reversal

LONGEST = {"external_id": 128, "kind": 40, "channel": 20, "partner": 40, "store": 40, "code": 64, "reason": 200}
LONGEST_LINE = {"sku": 64, "category": 64}
LONGEST_IDENTIFIER = 254
MOST_LINES = 1000
LARGEST_QUANTITY = 10**6
LARGEST_ATTRIBUTES = 8000
_MONEY = ("amount", "tax", "shipping", "gift_card", "points_value")


def check(item):
    """The first Refusal that `item` deserves whatever the state of the world, or None."""
    return next(_problems(item), None)


def _problems(item):
    if not item.external_id:
        yield Refusal("external_id_missing", "Give the fact a name of its own.", field="external_id")
    yield from _texts(item, LONGEST)
    if item.activity_at is not None and not (isinstance(item.activity_at, datetime) and item.activity_at.tzinfo):
        yield Refusal("invalid_date", "Write the instant with its time zone.", field="activity_at")
    if not isinstance(item, Reversal):
        yield from _identifiers(item.member)
    if isinstance(item, Redemption):
        yield from _number(item.points, "points", least=1)
    if isinstance(item, Activity):
        yield from _purchase(item)


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
        if not isinstance(value, str) or "\0" in value:
            yield Refusal("invalid_text", "Send text without NUL characters.", field=prefix + name)
        elif len(value) > limit:
            yield Refusal("text_too_long", f"At most {limit} characters are possible.", field=prefix + name)


def _identifiers(member):
    unknown = sorted(set(member) - set(IDENTIFIERS))
    if unknown:
        detail = f"A member is named by one of {', '.join(IDENTIFIERS)}."
        yield Refusal("unknown_field", detail, field=f"member.{unknown[0]}")
    for name, value in member.items():
        if not isinstance(value, str) or "\0" in value or len(value) > LONGEST_IDENTIFIER:
            detail = f"Send text of at most {LONGEST_IDENTIFIER} characters without NUL."
            yield Refusal("invalid_text", detail, field=f"member.{name}")


def _number(value, field, *, least=0, largest=LARGEST):
    if type(value) is not int or not least <= value <= largest:
        detail = f"Send a whole number from {least} to {largest:,}."
        yield Refusal("invalid_number", detail, field=field)
