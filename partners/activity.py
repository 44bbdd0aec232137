"""What happened out there, as a value? Every way in makes these, the ledger takes them.

`external_id` is the sender's own name for the fact and makes it unique within its connection;
`activity_at` None means the moment at which it reaches us; `member` holds identifiers, e.g.
{"number": "42"} or {"email": "a@b.c"}, which members/lookup.py tries in its order.
"""

from dataclasses import dataclass, field
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
    attributes: dict = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redemption:
    """A wish to spend `points` (smallest unit) of `currency` ("" for the primary one)."""

    external_id: str
    member: dict
    points: int
    activity_at: datetime | None = None
    currency: str = ""
    channel: str = ""
    partner: str = ""
    store: str = ""
    reason: str = ""
    attributes: dict = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reversal:
    """A wish to take back the whole journal `journal_id`."""

    external_id: str
    journal_id: int
    activity_at: datetime | None = None
    reason: str = ""
