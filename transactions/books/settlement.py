"""What has time done to a balance: releases, expiries, reservations that ran out?

A balance is exact at any instant because whoever locks it settles what is due first (semantics C4-R5);
the nightly sweep only does the same for members whom nobody touched.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from loyalty_site.lib.arrays import Value
from loyalty_site.lib.sql import Session, instant
from members import assessing, tiers
from members.holdings import Account
from members.tiers import Fact
from partners.models import Connection
from programs import versions
from transactions.books import cancellations, recounting
from transactions.books.balances import BalanceInHand, Cause
from transactions.books.counters import Counters
from transactions.books.lots import LOT, LotState, Use
from transactions.books.unit_of_work import Books
from transactions.models import Entry, Journal


@dataclass(slots=True)
class Reservation:
    """An open reservation: a redemption that is neither confirmed nor released yet."""

    id: int
    member_id: int
    due_at: datetime
    activity_at: datetime
    currency_id: int = 0
    uses: list[Use] = field(default_factory=list)


def open_books(program_id: int, member_ids: Iterable[int], *, now: datetime) -> Books:
    """Books with these members locked, settled, and all their lots; for what is no item of a batch."""
    books = Books(Session(), versions.renew(program_id), now=now)
    books.open(member_ids, journals=1, entries=20, with_lots=True)
    settle(books)
    return books


def settle(books: Books) -> bool:
    """Book everything that is due by now for the locked members of `books`; says whether anything was."""
    is_due = settle_lots(books)
    if is_due:
        books.counters = Counters(books.session, returned=cancellations.returned_to_caps(books))
    return is_due


def settle_lots(books: Books) -> bool:
    """The same, but for what the caps get back: for who locks other counters, too, all of them in one order.

    Reads only when something is due, so an ordinary posting pays one comparison.
    """
    is_recounted = recounting.recount(books)
    now, accounts = books.now, books.accounts.values()
    due = [a for a in accounts if a.is_due(now)]
    whose = {account.id for account in due}
    others = [a for a in accounts if a.id not in whose and assessing.is_due(a, now)]
    for account in others:
        assessing.settle(books.configuration, account, now)
    if not due:
        return bool(others) or is_recounted
    ids = [account.id for account in due]
    timetable = books.own_connection(Connection.Platform.TIMETABLE)
    with books.session.together():
        lots = books.read_lots(ids)
        take_reservations = read_reservations(books, "j.member_id {ids}", [ids])
        journal = books.journal_of_day(timetable)
    books.take_lots(lots)
    reservations, journal_id = take_reservations(), journal()
    for account in due:
        _Settling(books, account, [r for r in reservations if r.member_id == account.id], journal_id).run()
    return True


def read_reservations(books: Books, where: str, params: Sequence[Value]) -> Callable[[], list[Reservation]]:
    """Send the statements that read open reservations with the lots they hold; returns what takes the answers."""
    is_open = f"j.kind = 'redemption' AND j.status = 'pending' AND {where}"
    journals = books.session.run(
        f"SELECT id, member_id, due_at, activity_at FROM transactions_journal j WHERE {is_open}", params
    )
    lots = ", ".join(f"l.{name}" for name in LOT.split())
    uses = books.session.run(
        f"SELECT e.journal_id, t.points, {lots} FROM transactions_trace t "
        "JOIN transactions_entry e ON e.id = t.entry_id JOIN transactions_lot l ON l.entry_id = t.lot_id "
        f"JOIN transactions_journal j ON j.id = e.journal_id WHERE e.kind = 'reserve' AND {is_open} ORDER BY t.id",
        params,
    )

    def take() -> list[Reservation]:
        found = {
            key: Reservation(key, member, instant(due_at), instant(activity_at))
            for key, member, due_at, activity_at in journals.fetchall()
        }
        for journal, points, *row in uses.fetchall():
            lot = books.add_lot(LotState.read(tuple(row)))
            found[journal].currency_id = lot.currency_id
            found[journal].uses.append((lot, points))
        return list(found.values())

    return take


class _Settling:
    """One member: one instant after the other, as things happened: points set free, given back, ended.

    So it makes no difference whether time is booked often, or once for a long while (C-INV 13).
    """

    def __init__(self, books: Books, account: Account, reservations: list[Reservation], journal_id: int) -> None:
        self.books, self.reservations, self.journal_id = books, reservations, journal_id
        self.account = account
        due = sorted(key for key, holding in account.holdings.items() if holding.is_due(books.now))
        self.hands = [books.balance(account, books.currencies[key]) for key in due]

    def run(self) -> None:
        while (at := self._next()) is not None and at <= self.books.now:
            cause = Cause(self.journal_id, at)
            for hand in self.hands:
                _release_due(hand, cause)
            for reservation in [one for one in self.reservations if one.due_at <= at]:
                self._give_up(reservation)
            # Before points end: how long they live on is up to the tier.
            assessing.settle(self.books.configuration, self.account, at)
            for hand in self.hands:
                _expire_due(hand, cause)
        for hand in self.hands:
            rewake(hand, self.reservations)

    def _next(self) -> datetime | None:
        instants = [_next_of(hand, self.reservations) for hand in self.hands]
        return min(filter(None, [*instants, assessing.due_at(self.account)]), default=None)

    def _give_up(self, reservation: Reservation) -> None:
        hand = self.books.balance(
            self.books.accounts[reservation.member_id], self.books.currencies[reservation.currency_id]
        )
        free(hand, reservation, Cause(self.journal_id, reservation.due_at))
        status = Journal.Status.REJECTED.value
        self.books.end_reservation(reservation.id, status=status, error="The reservation ran out.")
        self.reservations.remove(reservation)


def _next_of(hand: BalanceInHand, reservations: Iterable[Reservation]) -> datetime | None:
    """The next instant at which time changes this balance, from what there is; None for never."""
    instants = [one.due_at for one in reservations if one.currency_id == hand.currency.id]
    instants += [at for at in (hand.holding.expires_at, *(lot.changes_at for lot in hand.live_lots)) if at]
    return min(instants, default=None)


def rewake(hand: BalanceInHand, reservations: Iterable[Reservation]) -> None:
    """Write anew when this balance has to be looked at next; `reservations` are the open ones of its member."""
    hand.holding.next_change_at = _next_of(hand, reservations)
    hand.holding.is_touched = hand.account.is_touched = True


def free(hand: BalanceInHand, reservation: Reservation, cause: Cause) -> None:
    """Give the points of an open reservation back to their lots."""
    hand.put_back(reservation.uses, cause, kind=Entry.Kind.UNRESERVE)


def _release_due(hand: BalanceInHand, cause: Cause) -> None:
    """Pending lots whose time has come are released; those whose event never came are cancelled."""
    pending = [lot for lot in hand.live_lots if lot.is_pending]
    due = [lot for lot in pending if lot.available_at and lot.available_at <= cause.at]
    for lot in pending:
        if not lot.available_at and lot.deadline_at and lot.deadline_at <= cause.at:
            hand.end([lot], cause, kind=Entry.Kind.REVERSAL_DEBIT)
    if due:
        set_free(hand, due, cause)


def set_free(hand: BalanceInHand, lots: Sequence[LotState], cause: Cause) -> None:
    """Release pending lots; qualifying points count from now on, in the window in which they were earned."""
    points = [lot.remaining for lot in lots]
    hand.release(lots, cause)
    if hand.currency.is_spendable:
        return
    earned_by = dict(Entry.objects.filter(pk__in=[lot.root for lot in lots]).values_list("pk", "journal"))
    for lot, released in zip(lots, points, strict=True):
        known_at = cause.at
        fact = Fact(lot.activity_at, known_at, cause.at, caused_by=earned_by.get(lot.root))
        hand.count_fact(released, fact)
    tiers.upgrade(hand.books.configuration, hand.account, now=cause.at)


def release_now(hand: BalanceInHand, lot: LotState, cause: Cause, *, keeps_end: bool = False) -> None:
    """Release one pending lot before its time; its clock starts now where it starts with the release.

    An end that was said by hand has no clock: it stays (`keeps_end`).
    """
    # However long ago it happened: what is reported late has not expired from the start.
    hand.start_clock(hand.books.now)
    if not keeps_end:
        end = hand.end_of(earned_at=lot.activity_at, released_at=cause.at)
        hand.books.redate(lot, end.at, "Released before its time")
    set_free(hand, [lot], cause)


def _expire_due(hand: BalanceInHand, cause: Cause) -> None:
    clock_ends = _clock_ends(hand, cause.at)
    # A clock that is left from before the currency went to another model ends nothing any more.
    all_ends = clock_ends and hand.currency.expiry.model == "activity"
    live = [lot for lot in hand.live_lots if not lot.is_pending]
    due = [
        lot
        for lot in live
        # What is released at this very instant was no part of the balance that ends.
        if (all_ends and lot.available_at != cause.at)
        or (lot.expires_at and lot.expires_at <= cause.at and not _lives_on(hand, lot, cause.at))
    ]
    if due:
        due.sort(key=lambda lot: lot.id)
        hand.end(due, cause)
    if clock_ends:
        hand.holding.live_until(None)
        if len(live) > len(due):
            hand.start_clock(cause.at)


def _clock_ends(hand: BalanceInHand, at: datetime) -> bool:
    """Whether the end of the whole balance has come, and no extension puts it off (C10-R5)."""
    holding = hand.holding
    if holding.expires_at is None or holding.expires_at > at:
        return False
    if holding.is_extended or not hand.extension_months or hand.currency.expiry.model != "activity":
        return True
    holding.live_until(hand.extend(holding.expires_at))
    holding.is_extended = True
    return False


def _lives_on(hand: BalanceInHand, lot: LotState, at: datetime) -> bool:
    """Give the lot the longest extension that it may have, once; says whether it lives on now (C10-R5)."""
    if lot.is_extended or lot.expires_at is None or not hand.extension_months:
        return False
    end = hand.extend(lot.expires_at)
    hand.books.redate(lot, end, "Extended")
    lot.mark_extended()
    return end > at
