"""What happened out there, as a value? Every way in makes these, the ledger takes them.

`external_id` is the sender's own name for the fact and makes it unique within its connection;
`activity_at` None means the moment at which it reaches us; `member` holds identifiers, e.g.
{"number": "42"} or {"email": "a@b.c"}, which members/lookup.py tries in its order. What a field can hold
at most stands at it, and is checked and described from there: see limits.py.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Annotated, TypeAlias

from loyalty_site.lib import quantities
from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.money import LARGEST
from partners.limits import LARGEST_KEY, Longest, Most, Within

#: What each identifier of a member, all attributes together, those of one line, and one label may have.
IDENTIFIER, ATTRIBUTES, LINE_ATTRIBUTES, LABEL = Longest(254), Longest(8000), Longest(1000), Longest(64)
#: A member, named by one identifier or several: {"number": "42"}.
Identifiers: TypeAlias = dict[str, Annotated[str, IDENTIFIER]]

#: Marks a field that values of before did not have: at its default it says nothing, so that a fact which was stored
#: without it and is sent again counts as the same (transactions/books/idempotency.py).
ADDED = {"is_added": True}


def compared_as(name: str) -> dict[str, str]:
    """Marks a field in whose place the attribute `name` says whether a fact that is sent again is the same."""
    return {"compared_as": name}


_MOST_LINES, _MOST_LABELS = 1000, 20
_Name: TypeAlias = Annotated[str, Longest(128)]
_Code: TypeAlias = Annotated[str, Longest(40)]
_Money: TypeAlias = Annotated[str, Longest(3)]
_Channel: TypeAlias = Annotated[str, Longest(20)]
_Reason: TypeAlias = Annotated[str, Longest(200)]
_Amount: TypeAlias = Annotated[int, Within()]
_Points: TypeAlias = Annotated[int, Within(1)]
_Quantity: TypeAlias = Annotated[int, Within(0, quantities.LARGEST)]
_Thousandths: TypeAlias = Annotated[int, Within(0, quantities.UNIT - 1)]
_Journal: TypeAlias = Annotated[int, Within(1, LARGEST_KEY)]
_Attributes: TypeAlias = Annotated[JsonObject, ATTRIBUTES]


class _Measured:
    """Something of which there are `quantity` whole units and `thousandths` of a further one."""

    __slots__ = ()
    quantity: int
    thousandths: int

    @property
    def in_thousandths(self) -> int:
        """The whole quantity in thousandths of a unit."""
        return self.quantity * quantities.UNIT + self.thousandths

    @property
    def units(self) -> int | Fraction:
        """The whole quantity, exact."""
        return quantities.exact(self.in_thousandths) if self.thousandths else self.quantity


@dataclass(frozen=True, slots=True)
class Line(_Measured):
    """One line of a purchase, in minor units: `amount` has the tax in it, and `discount` is what of a discount of
    the order belongs to this line. What a discount takes off and no line says is spread over all (partners/paid.py).

    It is about `quantity` whole units, and `thousandths` of a further one where it was weighed. `labels` (like sale)
    and `attributes` are what the sender says of it besides, for rules to ask.
    """

    sku: Annotated[str, Longest(64)] = ""
    category: Annotated[str, Longest(64)] = ""
    quantity: _Quantity = 1
    amount: _Amount = 0
    tax: _Amount = 0
    thousandths: _Thousandths = field(default=0, metadata=ADDED)
    discount: _Amount = field(default=0, metadata=ADDED)
    labels: Annotated[tuple[str, ...], Most(_MOST_LABELS)] = field(default=(), metadata=ADDED)
    attributes: Annotated[JsonObject, LINE_ATTRIBUTES] = field(default_factory=dict, metadata=ADDED)

    @property
    def price(self) -> int:
        """What the line says was paid for it."""
        return self.amount - self.discount


@dataclass(frozen=True, slots=True)
class PointsPaid:
    """Points (smallest unit) of `currency` ("" for the primary one) that pay for a purchase, by the same fact.

    They are the member's own, or those of the `group` whose points the member may spend.
    """

    points: _Points
    currency: _Code = ""
    group: Identifiers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why the night reports a birthday or an anniversary: the day `on` itself, after so many `years` of membership
    (0 for a birthday), and the codes of the `rules` that are asked, separated by commas. No sender can say it."""

    on: date
    years: int
    rules: str


@dataclass(frozen=True, slots=True)
class Activity:
    """One thing that a member did: a purchase, a visit, an event.

    Money is in minor units of `money` (ISO 4217): `amount` is the grand total, of which `tax` and
    `shipping` are parts, and of which `gift_card` and `points_value` were paid by other means; None where none was
    said, which is another thing than 0 for a purchase. `tax` is all tax, `shipping` has its own in it, and
    `shipping_tax` is what is in both; partners/paid.py knows what None means.
    `order` is the external id of the purchase that an event belongs to (it may set its points free),
    `replaces` the one of the revision that this purchase takes the place of, and `hold` a reason to let
    somebody look at it before it counts. `redeem` are points that pay for it and are spent by this same fact; what
    they pay is worked out, and said as `points_value` only where points have no money value.
    """

    kind: _Code
    external_id: _Name
    member: Identifiers
    activity_at: datetime | None = None
    amount: Annotated[int | None, Within()] = field(default=None, metadata=compared_as("paid"))
    money: _Money = ""
    tax: _Amount = 0
    shipping: _Amount = 0
    shipping_tax: Annotated[int | None, Within()] = field(default=None, metadata=ADDED)
    gift_card: _Amount = 0
    points_value: _Amount = 0
    lines: Annotated[tuple[Line, ...], Most(_MOST_LINES)] = ()
    channel: _Channel = ""
    partner: _Code = ""
    store: _Code = ""
    code: Annotated[str, Longest(64)] = ""
    order: _Name = ""
    replaces: _Name = ""
    hold: _Reason = ""
    attributes: _Attributes = field(default_factory=dict)
    redeem: PointsPaid | None = field(default=None, metadata=ADDED)
    occasion: Occasion | None = field(default=None, metadata=ADDED)

    @property
    def paid(self) -> int:
        """What was paid in all, in minor units; nothing where nothing was said."""
        return self.amount or 0


@dataclass(frozen=True, slots=True)
class Redemption:
    """A wish to spend `points` (smallest unit) of `currency` ("" for the primary one).

    `reserve_s` sets them aside for so many seconds until a Decision confirms or releases them; 0 spends
    them at once. `order` is the purchase that they pay for and `basket` its worth in minor units. Of a group's
    points `member` is the group, and `by` the member who spends them.
    """

    external_id: _Name
    member: Identifiers
    points: _Points
    activity_at: datetime | None = None
    currency: _Code = ""
    reserve_s: Annotated[int, Within(0, int(timedelta(days=7).total_seconds()))] = 0
    order: _Name = ""
    basket: Annotated[int | None, Within()] = None
    channel: _Channel = ""
    partner: _Code = ""
    store: _Code = ""
    reason: _Reason = ""
    by: Identifiers = field(default_factory=dict)
    attributes: _Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refunded(_Measured):
    """So much of one line of an order came back: `position` counts from 0.

    `amount` includes tax: what was paid for it, or the list price of the pieces.
    """

    position: Annotated[int, Within(0, _MOST_LINES - 1)]
    amount: _Amount = 0
    quantity: _Quantity = 0
    thousandths: _Thousandths = field(default=0, metadata=ADDED)


@dataclass(frozen=True, slots=True)
class Reversal:
    """A wish to take back a journal, named by `journal_id` or, for a purchase, by its external id `order`.

    Of a purchase: `lines`, `shipping` (of which `shipping_tax` is tax) and `amount` of money beside them, or all
    that is left. Of a redemption: `points`, or all that is left. `mode` "proportional" takes points in proportion
    to money; "recompute" applies the rules of then to what the member kept. `keeps_redemption`: points that paid for
    it do not come back.
    `money` is the ISO code of the amounts: the order's unless it is said.
    """

    external_id: _Name
    journal_id: _Journal = 0
    order: _Name = ""
    amount: Annotated[int | None, Within()] = None
    money: _Money = ""
    lines: Annotated[tuple[Refunded, ...], Most(_MOST_LINES)] = ()
    shipping: Annotated[int | None, Within()] = field(default=None, metadata=ADDED)
    shipping_tax: Annotated[int | None, Within()] = field(default=None, metadata=ADDED)
    points: Annotated[int | None, Within(1)] = None
    mode: str = "recompute"
    keeps_redemption: bool = False
    activity_at: datetime | None = None
    reason: _Reason = ""

    @property
    def is_part(self) -> bool:
        """Whether a part of a purchase is named; else it is about all that is left."""
        return self.amount is not None or self.shipping is not None or bool(self.lines)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A manual credit (`points` > 0) or debit (< 0) by staff, which needs a reason.

    A credit may be pending until the day `available_from`, and end with the day `usable_through` instead of by the
    rule of its currency; both are days of the program. A debit may `overdraw`: take more than there is. `partner`
    is the one on whose behalf it is done.
    """

    external_id: _Name
    member: Identifiers
    points: Annotated[int, Within(-LARGEST)]
    reason: _Reason
    currency: _Code = ""
    activity_at: datetime | None = None
    usable_through: date | None = field(default=None, metadata=ADDED)
    available_from: date | None = field(default=None, metadata=ADDED)
    partner: _Code = field(default="", metadata=ADDED)
    overdraw: bool = field(default=False, metadata=ADDED)
    attributes: _Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EarlyRelease:
    """A wish to make the pending points of a journal spendable now, which needs a reason."""

    external_id: _Name
    journal_id: _Journal
    reason: _Reason
    activity_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """A gift of `points` from `member` to the member `to`, of the same program and currency."""

    external_id: _Name
    member: Identifiers
    to: Identifiers
    points: _Points
    currency: _Code = ""
    reason: _Reason = ""
    activity_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of an open journal: `action` is confirm or release (a reservation), approve or reject
    (one that is held), retry (one that failed). Sent twice, it counts once."""

    journal_id: _Journal
    action: str
    reason: _Reason = ""
    activity_at: datetime | None = None
