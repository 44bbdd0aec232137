"""How do points go from one member to another, each lot keeping its end and its origin? For transfers and merges."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from programs.expiry import End
from transactions.books.balances import BalanceInHand, Cause, Moved
from transactions.books.escrows import Escrow
from transactions.books.lots import LotState, Use
from transactions.models import Entry


class LotLike(Protocol):
    """A lot in hand or as it is stored."""

    activity_at: datetime
    available_at: datetime | None
    waits_for: str
    deadline_at: datetime | None
    is_pending: bool
    is_floored: bool
    expires_at: datetime | None

    @property
    def root(self) -> int: ...


class MovedLot(NamedTuple):
    """A lot that went elsewhere, and the key of the one that took its place."""

    lot: LotState
    successor: int
    points: int


def move(
    giver: BalanceInHand, taker: BalanceInHand, points: int, lots: Sequence[LotState], cause: Cause
) -> list[Use]:
    """Take `points` from `lots` of one member for another; each lot that was used lives on there."""
    uses = giver.debit(points, cause, lots, kind=Entry.Kind.TRANSFER_OUT, lifetime="transferred")
    for lot, used in uses:
        receive(taker, lot, used, cause)
    return uses


def move_whole(giver: BalanceInHand, taker: BalanceInHand, lots: Sequence[LotState], cause: Cause) -> list[MovedLot]:
    """Move all that is left of `lots`, pending ones staying pending."""
    moved = []
    for lot in sorted(lots, key=lambda lot: lot.id):
        points = lot.remaining
        giver.debit(points, cause, [lot], kind=Entry.Kind.TRANSFER_OUT, lifetime="transferred")
        moved.append(MovedLot(lot, receive(taker, lot, points, cause), points))
    return moved


def receive(taker: BalanceInHand, lot: LotLike, points: int, cause: Cause) -> int:
    """Credit `points` that came out of `lot`: with its end, its origin, and pending as long as it was; their key."""
    return taker.credit(
        points,
        Cause(cause.journal_id, lot.activity_at),
        end=End(lot.expires_at, lot.is_floored),
        escrow=Escrow(lot.available_at, lot.waits_for, lot.deadline_at) if lot.is_pending else None,
        kind=Entry.Kind.TRANSFER_IN,
        origin_id=lot.root,
        lifetime="transferred",
    )


def move_plain(giver: BalanceInHand, taker: BalanceInHand, points: int, cause: Cause) -> None:
    """Move qualifying points, which have no lots."""
    giver.debit(points, cause, [], kind=Entry.Kind.TRANSFER_OUT, lifetime="transferred")
    taker.credit(points, cause, kind=Entry.Kind.TRANSFER_IN, lifetime="transferred")


def move_arrears(giver: BalanceInHand, taker: BalanceInHand, points: int, cause: Cause) -> None:
    """What the one owes the other owes now: it is taken from the other's lots, the rest stays owed."""
    giver.entry(Entry.Kind.TRANSFER_IN, points, Moved(arrears=-points), cause, lifetime="transferred")
    lots = taker.usable_lots(taker.books.now)
    taker.debit(points, cause, lots, kind=Entry.Kind.TRANSFER_OUT, lifetime="transferred")
