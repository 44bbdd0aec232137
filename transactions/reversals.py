"""How is a journal taken back? A refund for a purchase, a return for a redemption."""

from datetime import timedelta

from loyalty_site.lib.refusals import Refused
from transactions import moves, refunds, returns, settlement
from transactions.models import Entry, Journal

REVERSAL = Journal.Kind.REVERSAL

#: A refund that is ahead of its order waits this long for it.
UNMATCHED_FOR = timedelta(days=30)


class NotReversible(Refused):
    code = "not_reversible"


def reverse(posting):
    """Take back a journal, or a part of it. Raises Refused before anything moves."""
    original, item = posting.original, posting.item
    if original is None:
        why = "The order is not here yet; the refund waits for it."
        due_at = posting.books.now + UNMATCHED_FOR
        return posting.keep(REVERSAL, Journal.Status.PENDING, why, order_ref=item.order, due_at=due_at)
    if original.kind == REVERSAL:
        raise NotReversible("A reversal is final; post the transaction again instead.", field="transaction")
    if original.is_reversed:
        raise NotReversible("This transaction is already reversed.", field="transaction")
    if original.is_open:
        raise NotReversible(f"This transaction is {original.status}: decide it instead.", field="transaction")
    if original.kind == Journal.Kind.ACCRUAL:
        key, answer, payload = refunds.refund(posting)
    elif original.kind == Journal.Kind.REDEMPTION:
        key, answer, payload = _return(posting)
    elif original.kind == Journal.Kind.ADJUSTMENT:
        key, answer, payload = _undo(posting)
    else:
        raise NotReversible("This kind of transaction cannot be reversed.", field="transaction")
    return posting.write(
        key,
        REVERSAL,
        answer=answer | posting.state(posting.configuration.currencies.values()),
        activity=f"{original.kind} reversed",
        reason=item.reason,
        reverses_id=original.id,
        payload=payload,
    )


def _return(posting):
    """Give back all, or some, of the points of a redemption."""
    original, item = posting.original, posting.item
    left = returns.left(original)
    points = left if item.points is None else item.points
    if points > left:
        raise refunds.RefundTooLarge(f"Only {left} points of it are left to give back.", field="points")
    key = posting.key()
    back = returns.give_back(posting, original, points, journal_id=key)
    currency = posting.books.currencies[original.uses[0][0].currency_id]
    answer = {"points": {currency.code: back}, "unrecovered": {}, "reverses": original.id}
    return key, answer, {"points": points}


def _undo(posting):
    """Take back a manual credit as far as its points are there; give back what a manual debit took."""
    original, books, account = posting.original, posting.books, posting.account
    key, moved, unrecovered = posting.key(), {}, {}
    common = {"journal_id": key, "activity_at": posting.activity_at}
    for entry, currency_id, points in original.credits:
        currency = books.currencies[currency_id]
        own = books.lots.get((account.id, currency_id), {}).get(entry)
        usable = books.usable_lots(account, currency, at=books.now)
        lots = sorted(usable, key=lambda lot, own=own: lot is not own)
        taken = min(points, sum(lot.remaining for lot in lots))
        if taken:
            kind = Entry.Kind.REVERSAL_DEBIT
            moves.debit(books, account, currency, taken, lots=lots, kind=kind, lifetime_reversed=taken, **common)
        moved[currency.code] = -taken
        if taken < points:
            unrecovered[currency.code] = points - taken
    if original.uses:
        currency = books.currencies[original.uses[0][0].currency_id]
        uses = [(books.add_lot(lot), used) for lot, used in original.uses]
        total = sum(used for _, used in uses)
        kind = Entry.Kind.REVERSAL_CREDIT
        moves.put_back(books, account, currency, uses, kind=kind, lifetime_reversed=-total, **common)
        moved[currency.code] = total
    original.status = Journal.Status.REVERSED
    books.change_journal(original.id, status=original.status, taken_back=0)
    return key, {"points": moved, "unrecovered": unrecovered, "reverses": original.id}, {}


def release_early(posting):
    """Make the pending points of a journal spendable now, because a member of staff says why (C9-R4)."""
    original, books, account = posting.original, posting.books, posting.account
    lots = [
        (books.currencies[currency_id], lot)
        for entry, currency_id, _ in (original.credits if original else ())
        if (lot := books.lots.get((account.id, currency_id), {}).get(entry)) and lot.is_pending and lot.remaining
    ]
    if not lots:
        raise NotReversible("The transaction has no pending points.", field="transaction")
    key, moved = posting.key(), {}
    for currency, lot in lots:
        moved[currency.code] = lot.remaining
        settlement.release_now(books, account, currency, lot, journal_id=key, at=posting.activity_at)
    answer = {"released": moved} | posting.state(posting.configuration.currencies.values())
    return posting.write(
        key, Journal.Kind.ADJUSTMENT, answer=answer, activity="early release", reason=posting.item.reason
    )
