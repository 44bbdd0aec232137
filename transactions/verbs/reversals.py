"""How is a journal taken back? A refund for a purchase, a return for a redemption."""

from datetime import timedelta

from loyalty_site.lib.refusals import Refused
from transactions.books import moves, settlement
from transactions.models import Entry, Journal
from transactions.verbs import groups, refunds, restoring
from transactions.verbs.adjustments import ReasonMissing

REVERSAL = Journal.Kind.REVERSAL

#: What the journal of an early release calls itself.
EARLY_RELEASE = "early release"

#: A refund that is ahead of its order waits this long for it.
UNMATCHED_FOR = timedelta(days=30)


class NotReversible(Refused):
    code = "not_reversible"


class WrongMeasure(Refused):
    code = "wrong_measure"


#: What a reversal may name of each kind of journal; without it, it is about all that is left.
_MEASURES = {
    Journal.Kind.ACCRUAL: {"amount", "lines"},
    Journal.Kind.REDEMPTION: {"points"},
    Journal.Kind.ADJUSTMENT: set(),
}


def reverse(posting):
    """Take back a journal, or a part of it. Raises Refused before anything moves."""
    original, item = posting.original, posting.item
    if original is None:
        return _wait(posting, "The order is not here yet; the refund waits for it.")
    if original.is_open and original.kind == Journal.Kind.ACCRUAL and not item.journal_id:
        return _wait(posting, f"The order is {original.status}; the refund waits until that is decided.")
    _check(original, item)
    if original.kind == Journal.Kind.ACCRUAL:
        key, answer, trace = refunds.refund(posting)
    elif original.kind == Journal.Kind.REDEMPTION:
        key, answer, trace = _return(posting)
    else:
        key, answer, trace = _undo(posting)
    return posting.write(
        key,
        REVERSAL,
        answer=answer | posting.state(posting.configuration.currencies.values()),
        activity=f"{original.kind} reversed",
        reason=item.reason,
        reverses_id=original.id,
        trace=trace,
    )


def _wait(posting, why):
    due_at = posting.books.now + UNMATCHED_FOR
    return posting.keep(REVERSAL, Journal.Status.PENDING, why, order_ref=posting.item.order, due_at=due_at)


def _check(original, item):
    if original.kind == REVERSAL:
        raise NotReversible("A reversal is final; post the transaction again instead.", field="transaction")
    if original.kind not in _MEASURES or original.activity == EARLY_RELEASE:
        raise NotReversible("This kind of transaction cannot be reversed.", field="transaction")
    if original.is_reversed:
        raise NotReversible(f"This transaction is already {original.status}.", field="transaction")
    if original.is_open:
        raise NotReversible(f"This transaction is {original.status}: decide it instead.", field="transaction")
    if item.money and original.money not in ("", item.money):
        detail = f"The order was paid in {original.money}, and the refund is in {item.money}."
        raise WrongMeasure(detail, field="currency")
    named = {name for name, value in (("amount", item.amount), ("points", item.points)) if value is not None}
    named |= {"lines"} if item.lines else set()
    for name in sorted(named - _MEASURES[original.kind]):
        raise WrongMeasure(f"Of this kind of transaction, {name} cannot be taken back.", field=name)


def _return(posting):
    """Give back all, or some, of the points of a redemption."""
    original, item = posting.original, posting.item
    left = restoring.left(original)
    points = left if item.points is None else item.points
    if points > left:
        raise refunds.RefundTooLarge(f"Only {left} points of it are left to give back.", field="points")
    key = posting.key()
    back = restoring.give_back(posting, original, points, journal_id=key)
    currency = posting.books.currencies[original.uses[0][0].currency_id]
    answer = {"points": {currency.code: back}, "unrecovered": {}, "reverses": original.id}
    return key, answer, {}


def _undo(posting):
    """Take back a manual credit as far as its points are there; give back what a manual debit took."""
    original, books = posting.original, posting.books
    key, moved, unrecovered = posting.key(), {}, {}
    for entry, currency_id, points in original.credits:
        currency = books.currencies[currency_id]
        claw = points - books.lost_of(original, entry, posting.account)
        # A mistake of ours takes what is there, and nobody into debt.
        taken = refunds.claw_back(posting, currency, entry, claw, key, policy="within_balance") if claw else 0
        moved[currency.code] = -taken
        if taken < claw:
            unrecovered[currency.code] = claw - taken
    for _, currency_id, points in original.debits:
        currency = books.currencies[currency_id]
        moved[currency.code] = _give_back_debit(posting, currency, -points, key)
    books.take_back(original, 0, is_all=True)
    return key, {"points": moved, "unrecovered": unrecovered, "reverses": original.id}, {}


def _give_back_debit(posting, currency, points, key):
    """Return what a manual debit took; qualifying points, which have no lots, to the balance and its tally."""
    original, books, account = posting.original, posting.books, posting.account
    if currency.is_spendable:
        return restoring.restore(posting, original.uses, journal_id=key, lifetime="lifetime_reversed")
    common = {"journal_id": key, "activity_at": posting.activity_at, "kind": Entry.Kind.REVERSAL_CREDIT}
    moves.credit(books, account, currency, points, lifetime_reversed=-points, **common)
    moves.count(books, account, currency, points, original.activity_at)
    posting.upgrade()
    return points


def release_early(posting):
    """Make the pending points of a journal spendable now, because a member of staff says why (C9-R4)."""
    if not posting.item.reason.strip():
        raise ReasonMissing("Say why: members and auditors will ask.", field="reason")
    original, books = posting.original, posting.books
    lots = list(groups.pending_lots(posting)) if original else []
    if not lots:
        raise NotReversible("The transaction has no pending points.", field="transaction")
    key, moved = posting.key(), {}
    for account, currency, lot in lots:
        moved[currency.code] = moved.get(currency.code, 0) + lot.remaining
        settlement.release_now(books, account, currency, lot, journal_id=key, at=posting.activity_at)
    answer = {"released": moved} | posting.state(posting.configuration.currencies.values())
    return posting.write(
        key, Journal.Kind.ADJUSTMENT, answer=answer, activity=EARLY_RELEASE, reason=posting.item.reason
    )
