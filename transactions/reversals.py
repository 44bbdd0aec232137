"""How is a whole journal taken back?"""

from dataclasses import dataclass
from datetime import timedelta

from loyalty_site.lib.refusals import Refusal, Refused
from loyalty_site.lib.sql import instant
from programs import periods
from programs.expiry import End
from transactions.accruals import count_tallies
from transactions.books import LotState
from transactions.models import Entry, Journal

#: Points that come back from a redemption live at least this long (semantics C13-R2, policy grace).
GRACE_DAYS = 30


class NotReversible(Refused):
    code = "not_reversible"


@dataclass(slots=True)
class Original:
    """The journal that is to be taken back, with its entries and the lots that they used."""

    id: int
    kind: str
    status: str
    activity_at: object
    entries: list
    uses: dict


def owners(session, program_id, wishes):
    """A function that gives, for each Reversal of `wishes`, the member of its journal or a Refusal."""
    if not wishes:
        return lambda: []
    cursor = session.run(
        "SELECT id, member_id FROM transactions_journal WHERE program_id = %s AND id {ids}",
        [program_id, [wish.journal_id for wish in wishes]],
    )
    unknown = Refusal("transaction_unknown", "The program has no such transaction.", field="transaction")

    def take():
        found = dict(cursor.fetchall())
        return [found.get(wish.journal_id, unknown) for wish in wishes]

    return take


def originals(session, wishes):
    """A function that gives {journal id: Original} of what `wishes` want to take back, read under lock."""
    if not wishes:
        return dict
    ids = [wish.journal_id for wish in wishes]
    journals = session.run("SELECT id, kind, status, activity_at FROM transactions_journal WHERE id {ids}", [ids])
    entries = session.run(
        "SELECT e.journal_id, e.id, e.currency_id, e.points, l.remaining, l.activity_at, l.expires_at, l.points "
        "FROM transactions_entry e LEFT JOIN transactions_lot l ON l.entry_id = e.id "
        "WHERE e.journal_id {ids} ORDER BY e.id",
        [ids],
    )
    uses = session.run(
        "SELECT t.entry_id, t.points, l.entry_id, l.member_id, l.currency_id, l.points, l.remaining, l.activity_at, "
        "l.expires_at, l.is_floored FROM transactions_trace t JOIN transactions_entry e ON e.id = t.entry_id "
        "JOIN transactions_lot l ON l.entry_id = t.lot_id WHERE e.journal_id {ids} ORDER BY t.id",
        [ids],
    )

    def take():
        found = {row[0]: Original(*row[:3], instant(row[3]), [], {}) for row in journals.fetchall()}
        for journal, entry, currency, points, *_ in entries.fetchall():
            found[journal].entries.append((entry, currency, points))
            found[journal].uses[entry] = []
        by_entry = {entry: original for original in found.values() for entry in original.uses}
        for entry, used, *lot in uses.fetchall():
            lot[5], lot[6] = instant(lot[5]), instant(lot[6])
            by_entry[entry].uses[entry].append((used, LotState(*lot)))
        return found

    return take


def reverse(posting):
    """Take back everything that a journal did. Points that are spent by now are told as `unrecovered`."""
    original, books = posting.original, posting.books
    if original.kind == Journal.Kind.REVERSAL:
        raise NotReversible("A reversal is final; post the transaction again instead.", field="transaction")
    if original.status == Journal.Status.REVERSED:
        raise NotReversible("This transaction is already reversed.", field="transaction")
    posting.check_date()
    currencies = {currency.id: currency for currency in posting.configuration.currencies.values()}
    key = books.next_journal()
    moved, unrecovered = {}, {}
    for entry_id, currency_id, points in original.entries:
        currency = currencies[currency_id]
        if points > 0:
            taken = _take_back(posting, currency, entry_id, points, key)
            moved[currency.code] = moved.get(currency.code, 0) - taken
            if taken < points:
                unrecovered[currency.code] = points - taken
        else:
            moved[currency.code] = moved.get(currency.code, 0) + _give_back(posting, currency, entry_id, key)
    books.reversed.append(original.id)
    original.status = Journal.Status.REVERSED
    answer = {"points": moved, "unrecovered": unrecovered, "reverses": original.id}
    return posting.write(
        key,
        Journal.Kind.REVERSAL,
        answer=answer | posting.state(currencies.values()),
        activity=f"{original.kind} reversed",
        reason=posting.item.reason,
        reverses_id=original.id,
    )


def _take_back(posting, currency, entry_id, points, journal_id):
    """Debit what a credit gave: from its own lot first, then from others; returns the points taken."""
    books, account = posting.books, posting.account
    lots = books.usable_lots(account, currency, at=books.now) if currency.is_spendable else []
    lots.sort(key=lambda lot: lot.id != entry_id)
    spendable = sum(lot.remaining for lot in lots)
    taken = min(points, spendable if currency.is_spendable else account.holding(currency.id).available)
    if taken:
        books.debit(
            account,
            currency,
            taken,
            lots=lots,
            journal_id=journal_id,
            activity_at=posting.activity_at,
            kind=Entry.Kind.REVERSAL_DEBIT,
            lifetime_reversed=taken,
        )
        count_tallies(posting, currency, -taken, posting.original.activity_at)
    return taken


def _give_back(posting, currency, entry_id, journal_id):
    """Put the points of a debit back into the lots they came from; returns the points given.

    A lot that has ended meanwhile gets a successor with a short life of its own.
    """
    books, account, now = posting.books, posting.account, posting.books.now
    uses = [(used, books.add_lot(lot)) for used, lot in posting.original.uses[entry_id]]
    alive = [(used, lot) for used, lot in uses if lot.expires_at is None or lot.expires_at > now]
    common = {"journal_id": journal_id, "activity_at": posting.activity_at}
    total = sum(used for used, _ in alive)
    if total:
        account.holding(currency.id).move(available=total, lifetime_redeemed=-total)
        key = books.entry(account, currency, Entry.Kind.REVERSAL_CREDIT, total, **common)
        for used, lot in alive:
            books.use(key, lot, -used)
    ended = sum(used for used, _ in uses) - total
    if ended:
        zone = posting.configuration.zone
        last_day = periods.local_date(now, zone) + timedelta(days=GRACE_DAYS)
        books.credit(
            account,
            currency,
            ended,
            end=End(periods.end_of_day(last_day, zone)),
            kind=Entry.Kind.REVERSAL_CREDIT,
            lifetime_redeemed=-ended,
            **common,
        )
    return total + ended
