"""How are facts for the ledger written in the API: what may be sent, and which items does it make?

Amounts have the decimals of a money, so what holds some is made for a number of them; the schema shows the
usual two.
"""

from functools import lru_cache

from loyalty_site.lib import money
from loyalty_site.lib.schema_types import Fields, Instant, Items, Json, Money, Text, Truth, Whole
from partners.activity import Activity, Adjustment, Decision, Line, Redemption, Refunded, Reversal, Transfer
from transactions.books.limits import (
    LARGEST_QUANTITY,
    LONGEST,
    LONGEST_IDENTIFIER,
    LONGEST_LINE,
    LONGEST_RESERVATION,
    MOST_LINES,
)

_IDENTIFIER = Text(LONGEST_IDENTIFIER)
MEMBER = Fields(
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
_NAME = Text(LONGEST["external_id"], required=True, text="Your own name for the fact: told twice, it counts once.")
_WHEN = Instant(text="When it happened; now unless said.")
_WHY = Text(LONGEST["reason"])
_CURRENCY = Text(LONGEST["currency"], text="Code of the program's currency; the primary one unless said.")
_ATTRIBUTES = Json(text="Anything else worth keeping; numbers with a fraction are kept as text.")
_POINTS = Whole(1, required=True, text="In the currency's smallest unit.")
_FACT = {
    "external_id": _NAME,
    "member": MEMBER,
    "activity_at": _WHEN,
    "channel": Text(LONGEST["channel"], text="Like store, web or app."),
    "partner": Text(LONGEST["partner"], text="Code of the partner where it happened; yours unless said."),
    "store": Text(LONGEST["store"], text="Code of that partner's store."),
    "attributes": _ATTRIBUTES,
}


def _named(name, decimals):
    """The usual money gives the schema its components."""
    return name if decimals == 2 else ""


@lru_cache(maxsize=8)
def transaction(decimals):
    """What POST transactions/ takes."""
    line = {
        "sku": Text(LONGEST_LINE["sku"]),
        "category": Text(LONGEST_LINE["category"]),
        "quantity": Whole(0, LARGEST_QUANTITY),
        "amount": Money(decimals, text="What was paid for the line, tax included."),
        "tax": Money(decimals),
    }
    own = {
        "activity": Text(LONGEST["kind"], required=True, text="purchase, visit, or the name of an event."),
        "amount": Money(decimals, text="The grand total."),
        "currency": Text(LONGEST["money"], text="ISO 4217 code of the money; the program's."),
        "tax": Money(decimals, text="Part of the amount."),
        "shipping": Money(decimals, text="Part of the amount."),
        "gift_card": Money(decimals, text="Paid with gift cards."),
        "points_value": Money(decimals, text="Paid with points."),
        "code": Text(LONGEST["code"], text="A coupon or campaign code."),
        "order": Text(LONGEST["order"], text="external_id of the order that an event, like its delivery, is about."),
        "replaces": Text(
            LONGEST["replaces"],
            text="external_id of the revision of this order that this one replaces.",
        ),
        "hold": Text(LONGEST["hold"], text="Why somebody should look at it before it counts."),
        "lines": Items(Fields(_named("TransactionLine", decimals), line), most=MOST_LINES),
    }
    return Fields(_named("NewTransaction", decimals), _FACT | own)


@lru_cache(maxsize=8)
def redemption(decimals):
    """What POST redemptions/ takes."""
    own = {
        "points": _POINTS,
        "currency": _CURRENCY,
        "reserve_s": Whole(
            0,
            int(LONGEST_RESERVATION.total_seconds()),
            text="Set the points aside for so many seconds, to confirm or to release them; 0 spends them at once.",
        ),
        "order": Text(LONGEST["order"], text="external_id of the purchase that they pay for."),
        "basket": Money(decimals, text="What that purchase costs; the program limits the share that points may pay."),
        "by": Fields("", MEMBER.fields, text="Of a group's points, member is the group and by who spends them."),
        "reason": _WHY,
    }
    return Fields(_named("NewRedemption", decimals), _FACT | own)


@lru_cache(maxsize=8)
def _taken_back(decimals):
    """What is taken back; one for both ways to name of what."""
    line = {
        "position": Whole(0, MOST_LINES - 1, required=True, text="Place of the line in the order, from 0."),
        "amount": Money(decimals, required=True, text="What is paid back for the line, tax included."),
        "quantity": Whole(0, LARGEST_QUANTITY, text="How many pieces came back."),
    }
    modes = "“recompute”: by the rules of then for what the member keeps; “proportional”: as much as of the money."
    return {
        "amount": Money(decimals, text="Of a purchase: so much is paid back, beside the lines."),
        "lines": Items(
            Fields(_named("ReturnedLine", decimals), line),
            least=1,
            most=MOST_LINES,
            text="Of a purchase: what came back.",
        ),
        "mode": Text(12, choices=("recompute", "proportional"), text=modes),
        "keeps_redemption": Truth(text="The points that paid for it do not come back."),
        "activity_at": _WHEN,
        "reason": _WHY,
    }


@lru_cache(maxsize=8)
def reversal(decimals):
    """What POST transactions/ID/reversal/ takes."""
    own = {
        "external_id": Text(
            LONGEST["external_id"], text="“reversal-ID” of the transaction unless said; needed for a part."
        ),
        "points": Whole(1, text="Of a redemption: so many come back."),
    }
    return Fields(_named("NewReversal", decimals), own | _taken_back(decimals))


@lru_cache(maxsize=8)
def refund(decimals):
    """What POST reversals/ takes."""
    own = {
        "external_id": _NAME,
        "order": Text(LONGEST["order"], required=True, text="external_id of the purchase, sent before or later."),
        "currency": Text(
            LONGEST["money"], text="ISO 4217 code of the amounts: the order's; the program's while it is not here."
        ),
    }
    return Fields(_named("NewRefund", decimals), own | _taken_back(decimals))


TRANSACTION, REDEMPTION, REVERSAL, REFUND = (make(2) for make in (transaction, redemption, reversal, refund))
DECISION = Fields("NewDecision", {"activity_at": _WHEN, "reason": _WHY})
TRANSFER = Fields(
    "NewTransfer",
    {
        "external_id": _NAME,
        "member": MEMBER,
        "to": MEMBER,
        "points": _POINTS,
        "currency": _CURRENCY,
        "activity_at": _WHEN,
        "reason": _WHY,
    },
)
ADJUSTMENT = Fields(
    "NewAdjustment",
    {
        "external_id": _NAME,
        "member": MEMBER,
        "points": Whole(-money.LARGEST, required=True, text="In the currency's smallest unit; negative: taken."),
        "currency": _CURRENCY,
        "activity_at": _WHEN,
        "reason": Text(LONGEST["reason"], required=True, text="Members and auditors will ask."),
        "attributes": _ATTRIBUTES,
    },
)
_RENAMED = {"activity": "kind", "currency": "money"}
#: What says that only a part is taken back.
PARTS = ("amount", "lines", "points")


def as_activity(asked):
    """The Activity that a read NewTransaction is."""
    own = {_RENAMED.get(name, name): value for name, value in asked.items()}
    if "lines" in own:
        own["lines"] = tuple(Line(**line) for line in own["lines"])
    return Activity(**own)


def as_redemption(asked):
    return Redemption(**asked)


def as_reversal(asked, **named):
    """The Reversal that a read NewReversal or NewRefund is; `named` says of what, as what unless it is asked, and
    in which money."""
    own = named | {name: value for name, value in asked.items() if name != "currency"}
    if "lines" in own:
        own["lines"] = tuple(Refunded(**line) for line in own["lines"])
    return Reversal(**own)


def as_refund(asked, iso):
    """The Reversal that a read NewRefund is, whose amounts are in the money `iso`."""
    # All that is left of an order is in its money, whichever that will be.
    says_money = "currency" in asked or any(name in asked for name in PARTS)
    return as_reversal(asked, money=iso if says_money else "")


def as_decision(journal_id, action, asked):
    return Decision(journal_id, action, **asked)


def as_transfer(asked):
    return Transfer(**asked)


def as_adjustment(asked):
    return Adjustment(**asked)
