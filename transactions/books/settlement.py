"""What has time done to a balance: releases, expiries, reservations that ran out?

A balance is exact at any instant because whoever locks it settles what is due first (semantics C4-R5);
the nightly sweep only does the same for members whom nobody touched.
"""

from dataclasses import dataclass, field
from datetime import datetime

from loyalty_site.lib.sql import instant
from members import tiers
from partners.models import Connection, Partner
from programs import periods
from programs.expiry import extended
from transactions.books import cancellations, moves
from transactions.books.counters import Counters
from transactions.books.lots import LOT, LotState
from transactions.models import Entry, Journal


@dataclass(slots=True)
class Reservation:
    """An open reservation: a redemption that is neither confirmed nor released yet."""

    id: int
    member_id: int
    due_at: datetime
    activity_at: datetime
    currency_id: int = 0
    uses: list = field(default_factory=list)


def read_reservations(session, books, where, params):
    """Say the statements that read open reservations with the lots they hold; returns a function to read them."""
    journals = session.run(
        "SELECT id, member_id, due_at, activity_at FROM transactions_journal j "
        f"WHERE j.kind = 'redemption' AND j.status = 'pending' AND {where}",
        params,
    )
    lots = ", ".join(f"l.{name}" for name in LOT.split())
    uses = session.run(
        f"SELECT e.journal_id, t.points, {lots} FROM transactions_trace t "
        "JOIN transactions_entry e ON e.id = t.entry_id JOIN transactions_lot l ON l.entry_id = t.lot_id "
        "JOIN transactions_journal j ON j.id = e.journal_id "
        f"WHERE j.kind = 'redemption' AND j.status = 'pending' AND e.kind = 'reserve' AND {where} ORDER BY t.id",
        params,
    )

    def take():
        found = {row[0]: Reservation(*row[:2], instant(row[2]), instant(row[3])) for row in journals.fetchall()}
        for journal, points, *row in uses.fetchall():
            lot = books.add_lot(LotState.read(row))
            found[journal].currency_id = lot.currency_id
            found[journal].uses.append((lot, points))
        return found

    return take


def settle(books):
    """Book everything that is due by now for the locked members of `books`; says whether anything was."""
    is_due = book(books)
    if is_due:
        books.counters = Counters(books.session, returned=cancellations.reopened(books))
    return is_due


def book(books):
    """The same, but for what the caps get back: for who locks other counters, too, all of them in one order.

    Reads only when something is due, so an ordinary posting pays one comparison.
    """
    due = [a for a in books.accounts.values() if any(h.is_due(books.now) for h in a.holdings.values())]
    if not due:
        return False
    ids = [account.id for account in due]
    system = timetable(books.configuration)
    with books.session.together():
        lots = books.read_lots(ids)
        reservations = read_reservations(books.session, books, "j.member_id {ids}", [ids])
        journal = journal_of_today(books, system)
    books.take_lots(lots)
    open_reservations = reservations()
    journal_id = journal()
    for account in due:
        own = [r for r in open_reservations.values() if r.member_id == account.id]
        _settle_account(books, account, own, journal_id)
    return True


def timetable(configuration):
    """The connection under which time writes."""
    owner = Partner.objects.get(code=configuration.owner)
    return Connection.of(owner, Connection.Platform.TIMETABLE)


def journal_of_today(books, connection):
    """The one journal of a program and day that says what time did; made by whoever comes first."""
    day = periods.local_date(books.now, books.configuration.zone).isoformat()
    session, program = books.session, books.configuration
    session.run(
        "INSERT INTO transactions_journal (id, program_id, connection_id, kind, activity, external_id, status, "
        "activity_at, received_at, processed_at, amount, money, base_amount, reversed_amount, "
        "order_ref, channel, code, attributes, reason, error, fingerprint, program_version, payload, trace, answer) "
        "VALUES (%s, %s, %s, 'settlement', 'settlement', %s, 'processed', %s, %s, %s, 0, '', 0, 0, '', '', '', '{}', "
        "'', '', '', %s, '{}', '{}', '{}') ON CONFLICT DO NOTHING",
        [books.next_journal(), program.id, connection.pk, day, books.now, books.now, books.now, program.version],
    )
    cursor = session.run(
        "SELECT id FROM transactions_journal WHERE program_id = %s AND connection_id = %s "
        "AND kind = 'settlement' AND external_id = %s",
        [program.id, connection.pk, day],
    )
    return lambda: cursor.fetchone()[0]


def _settle_account(books, account, reservations, journal_id):
    """One instant after the other, as things happened: points set free, given back, ended.

    So it makes no difference whether time is booked often, or once for a long while (C-INV 13).
    """
    due = sorted(key for key, holding in account.holdings.items() if holding.is_due(books.now))
    open_ones = list(reservations)
    while (at := _next(books, account, due, open_ones)) is not None and at <= books.now:
        for currency_id in due:
            _release_due(books, account, books.currencies[currency_id], journal_id, at)
        for reservation in [one for one in open_ones if one.due_at <= at]:
            _give_up(books, account, reservation, journal_id)
            open_ones.remove(reservation)
        for currency_id in due:
            _expire_due(books, account, books.currencies[currency_id], journal_id, at)
    for currency_id in due:
        rewake(books, account, books.currencies[currency_id], open_ones)


def _next(books, account, currency_ids, reservations):
    """The next instant at which time changes one of these balances, from what there is; None for never."""
    instants = [one.due_at for one in reservations if one.currency_id in currency_ids]
    for currency_id in currency_ids:
        instants.append(account.holdings[currency_id].expires_at)
        for lot in books.lots.get((account.id, currency_id), {}).values():
            if lot.remaining:
                instants.append((lot.available_at or lot.deadline_at) if lot.is_pending else lot.expires_at)
    return min(filter(None, instants), default=None)


def rewake(books, account, currency, reservations):
    """Write anew when this balance has to be looked at next."""
    holding = account.holding(currency.id)
    holding.next_change_at = _next(books, account, [currency.id], reservations)
    holding.is_touched = account.is_touched = True


def _give_up(books, account, reservation, journal_id):
    free(books, account, reservation, journal_id=journal_id, at=reservation.due_at)
    books.end(reservation.id, status=Journal.Status.REJECTED.value, error="The reservation ran out.")


def free(books, account, reservation, *, journal_id, at):
    """Give the points of an open reservation back to their lots."""
    currency = books.currencies[reservation.currency_id]
    total = sum(points for _, points in reservation.uses)
    moves.put_back(
        books,
        account,
        currency,
        reservation.uses,
        kind=Entry.Kind.UNRESERVE,
        journal_id=journal_id,
        activity_at=at,
        reserved=-total,
    )


def _release_due(books, account, currency, journal_id, at):
    """Pending lots whose time has come are released; those whose event never came are cancelled."""
    pending = [lot for lot in books.lots_of(account, currency) if lot.is_pending and lot.remaining]
    due = [lot for lot in pending if lot.available_at and lot.available_at <= at]
    for lot in pending:
        if not lot.available_at and lot.deadline_at and lot.deadline_at <= at:
            kind = Entry.Kind.REVERSAL_DEBIT
            moves.end(books, account, currency, [lot], kind=kind, journal_id=journal_id, activity_at=at)
    if due:
        set_free(books, account, currency, due, journal_id=journal_id, at=at)


def set_free(books, account, currency, lots, *, journal_id, at):
    """Release pending lots; qualifying points count from now on, in the window in which they were earned."""
    by_activity = {}
    for lot in lots:
        by_activity[lot.activity_at] = by_activity.get(lot.activity_at, 0) + lot.remaining
    moves.release(books, account, currency, lots, journal_id=journal_id, at=at)
    if not currency.is_spendable:
        for activity_at, points in by_activity.items():
            moves.count(books, account, currency, points, activity_at)
            tiers.upgrade(books.configuration, account, activity_at=activity_at, since=at)


def release_now(books, account, currency, lot, *, journal_id, at):
    """Release one pending lot before its time; its clock starts now where it starts with the release."""
    # However long ago it happened: what is told late is not born expired.
    moves.start_clock(books, account, currency, books.now)
    end = moves.end_of(books, account, currency, earned_at=lot.activity_at, released_at=at)
    books.redate(lot, end.at, "Released before its time")
    set_free(books, account, currency, [lot], journal_id=journal_id, at=at)


def _expire_due(books, account, currency, journal_id, at):
    holding = account.holdings[currency.id]
    clock_ends = _clock_ends(books, account, currency, at)
    # A clock that is left from before the currency went to another model ends nothing any more.
    all_ends = clock_ends and currency.expiry.model == "activity"
    live = [lot for lot in books.lots_of(account, currency) if lot.remaining and not lot.is_pending]
    due = [
        lot
        for lot in live
        # What is released at this very instant was no part of the balance that ends.
        if (all_ends and lot.available_at != at)
        or (lot.expires_at and lot.expires_at <= at and not _extend(books, account, currency, lot, at))
    ]
    if due:
        due.sort(key=lambda lot: lot.id)
        moves.end(books, account, currency, due, journal_id=journal_id, activity_at=at)
    if clock_ends:
        holding.live_until(None)
        if len(live) > len(due):
            moves.start_clock(books, account, currency, at)


def _clock_ends(books, account, currency, at):
    """Whether the end of the whole balance has come, and no extension puts it off (C10-R5)."""
    holding = account.holdings[currency.id]
    if holding.expires_at is None or holding.expires_at > at:
        return False
    months = 0 if holding.is_extended else _extension(books, account, currency)
    if not months or currency.expiry.model != "activity":
        return True
    holding.live_until(extended(holding.expires_at, months=months, zone=books.configuration.zone))
    holding.is_extended = True
    return False


def _extend(books, account, currency, lot, at):
    """Give the lot the longest extension that it may have, once; says whether it lives on now (C10-R5)."""
    if lot.is_extended:
        return False
    months = _extension(books, account, currency)
    if months:
        books.redate(lot, extended(lot.expires_at, months=months, zone=books.configuration.zone), "Extended")
        lot.put(is_extended=True)
    return bool(months) and lot.expires_at > at


def _extension(books, account, currency):
    """The longest one of the currency and of the tiers that the member has, in months."""
    held = {standing.tier_id for standing in account.tiers.values()}
    tiers = [tier for group in books.configuration.tier_groups.values() for tier in group.tiers if tier.id in held]
    return max([currency.expiry.extension_months, *(tier.extension_months for tier in tiers)])
