"""How are facts for the ledger written in the API: what may be sent, and which items are they read as?

Amounts have the decimals of a money, so what holds some is made for a number of them; the schema shows the
usual two.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from loyalty_site.lib.schema_objects import Fields, FrozenItems
from loyalty_site.lib.schema_types import Day, Instant, Json, Money, NotZero, SchemaType, Text, Truth
from partners import limits
from partners.activity import (
    IDENTIFIER,
    Activity,
    Adjustment,
    Identifiers,
    PointsPaid,
    Redemption,
    Refunded,
    Reversal,
    Transfer,
)
from transactions.api.schemas.fields import named as _named
from transactions.api.schemas.fields import quantity as _quantity
from transactions.api.schemas.fields import returned as _returned
from transactions.api.schemas.fields import text as _text
from transactions.api.schemas.fields import whole as _whole
from transactions.api.schemas.lines import bought

_IDENTIFIER = Text(IDENTIFIER.characters)
MEMBER = Fields[Identifiers](
    "MemberReference",
    {
        "number": _IDENTIFIER,
        "card": _IDENTIFIER,
        "external_id": _IDENTIFIER,
        "email": _IDENTIFIER,
        "phone": _IDENTIFIER,
    },
    required=True,
    text="One identifier is enough; of several the surest that is known wins, in this order.",
)
NAME = _text(Activity, "external_id", required=True, text="Your own name for the fact: sent twice, it counts once.")
WHEN = Instant(text="When it happened; now unless said.")
_WHY = _text(Redemption, "reason")
_CURRENCY = _text(Redemption, "currency", text="Code of the program's currency; the primary one unless said.")
ATTRIBUTES = Json(text="Anything else worth keeping; numbers with a fraction are kept as text.")
_POINTS = _whole(Redemption, "points", required=True, text="In the currency's smallest unit.")
_FACT: dict[str, SchemaType[object]] = {
    "external_id": NAME,
    "member": MEMBER,
    "activity_at": WHEN,
    "channel": _text(Activity, "channel", text="Like store, web or app."),
    "partner": _text(Activity, "partner", text="Code of the partner where it happened; yours unless said."),
    "store": _text(Activity, "store", text="Code of that partner's store."),
    "attributes": ATTRIBUTES,
}


_REDEEM = Fields(
    "PointsPaid",
    {
        "points": _POINTS,
        "currency": _CURRENCY,
        "group": Fields("", MEMBER.fields, text="Whose points they are; the member's own unless said."),
    },
    PointsPaid,
    text="Points that pay for it and are spent by this same fact: both are booked, or neither.",
)


@lru_cache(maxsize=8)
def transaction(decimals: int) -> Fields[Activity]:
    """What POST transactions/ takes, with amounts of a money that has so many decimals."""
    own: dict[str, SchemaType[object]] = {
        "activity": _text(Activity, "kind", required=True, text="purchase, visit, or the name of an event."),
        "amount": Money(decimals, text="The grand total."),
        "currency": _text(Activity, "money", text="ISO 4217 code of the money; the program's."),
        "tax": Money(decimals, text="All tax; part of the amount."),
        "shipping": Money(decimals, text="Part of the amount, its tax included."),
        "shipping_tax": Money(
            decimals, text="The part of tax that is on shipping; unless said, what the lines leave, if it can be."
        ),
        "gift_card": Money(decimals, text="Paid with gift cards."),
        "points_value": Money(decimals, text="Paid with points, where redeem does not say it."),
        "redeem": _REDEEM,
        "code": _text(Activity, "code", text="A coupon or campaign code."),
        "order": _text(
            Activity, "order", text="external_id of the order that an event, like its delivery, is about."
        ),
        "replaces": _text(
            Activity, "replaces", text="external_id of the revision of this order that this one replaces."
        ),
        "hold": _text(Activity, "hold", text="Why somebody should look at it before it counts."),
        "lines": FrozenItems(bought(decimals), most=limits.most(Activity, "lines")),
    }
    names = {"activity": "kind", "currency": "money"}
    return Fields(_named("NewTransaction", decimals), _FACT | own, Activity, names=names)


@lru_cache(maxsize=8)
def redemption(decimals: int) -> Fields[Redemption]:
    """What POST redemptions/ takes, with the worth of the basket in a money that has so many decimals."""
    own: dict[str, SchemaType[object]] = {
        "points": _POINTS,
        "currency": _CURRENCY,
        "reserve_s": _whole(
            Redemption,
            "reserve_s",
            text="Set the points aside for so many seconds, to confirm or to release them; 0 spends them at once.",
        ),
        "order": _text(Redemption, "order", text="external_id of the purchase that they pay for."),
        "basket": Money(decimals, text="What that purchase costs; the program limits the share that points may pay."),
        "by": Fields("", MEMBER.fields, text="Of a group's points, member is the group and by who spends them."),
        "reason": _WHY,
    }
    return Fields(_named("NewRedemption", decimals), _FACT | own, Redemption)


@dataclass(frozen=True, slots=True)
class AskedReversal:
    """A refund as it is asked for: of what, and in which money, is said by the address or by the order.

    None is what was not said; amounts are in minor units of the money, points in the currency's smallest unit.
    """

    external_id: str | None = None
    order: str = ""
    currency: str | None = None
    amount: int | None = None
    lines: tuple[Refunded, ...] = ()
    shipping: int | None = None
    shipping_tax: int | None = None
    points: int | None = None
    mode: str = "recompute"
    keeps_redemption: bool = False
    activity_at: datetime | None = None
    reason: str = ""

    @property
    def is_partial(self) -> bool:
        """Whether only a part is taken back."""
        numbers = self.amount, self.shipping, self.shipping_tax, self.points
        return bool(self.lines) or any(number is not None for number in numbers)

    def of_journal(self, journal_id: int) -> Reversal:
        """The Reversal of the journal with this key; the whole of it needs no name of its own."""
        name = f"reversal-{journal_id}" if self.external_id is None else self.external_id
        return self._reversal(name, journal_id=journal_id)

    def of_order(self, iso: str) -> Reversal:
        """The Reversal of the order that is named, whose amounts are in the money `iso`."""
        # All that is left of an order is in its money, whichever that will be.
        says_money = self.currency is not None or self.is_partial
        return self._reversal(self.external_id or "", money=iso if says_money else "")

    def _reversal(self, external_id: str, *, journal_id: int = 0, money: str = "") -> Reversal:
        return Reversal(
            external_id=external_id,
            journal_id=journal_id,
            order=self.order,
            amount=self.amount,
            money=money,
            lines=self.lines,
            shipping=self.shipping,
            shipping_tax=self.shipping_tax,
            points=self.points,
            mode=self.mode,
            keeps_redemption=self.keeps_redemption,
            activity_at=self.activity_at,
            reason=self.reason,
        )


@lru_cache(maxsize=8)
def _part(decimals: int) -> dict[str, SchemaType[object]]:
    """What is taken back; the same for both ways to name of what."""
    line: dict[str, SchemaType[object]] = {
        "position": _whole(Refunded, "position", required=True, text="Place of the line in the order, from 0."),
        "amount": Money(
            decimals,
            required=True,
            text="What is paid back for the line, tax included; or the list price of its pieces: then it counts for "
            "what was paid for them.",
        ),
        "quantity": _quantity(Refunded, text="How many units came back; weighed ones with up to three decimals."),
    }
    modes = "“recompute”: by the rules of then for what the member keeps; “proportional”: as much as of the money."
    return {
        "amount": Money(decimals, text="Of a purchase: so much is paid back, beside lines and shipping."),
        "lines": FrozenItems(
            Fields(_named("ReturnedLine", decimals), line, _returned),
            least=1,
            most=limits.most(Reversal, "lines"),
            text="Of a purchase: what came back.",
        ),
        "shipping": Money(decimals, text="Of a purchase: so much of its shipping is paid back, tax included."),
        "shipping_tax": Money(decimals, text="The tax in that; unless said, its share of the tax on shipping."),
        "mode": Text(12, choices=("recompute", "proportional"), text=modes),
        "keeps_redemption": Truth(text="The points that paid for it do not come back."),
        "activity_at": WHEN,
        "reason": _WHY,
    }


@lru_cache(maxsize=8)
def reversal(decimals: int) -> Fields[AskedReversal]:
    """What POST transactions/ID/reversal/ takes, with amounts of a money that has so many decimals."""
    own: dict[str, SchemaType[object]] = {
        "external_id": _text(
            Reversal, "external_id", text="“reversal-ID” of the transaction unless said; needed for a part."
        ),
        "points": _whole(Reversal, "points", text="Of a redemption: so many come back."),
    }
    return Fields(_named("NewReversal", decimals), own | _part(decimals), AskedReversal)


#: The order that a refund names, as its sender does.
ORDER = _text(Reversal, "order", required=True, text="external_id of the purchase, sent before or later.")


@lru_cache(maxsize=8)
def refund(decimals: int) -> Fields[AskedReversal]:
    """What POST reversals/ takes, with amounts of a money that has so many decimals."""
    own: dict[str, SchemaType[object]] = {
        "external_id": NAME,
        "order": ORDER,
        "currency": _text(
            Reversal, "money", text="ISO 4217 code of the amounts: the order's; the program's while it is not here."
        ),
    }
    return Fields(_named("NewRefund", decimals), own | _part(decimals), AskedReversal)


TRANSACTION, REDEMPTION, REVERSAL, REFUND = transaction(2), redemption(2), reversal(2), refund(2)


@dataclass(frozen=True, slots=True)
class AskedDecision:
    """What is said of a reservation that is confirmed or released; the address says which one."""

    activity_at: datetime | None = None
    reason: str = ""


DECISION = Fields("NewDecision", {"activity_at": WHEN, "reason": _WHY}, AskedDecision)
TRANSFER = Fields(
    "NewTransfer",
    {
        "external_id": NAME,
        "member": MEMBER,
        "to": MEMBER,
        "points": _POINTS,
        "currency": _CURRENCY,
        "activity_at": WHEN,
        "reason": _WHY,
    },
    Transfer,
)
ADJUSTMENT = Fields(
    "NewAdjustment",
    {
        "external_id": NAME,
        "member": MEMBER,
        "points": NotZero(
            limits.within(Adjustment, "points").least,
            limits.within(Adjustment, "points").largest,
            required=True,
            text="In the currency's smallest unit; negative: taken.",
        ),
        "currency": _CURRENCY,
        "activity_at": WHEN,
        "usable_through": Day(text="Of a credit: its last usable day; the currency's rule decides unless said."),
        "available_from": Day(text="Of a credit: the first day on which it can be spent; at once unless said."),
        "partner": _text(Adjustment, "partner", text="Code of the partner on whose behalf it is; yours unless said."),
        "overdraw": Truth(text="Of a debit: take more than there is, where the currency allows arrears."),
        "reason": _text(Adjustment, "reason", required=True, text="Members and auditors will ask."),
        "attributes": ATTRIBUTES,
    },
    Adjustment,
)
