"""What does the model of the ledger keep? Lots, members, orders and spendings as plain values."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

LIFE = 8
GRACE = 5


class No(Exception):
    """The wish is refused, nothing changes."""


def midnight(day):
    return datetime.combine(day, time.min, tzinfo=UTC)


def end_after(instant, days):
    """Points are usable through the whole last day."""
    return midnight(instant.date() + timedelta(days=days + 1))


@dataclass(eq=False)
class Lot:
    """`root` is the lot of the purchase that the points were earned in, wherever they went since."""

    number: int
    points: int
    remaining: int
    earned_at: datetime
    ends_at: datetime
    free_at: datetime | None = None
    expired: int = 0
    root: "Lot | None" = None

    def __post_init__(self):
        self.root = self.root or self

    @property
    def is_pending(self):
        return self.free_at is not None

    def order(self):
        return self.ends_at, self.earned_at, self.number


@dataclass(eq=False)
class Member:
    """`into` is the member that this one was merged into."""

    number: str
    lots: list = field(default_factory=list)
    arrears: int = 0
    status: int = 0
    tier: str = "base"
    reserved: dict = field(default_factory=dict)
    into: "Member | None" = None

    @property
    def today(self):
        """Who it is by now."""
        return self.into.today if self.into else self

    @property
    def available(self):
        return sum(lot.remaining for lot in self.lots if not lot.is_pending)

    @property
    def pending(self):
        return sum(lot.remaining for lot in self.lots if lot.is_pending)


@dataclass
class Order:
    """`extra` is what it has beside its base points; see offers_model.py."""

    member: Member
    amount: int
    earned: int
    lot: Lot | None
    extra: Any
    refunded: int = 0
    taken: int = 0
    recovered: int = 0
    status_taken: int = 0

    @property
    def lots(self):
        """What the member has, and had, of the points of this order."""
        return [lot for lot in self.member.today.lots if self.lot and lot.root is self.lot]

    @property
    def left(self):
        return self.amount - self.refunded


@dataclass
class Spending:
    member: Member
    uses: list
    returned: int = 0
    due_at: datetime | None = None
    is_open: bool = False
    is_released: bool = False

    @property
    def points(self):
        return sum(used for _, used in self.uses)
