"""Which parts of its amount did a stored purchase name, what else than money paid for it, and what of its lines?"""

from collections.abc import Mapping
from typing import NamedTuple

from loyalty_site.lib import money
from loyalty_site.lib.json_types import JsonObject
from transactions.models import Journal
from transactions.models.journal_traces import StoredTrace

#: The fields of an Activity that are told, all parts of its amount.
PARTS = ("tax", "shipping", "shipping_tax", "gift_card", "points_value")


class ToldOfLine(NamedTuple):
    """What a purchase was stored with of one of its lines beside its numbers."""

    labels: list[str]
    attributes: JsonObject


def told_of_line(payload: JsonObject, position: int) -> ToldOfLine:
    """What the payload of an accrual says of the line at this place; of an erased person's little is left."""
    lines = payload.get("lines")
    line = lines[position] if isinstance(lines, list) and position < len(lines) else {}
    labels, attributes = line.get("labels"), line.get("attributes")
    return ToldOfLine(labels if isinstance(labels, list) else [], attributes if isinstance(attributes, dict) else {})


def parts_told(kind: str, payload: JsonObject, trace: StoredTrace, iso: str) -> Mapping[str, int]:
    """{name of a part: minor units of the money `iso`} of what a journal of this kind was stored with.

    What was not said is not in it, nor is a 0, which is stored as nothing said (of `shipping_tax` it is said). What
    points paid by the same fact (`redeem`) counts as `points_value`.
    """
    if kind != Journal.Kind.ACCRUAL:
        return {}
    told = {name: units for name in PARTS if isinstance(units := payload.get(name), int)}
    paid = trace.get("paid_with")
    if paid and paid["worth"] is not None:
        told["points_value"] = money.parse(paid["worth"], money.exponent(iso))
    return told
