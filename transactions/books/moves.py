"""How do points move: given, taken, set free? The deeds that every verb of the ledger is made of.

Each writes one entry and keeps the lots in step, so that every part of a balance is the sum of its lots.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from programs import periods
from programs.expiry import NEVER, days_from, end_of_inactivity, end_of_lot
from transactions.books.lots import LotState
from transactions.models import Entry


@dataclass(frozen=True, slots=True)
class Escrow:
    """Until when points are pending: an instant, or an event with a deadline."""

    available_at: datetime | None = None
    waits_for: str = ""
    deadline_at: datetime | None = None


def escrow_of(currency, *, activity_at, now, zone):
    """The Escrow of points earned at `activity_at` (semantics C9-R1), or None when they are free at once."""
    day = periods.local_date(activity_at, zone)
    if currency.pending_event:
        deadline = periods.start_of_day(day + timedelta(days=currency.pending_deadline_days), zone)
        if deadline <= now:
            # Told so late that it would be cancelled at birth: the event is as late.
            today = periods.local_date(now, zone)
            deadline = periods.start_of_day(today + timedelta(days=max(1, currency.pending_deadline_days)), zone)
        return Escrow(waits_for=currency.pending_event, deadline_at=deadline)
    if currency.pending_days:
        at = periods.start_of_day(day + timedelta(days=currency.pending_days), zone)
        return Escrow(available_at=at) if at > now else None
    return None


def end_of(books, account, currency, *, earned_at, released_at=None):
    """When new points of `account` end; the clock starts at their release unless the currency says earning.

    Qualifying points never end. None end before their release, or soon behind it.
    """
    if not currency.is_spendable:
        return NEVER
    starts = earned_at if currency.expiry_starts == "earning" else released_at or earned_at
    return end_of_lot(
        currency.expiry,
        earned_at=starts,
        processed_at=max(books.now, released_at or books.now),
        zone=books.configuration.zone,
        enrolled_at=account.enrolled_at,
    )


def credit(
    books,
    account,
    currency,
    points,
    *,
    journal_id,
    activity_at,
    end=NEVER,
    escrow=None,
    kind=Entry.Kind.CREDIT,
    origin_id=None,
    **lifetime,
):
    """Give `points` in a lot that ends at `end`; pending ones stay so until their `escrow` ends.

    Arrears are paid first, from the lot at its birth (C14-R4). Qualifying points, which are never spent
    and never expire, have no lot unless they are pending. Returns the key of the entry.
    """
    holding = account.holding(currency.id)
    paid = 0 if escrow else min(points, holding.arrears)
    moves = {"pending": points} if escrow else {"available": points - paid, "arrears": -paid}
    common = {"journal_id": journal_id, "activity_at": activity_at}
    key = books.entry(account, currency, kind, points, **common, **moves, **lifetime)
    if not currency.is_spendable and not escrow:
        return key
    escrow = escrow or Escrow()
    lot = LotState(
        id=key,
        member_id=account.id,
        currency_id=currency.id,
        points=points,
        remaining=points,
        activity_at=activity_at,
        available_at=escrow.available_at,
        waits_for=escrow.waits_for,
        deadline_at=escrow.deadline_at,
        is_pending=bool(moves.get("pending")),
        origin_id=origin_id,
        is_floored=end.is_floored,
        expires_at=end.at,
        is_new=True,
    )
    books.add_lot(lot)
    if paid:
        books.use(key, lot, paid)
    holding.wake_at(lot.available_at or lot.deadline_at if lot.is_pending else lot.expires_at)
    start_clock(books, account, currency, books.now)
    return key


def start_clock(books, account, currency, at):
    """No balance lives without an end under the activity model: when it has none, its clock starts at `at`.

    The enrolment is the first activity, but nothing is born expired.
    """
    holding = account.holding(currency.id)
    if currency.is_spendable and currency.expiry.model == "activity" and holding.expires_at is None:
        holding.live_until(_first_end(books, account, currency, at))


def _first_end(books, account, currency, at):
    terms, zone = currency.expiry, books.configuration.zone
    # Where only some activities count, the last one may be none of them.
    last = None if terms.counts else account.holding(currency.id).last_activity_at
    active_at = max(account.enrolled_at, last or account.enrolled_at)
    silent_until = end_of_inactivity(terms, last_activity_at=active_at, zone=zone)
    return max(silent_until, days_from(at, terms.min_validity_days, zone))


def debit(books, account, currency, points, *, lots, kind=Entry.Kind.DEBIT, journal_id, activity_at, **lifetime):
    """Take `points` from `lots` in their order, available or pending; returns [(lot, points taken)].

    What the lots do not hold becomes arrears: the caller has checked that the program wants that.
    Qualifying points without lots are taken from the balance itself.
    """
    holding = account.holding(currency.id)
    uses = list(split(points, lots))
    pending = sum(used for lot, used in uses if lot.is_pending)
    free = sum(used for lot, used in uses if not lot.is_pending)
    if not currency.is_spendable:
        free += min(points - pending - free, holding.available - free)
    moves = {"available": -free, "pending": -pending, "arrears": points - free - pending}
    moves = {name: amount for name, amount in moves.items() if amount}
    common = {"journal_id": journal_id, "activity_at": activity_at}
    key = books.entry(account, currency, kind, -points, **common, **moves, **lifetime)
    for lot, used in uses:
        books.use(key, lot, used)
    return uses


def end(books, account, currency, lots, *, kind=Entry.Kind.EXPIRY, journal_id, activity_at):
    """Time takes all that is left of `lots`: they expire, or the event that they waited for never came."""
    total = sum(lot.remaining for lot in lots)
    lifetime = "lifetime_expired" if kind == Entry.Kind.EXPIRY else "lifetime_reversed"
    common = {"journal_id": journal_id, "activity_at": activity_at}
    for lot, ended in debit(books, account, currency, total, lots=lots, kind=kind, **common, **{lifetime: total}):
        books.lost[account.id, lot.root] += ended


def put_back(books, account, currency, uses, *, kind, journal_id, activity_at, **moves):
    """Return points to the lots they came from; `uses` are (lot, points). Returns how many there were."""
    total = sum(used for _, used in uses)
    if total:
        common = {"journal_id": journal_id, "activity_at": activity_at}
        holding = account.holding(currency.id)
        paid = min(total, holding.arrears)
        moves |= {"available": total - paid, "arrears": -paid}
        key = books.entry(account, currency, kind, total, **common, **moves)
        for lot, used in uses:
            books.use(key, lot, -used)
            holding.wake_at(lot.expires_at)
        for lot, used in split(paid, [lot for lot, _ in uses]):
            books.use(key, lot, used)
        start_clock(books, account, currency, activity_at if kind == Entry.Kind.UNRESERVE else books.now)
    return total


def release(books, account, currency, lots, *, journal_id, at):
    """Make the pending `lots` spendable at `at`; arrears are paid first. Returns how many points there were."""
    total = sum(lot.remaining for lot in lots)
    if not total:
        return 0
    holding = account.holding(currency.id)
    paid = min(total, holding.arrears)
    key = books.entry(
        account,
        currency,
        Entry.Kind.RELEASE,
        total,
        journal_id=journal_id,
        activity_at=at,
        pending=-total,
        available=total - paid,
        arrears=-paid,
    )
    for lot in lots:
        lot.put(is_pending=False, available_at=at)
        holding.wake_at(lot.expires_at)
    for lot, used in split(paid, lots):
        books.use(key, lot, used)
    start_clock(books, account, currency, at)
    return total


def keep_alive(books, account, currency, activity, at):
    """Note that the member was active: under the activity model the whole balance lives on (C10-R3)."""
    holding = account.holding(currency.id)
    holding.last_activity_at = max(at, holding.last_activity_at or at)
    holding.is_touched = account.is_touched = True
    if not currency.is_spendable or not currency.expiry.counts_activity(activity):
        return
    end = end_of_inactivity(currency.expiry, last_activity_at=at, zone=books.configuration.zone)
    start_clock(books, account, currency, books.now)
    if end > holding.expires_at:
        holding.live_until(end)


def count(books, account, currency, points, at):
    """Move the tallies of the windows in which `at` lies."""
    for group in books.configuration.tier_groups.values():
        if group.currency == currency.code:
            tally = account.count(currency.id, group.period(at, books.configuration.zone))
            tally.points += points
            tally.moved += points
            account.is_touched = True


def split(points, lots):
    """(lot, points) pairs that together are `points`, from the first lot on."""
    for lot in lots:
        if points <= 0:
            return
        used = min(points, lot.remaining)
        if used:
            points -= used
            yield lot, used
