"""What is a lot while its member is locked, and in which order are lots spent?"""

from dataclasses import dataclass
from datetime import datetime

from loyalty_site.lib.sql import instant

LOT = (
    "entry_id member_id currency_id points remaining activity_at available_at waits_for deadline_at is_pending "
    "is_extended origin_id is_floored expires_at"
)
LOT_MOVES = "remaining"
LOT_STATE = "is_pending available_at is_extended expires_at"


@dataclass(slots=True)
class LotState:
    """A lot while its member is locked; `moved` is what its stored `remaining` changes by."""

    id: int
    member_id: int
    currency_id: int
    points: int
    remaining: int
    activity_at: datetime
    available_at: datetime | None = None
    waits_for: str = ""
    deadline_at: datetime | None = None
    is_pending: bool = False
    is_extended: bool = False
    origin_id: int | None = None
    is_floored: bool = False
    expires_at: datetime | None = None
    is_new: bool = False
    is_changed: bool = False
    moved: int = 0

    @classmethod
    def read(cls, row):
        """From the columns of LOT as a statement returns them."""
        lot = cls(*row)
        for name in ("activity_at", "available_at", "deadline_at", "expires_at"):
            setattr(lot, name, instant(getattr(lot, name)))
        lot.is_pending, lot.is_extended = bool(lot.is_pending), bool(lot.is_extended)
        return lot

    @property
    def root(self):
        """The key of the lot in which these points were earned, wherever they went since."""
        return self.origin_id or self.id

    def row(self):
        """The columns of LOT."""
        names = ("id", *LOT.split()[1:])
        return tuple(getattr(self, name) for name in names)

    def state(self):
        """The key and the columns of LOT_STATE."""
        return (self.id, *(getattr(self, name) for name in LOT_STATE.split()))

    def use(self, points):
        self.remaining -= points
        if not self.is_new:
            self.moved -= points

    def put(self, **state):
        """Change columns of LOT_STATE."""
        for name, value in state.items():
            setattr(self, name, value)
        self.is_changed = True

    def is_usable(self, at):
        return self.remaining > 0 and not self.is_pending and (self.expires_at is None or self.expires_at > at)


def expiry_first(lot):
    """Soonest expiry first, non-expiring last, ties by activity, then by id (semantics C11-R1)."""
    return lot.expires_at is None, lot.expires_at or lot.activity_at, lot.activity_at, lot.id


def oldest_first(lot):
    """By the activity that earned it, then by id."""
    return lot.activity_at, lot.id


ORDERS = {"expiry_first": expiry_first, "oldest_first": oldest_first}
