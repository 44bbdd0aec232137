"""Which parts of its amount did a stored purchase name, and what else than money paid for it?"""

from collections.abc import Mapping

from loyalty_site.lib import money
from loyalty_site.lib.json_types import JsonObject
from transactions.models import Journal
from transactions.models.journal_traces import StoredTrace

#: The fields of an Activity that are told, all parts of its amount.
PARTS = ("tax", "shipping", "shipping_tax", "gift_card", "points_value")


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
