"""Are the parts of an activity's amount, and what paid for it, no more than the amount?"""

from collections.abc import Iterator

from loyalty_site.lib.refusals import Refusal
from partners import paid
from partners.activity import Activity


def problems(item: Activity) -> Iterator[Refusal]:
    """What of an activity exceeds its amount: tax and shipping, or gift cards and the value of points."""
    yield from _tax_and_shipping(item)
    yield from _other_means(item)


def _tax_and_shipping(item: Activity) -> Iterator[Refusal]:
    """They may have the tax on shipping in common."""
    in_both = paid.shipping_tax(item)
    if in_both > min(item.tax, item.shipping):
        detail = "The tax on shipping is part of both tax and shipping and cannot exceed either."
        yield Refusal("invalid_amount", detail, field="shipping_tax")
    elif item.tax + item.shipping - in_both > item.paid:
        detail = "Tax and shipping are parts of the amount and cannot exceed it; say shipping_tax if they overlap."
        yield Refusal("invalid_amount", detail, field="amount")


def _other_means(item: Activity) -> Iterator[Refusal]:
    """Gift cards pay a part of the amount, and points one of the rest."""
    amount = item.paid
    if item.gift_card > amount:
        detail = "Gift cards pay for a part of the amount and cannot exceed it: say what was used of them here."
        yield Refusal("invalid_amount", detail, field="gift_card")
    elif item.gift_card + item.points_value > amount:
        detail = "Points pay for a part of what gift cards leave of the amount, and cannot exceed that."
        yield Refusal("invalid_amount", detail, field="points_value")
