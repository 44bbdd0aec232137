"""What is a lot while its member is locked, and in which order are lots spent?"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import TypeAlias

from loyalty_site.lib.arrays import Row
from loyalty_site.lib.sql import instant

LOT = (
    "entry_id member_id currency_id points remaining activity_at available_at waits_for deadline_at is_pending "
    "is_extended origin_id is_floored expires_at"
)
LIVE_LOTS = (
    f"SELECT {', '.join(LOT.split())} FROM transactions_lot "
    "WHERE remaining > 0 AND member_id {ids} ORDER BY entry_id"
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
    def read(cls, row: Row) -> "LotState":
        """From the columns of LOT as a statement returns them."""
        lot = cls(*row)
        lot.activity_at = instant(lot.activity_at)
        lot.available_at, lot.deadline_at = instant(lot.available_at), instant(lot.deadline_at)
        lot.expires_at = instant(lot.expires_at)
        lot.is_pending, lot.is_extended = bool(lot.is_pending), bool(lot.is_extended)
        return lot

    @property
    def root(self) -> int:
        """The key of the lot in which these points were earned, wherever they went since."""
        return self.origin_id or self.id

    @property
    def changes_at(self) -> datetime | None:
        """When time next does something to it: releases, cancels or ends it; None for never."""
        return (self.available_at or self.deadline_at) if self.is_pending else self.expires_at

    def use(self, points: int) -> None:
        """Take `points` from it, or give them back when negative."""
        self.remaining -= points
        if not self.is_new:
            self.moved -= points

    def release(self, at: datetime) -> None:
        """Its points can be spent from `at` on."""
        self.is_pending, self.available_at = False, at
        self.is_changed = True

    def end_at(self, at: datetime | None) -> None:
        self.expires_at = at
        self.is_changed = True

    def mark_extended(self) -> None:
        """It has had its one extension."""
        self.is_extended = self.is_changed = True

    def is_usable(self, at: datetime) -> bool:
        """Whether a debit at that instant may take from it."""
        return self.remaining > 0 and not self.is_pending and (self.expires_at is None or self.expires_at > at)


#: Points taken from a lot, or given back to it.
Use: TypeAlias = tuple[LotState, int]

#: The columns of LOT, and the key with those of LOT_STATE.
row_of: Callable[[LotState], Row] = attrgetter("id", *LOT.split()[1:])
state_of: Callable[[LotState], Row] = attrgetter("id", *LOT_STATE.split())


def expiry_first(lot: LotState) -> tuple[bool, datetime, datetime, int]:
    """Soonest expiry first, non-expiring last, ties by activity, then by id (semantics C11-R1)."""
    return lot.expires_at is None, lot.expires_at or lot.activity_at, lot.activity_at, lot.id


def oldest_first(lot: LotState) -> tuple[datetime, int]:
    """By the activity that earned it, then by id."""
    return lot.activity_at, lot.id


def sort(lots: list[LotState], consumption: str) -> None:
    """Put lots into the order in which a currency with this `consumption` spends them."""
    if consumption == "oldest_first":
        lots.sort(key=oldest_first)
    else:
        lots.sort(key=expiry_first)


def split(points: int, lots: Iterable[LotState]) -> Iterator[Use]:
    """(lot, points) pairs that together are `points`, from the first lot on, as far as the lots go."""
    for lot in lots:
        if points <= 0:
            return
        used = min(points, lot.remaining)
        if used:
            points -= used
            yield lot, used


def remaining(lots: Iterable[LotState]) -> int:
    """How many points are left in these lots together."""
    return sum(lot.remaining for lot in lots)
