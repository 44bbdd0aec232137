"""How is a purchase paid with points by the same fact? Both are booked in one transaction, or neither.

The spending has a journal of its own beside the purchase's, under the same external id and naming it as its order: a
refund of the order gives its points back like those of any redemption on it (verbs/refunds.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from loyalty_site.lib import money
from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.refusals import Refusal, Refused
from partners import limits
from partners.activity import Activity, Redemption
from transactions.books.limits import identifiers
from transactions.books.posting import Posting
from transactions.models.journal_traces import PaidTrace
from transactions.verbs import groups, redemptions
from transactions.verbs.baskets import base_amount, in_own_money
from transactions.verbs.redemptions import Spending

#: Where the refusals of a redemption point to in a purchase that is paid with points.
_FIELDS = {"points": "redeem.points", "currency": "redeem.currency", "by": "redeem.group", "member": "redeem.group"}


#: The activity that points may pay for.
PURCHASE = "purchase"


class DoesNotFit(Refused):
    """What is said of the points does not fit the rest of the purchase."""

    code = "invalid_redemption"


class Payment(NamedTuple):
    """Points that pay for a purchase, and what they pay: `value` in minor units of its money, None where they have no
    money value."""

    spending: Spending
    value: int | None
    trace: PaidTrace


def problems(item: Activity) -> Iterator[Refusal]:
    """What is wrong with the points of a purchase, whatever the state of the world."""
    if item.redeem is None:
        return
    if item.kind != PURCHASE:
        detail = "Points pay for a purchase only: leave redeem out, or post a redemption."
        yield Refusal("invalid_redemption", detail, field="redeem")
    yield from limits.texts(item.redeem, "redeem.")
    yield from limits.numbers(item.redeem, prefix="redeem.")
    if item.redeem.group != {}:
        yield from identifiers(item.redeem.group, field="redeem.group")
    if item.replaces:
        detail = (
            "What was paid with points stays paid when an order is replaced. Leave redeem out; for more points, post "
            "a redemption that names the order."
        )
        yield Refusal("invalid_redemption", detail, field="redeem")


def plan(posting: Posting[Activity], rate: Decimal | None) -> Payment | None:
    """What is to be spent, within the limits of any redemption; None where no points pay. Nothing moves yet.

    `rate` is base money for one unit of the purchase's own. Raises Refused.
    """
    item, redeem = posting.item, posting.item.redeem
    if redeem is None:
        return None
    asked = Redemption(
        external_id=item.external_id,
        member=redeem.group or item.member,
        points=redeem.points,
        activity_at=item.activity_at,
        currency=redeem.currency,
        order=item.external_id,
        basket=base_amount(item, posting.configuration, rate),
        channel=item.channel,
        partner=item.partner,
        store=item.store,
        by=item.member if redeem.group else {},
    )
    spends = Posting(
        context=posting.context,
        item=asked,
        fingerprint=posting.fingerprint,
        owner=posting.second if redeem.group else posting.owner,
        second=posting.owner if redeem.group else None,
    )
    with _pointing_into_redeem():
        spending = redemptions.plan(spends)
    value = None
    if spending.value is not None:
        value = in_own_money(spending.value, item, posting.configuration, rate)
        _check_value(item, value, item.money or posting.configuration.money)
        _check_rest(item, value, item.money or posting.configuration.money)
    return Payment(spending, value, _trace(posting, spending, value))


def book(payment: Payment) -> JsonObject:
    """Spend the points; returns what is answered about it. Raises Refused before anything moves."""
    spending = payment.spending
    with _pointing_into_redeem():
        relation = groups.spend(spending.posting, spending.currency, spending.used)
        if groups.has_to_wait(spending.posting, relation):
            detail = (
                "An owner or approver of the group has to approve it: post a redemption that names the order first, "
                "then the purchase without redeem."
            )
            raise groups.NotAllowed(detail, field="by")
    answer = redemptions.book(spending, relation, {}).answer or {}
    return {name: answer[name] for name in ("points", "lots", "points_used", "money_value")}


def carried_over(posting: Posting[Activity]) -> PaidTrace | None:
    """What is still paid of an order that a new revision replaces, unless that says it itself. Raises DoesNotFit."""
    original, item = posting.original, posting.item
    paid = original.trace.get("paid_with") if item.replaces and original else None
    if original is None or paid is None or item.points_value:
        return None
    own = [one for one in original.redemptions if one.external_id == one.order_ref == original.first_order]
    spent, left = sum(points for one in own for _, points in one.uses), sum(one.left for one in own)
    if not left:
        return None
    iso = item.money or posting.configuration.money
    if paid["worth"] is None:
        return {"currency": paid["currency"], "points": left, "worth": None}
    if iso != original.money:
        detail = f"The order was paid with points in {original.money}: say their points_value in {iso}."
        raise DoesNotFit(detail, field="points_value")
    decimals = money.exponent(iso)
    value = int(Fraction(money.parse(paid["worth"], decimals) * left, spent))
    return {"currency": paid["currency"], "points": left, "worth": money.render(value, decimals)}


def _trace(posting: Posting[Activity], spending: Spending, value: int | None) -> PaidTrace:
    iso = posting.item.money or posting.configuration.money
    paid = None if value is None else money.render(value, money.exponent(iso))
    return {"currency": spending.currency.code, "points": spending.used, "worth": paid}


def _check_value(item: Activity, value: int, iso: str) -> None:
    """Who says what the points pay says what they are worth. Raises DoesNotFit."""
    if item.points_value not in (0, value):
        told = money.render(value, money.exponent(iso))
        raise DoesNotFit(f"The points pay {told} {iso}: say that, or leave points_value out.", field="points_value")


def _check_rest(item: Activity, value: int, iso: str) -> None:
    """Points pay no more than gift cards leave of the amount. Raises OutsideLimits."""
    left, decimals = item.paid - item.gift_card, money.exponent(iso)
    if value > left:
        detail = f"The points pay {money.render(value, decimals)} {iso}, and {money.render(left, decimals)} are left."
        raise redemptions.OutsideLimits(f"{detail} Redeem fewer of them.", field="redeem.points")


@contextmanager
def _pointing_into_redeem() -> Iterator[None]:
    """Refusals of a redemption, with the paths that their fields have in a purchase."""
    try:
        yield
    except Refused as refused:
        found = refused.refusal
        refused.refusal = replace(found, field=_FIELDS.get(found.field, found.field))
        raise
