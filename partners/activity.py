"""What happened out there, as a value? Every way in makes these, the ledger takes them.

`external_id` is the sender's own name for the fact and makes it unique within its connection;
`activity_at` None means the moment at which it reaches us; `member` holds identifiers, e.g.
{"number": "42"} or {"email": "a@b.c"}, which members/lookup.py tries in its order.
"""

from dataclasses import dataclass, field, fields
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a purchase. `amount` and `tax` in minor units; `amount` is what was paid, tax included."""

    sku: str = ""
    category: str = ""
    quantity: int = 1
    amount: int = 0
    tax: int = 0


@dataclass(frozen=True, slots=True)
class Activity:
    """One thing that a member did: a purchase, a visit, an event.

    Money is in minor units of `money` (ISO 4217): `amount` is the grand total, of which `tax` and
    `shipping` are parts, and of which `gift_card` and `points_value` were paid by other means.
    `order` is the external id of the purchase that an event belongs to (it may set its points free),
    `replaces` the one of the revision that this purchase takes the place of, and `hold` a reason to let
    somebody look at it before it counts.
    """

    kind: str
    external_id: str
    member: dict
    activity_at: datetime | None = None
    amount: int = 0
    money: str = ""
    tax: int = 0
    shipping: int = 0
    gift_card: int = 0
    points_value: int = 0
    lines: tuple[Line, ...] = ()
    channel: str = ""
    partner: str = ""
    store: str = ""
    code: str = ""
    order: str = ""
    replaces: str = ""
    hold: str = ""
    attributes: dict = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redemption:
    """A wish to spend `points` (smallest unit) of `currency` ("" for the primary one).

    `reserve_s` sets them aside for so many seconds until a Decision confirms or releases them; 0 spends
    them at once. `order` is the purchase that they pay for and `basket` its worth in minor units. Of a group's
    points `member` is the group, and `by` the member who spends them.
    """

    external_id: str
    member: dict
    points: int
    activity_at: datetime | None = None
    currency: str = ""
    reserve_s: int = 0
    order: str = ""
    basket: int | None = None
    channel: str = ""
    partner: str = ""
    store: str = ""
    reason: str = ""
    by: dict = field(default_factory=dict)
    attributes: dict = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refunded:
    """So much of one line of an order came back: `position` counts from 0; `amount` includes tax."""

    position: int
    amount: int = 0
    quantity: int = 0


@dataclass(frozen=True, slots=True)
class Reversal:
    """A wish to take back a journal, named by `journal_id` or, for a purchase, by its external id `order`.

    Of a purchase: `lines`, or `amount` of money, or all that is left. Of a redemption: `points`, or all
    that is left. `mode` "proportional" takes points in proportion to money; "recompute" applies the
    rules of then to what the member kept. `keeps_redemption`: points that paid for it do not come back.
    `money` is the ISO code of the amounts: the order's unless it is said.
    """

    external_id: str
    journal_id: int = 0
    order: str = ""
    amount: int | None = None
    money: str = ""
    lines: tuple[Refunded, ...] = ()
    points: int | None = None
    mode: str = "recompute"
    keeps_redemption: bool = False
    activity_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A manual credit (`points` > 0) or debit (< 0) by staff, which needs a reason."""

    external_id: str
    member: dict
    points: int
    reason: str
    currency: str = ""
    activity_at: datetime | None = None
    attributes: dict = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EarlyRelease:
    """A wish to make the pending points of a journal spendable now, which needs a reason."""

    external_id: str
    journal_id: int
    reason: str
    activity_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """A gift of `points` from `member` to the member `to`, of the same program and currency."""

    external_id: str
    member: dict
    to: dict
    points: int
    currency: str = ""
    reason: str = ""
    activity_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of an open journal: `deed` is confirm or release (a reservation), approve or reject
    (one that is held), retry (one that failed). Said twice, it counts once."""

    journal_id: int
    deed: str
    reason: str = ""
    activity_at: datetime | None = None


def dump(item):
    """The plain JSON of an item, without what is at its default."""
    values = {}
    for each in fields(item):
        value = getattr(item, each.name)
        if value == each.default or (value == {} and each.name in ("attributes", "by")):
            continue
        if isinstance(value, datetime):
            value = value.isoformat()
        elif isinstance(value, tuple):
            value = [dump(part) for part in value]
        values[each.name] = value
    return values


def load(kind, values):
    """The item of class `kind` that `dump` made `values` of."""
    values = dict(values)
    if values.get("activity_at"):
        values["activity_at"] = datetime.fromisoformat(values["activity_at"])
    if "lines" in values:
        part = Refunded if kind is Reversal else Line
        values["lines"] = tuple(part(**line) for line in values["lines"])
    return kind(**values)
