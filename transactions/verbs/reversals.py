"""How is a journal taken back? A refund for a purchase, a return for a redemption."""

from collections.abc import Iterator
from datetime import timedelta

from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.refusals import Refusal, Refused
from members import granting
from members.ladder import Ladder
from partners import limits
from partners.activity import Reversal
from programs import worth
from transactions.books import limits as common
from transactions.books.balances import BalanceInHand, Cause
from transactions.books.items import Result
from transactions.books.originals import Original
from transactions.books.posting import Posting
from transactions.books.references import Named
from transactions.books.refunded import RefundTooLarge
from transactions.models import Entry, Journal
from transactions.verbs import refunds, restoring
from transactions.verbs.base import Needs, Verb
from transactions.verbs.refunds import TakenBack, claw_back

#: What the journal of an early release calls itself.
EARLY_RELEASE = "early release"

#: A refund that is ahead of its order waits this long for it.
UNMATCHED_FOR = timedelta(days=30)


class NotReversible(Refused):
    """The transaction cannot be taken back, or not any more."""

    code = "not_reversible"


class WrongMeasure(Refused):
    """An order is taken back in money, everything else in points."""

    code = "wrong_measure"


#: What a reversal may name of each kind of journal; without it, it is about all that is left.
_MEASURES: dict[str, set[str]] = {
    Journal.Kind.ACCRUAL: {"amount", "lines", "shipping", "shipping_tax"},
    Journal.Kind.REDEMPTION: {"points"},
    Journal.Kind.ADJUSTMENT: set(),
    Journal.Kind.TIER: set(),
}


class Reverse(Verb[Reversal]):
    """Take back a journal, or a part of it."""

    Item = Reversal
    kind = Journal.Kind.REVERSAL
    is_resumed = True

    def check(self, item: Reversal) -> Iterator[Refusal]:
        if not item.order:
            yield from limits.numbers(item, "journal_id")
        yield from limits.numbers(item, "amount", "shipping", "shipping_tax", "points")
        if (item.shipping_tax or 0) > (item.shipping or 0):
            detail = "The tax on shipping is part of the shipping that comes back: say how much of that does."
            yield Refusal("invalid_amount", detail, field="shipping_tax")
        if item.mode not in ("recompute", "proportional"):
            yield Refusal("invalid_mode", "The mode is recompute or proportional.", field="mode")
        yield from common.lines(item)
        for position, line in enumerate(item.lines):
            yield from common.line(line, position)

    def needs(self, item: Reversal) -> Needs:
        named = Named(item.journal_id, item.order)
        return Needs(
            external_id=item.external_id,
            named=named,
            may_come_later=bool(item.order),
            payers=True,
            lots=True,
            past=True,
            returns=True,
        )

    def post(self, posting: Posting[Reversal]) -> Result:
        why = _why_it_waits(posting)
        return _wait(posting, why) if why else _take_back(posting, posting.about)


def _why_it_waits(posting: Posting[Reversal]) -> str:
    """What a refund waits for; "" where it need not."""
    order, why = posting.original, ""
    if order is None:
        why = "The order is not here yet; the refund waits for it."
    elif order.is_open and order.kind == Journal.Kind.ACCRUAL and not posting.item.journal_id:
        why = f"The order is {order.status}; the refund waits until that is decided."
    return why


def _wait(posting: Posting[Reversal], why: str) -> Result:
    return posting.keep(
        Journal.Status.PENDING,
        why,
        kind=Journal.Kind.REVERSAL.value,
        external_id=posting.item.external_id,
        order_ref=posting.item.order,
        due_at=posting.books.now + UNMATCHED_FOR,
    )


def _take_back(posting: Posting[Reversal], original: Original) -> Result:
    """Book what the kind of the journal asks for. Raises Refused before anything moves."""
    item = posting.item
    _check(original, item)
    if original.kind == Journal.Kind.ACCRUAL:
        cause, back = _refund_order(posting, original)
    elif original.kind == Journal.Kind.REDEMPTION:
        cause, back = _return_redeemed(posting, original)
    elif original.kind == Journal.Kind.TIER:
        cause, back = _restore_tier(posting, original)
    else:
        cause, back = _undo_adjustment(posting, original)
    posting.upgrade()
    posting.revert(original.id)
    return posting.write(
        cause.journal_id,
        kind=Journal.Kind.REVERSAL.value,
        external_id=item.external_id,
        answer=back.answer | posting.state(posting.configuration.currencies.values()),
        activity=f"{original.kind} reversed",
        reason=item.reason,
        reverses_id=original.id,
        trace=back.trace,
    )


def _check(original: Original, item: Reversal) -> None:
    """Raises NotReversible, WrongMeasure."""
    if original.kind == Journal.Kind.REVERSAL:
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
    named = {name for name in ("amount", "points", "shipping", "shipping_tax") if getattr(item, name) is not None}
    named |= {"lines"} if item.lines else set()
    for name in sorted(named - _MEASURES[original.kind]):
        raise WrongMeasure(f"Of this kind of transaction, {name} cannot be taken back.", field=name)


def _refund_order(posting: Posting[Reversal], original: Original) -> tuple[Cause, TakenBack]:
    """Take back what an order gave for the part of it that came back."""
    share = original.wanted(posting.item)
    cause = posting.cause()
    return cause, refunds.refund(posting.books, posting.account, original, posting.item, share, cause)


def _return_redeemed(posting: Posting[Reversal], original: Original) -> tuple[Cause, TakenBack]:
    """Give back all, or some, of the points of a redemption."""
    points = original.left if posting.item.points is None else posting.item.points
    if points > original.left:
        raise RefundTooLarge(f"Only {original.left} points of it are left to give back.", field="points")
    cause = posting.cause()
    paid = worth.text(restoring.paid_by(posting.books, original, points), posting.configuration)
    back = restoring.give_back(posting.books, posting.account, original, points, cause)
    currency = posting.books.currencies[original.uses[0][0].currency_id]
    answer: JsonObject = {"points": {currency.code: back}, "restored_value": paid}
    answer |= {"unrecovered": {}, "unrecovered_value": {}, "reverses": original.id}
    return cause, TakenBack(answer, {})


def _restore_tier(posting: Posting[Reversal], original: Original) -> tuple[Cause, TakenBack]:
    """Let the member hold what was held before a tier was set. Raises NotReversible where it has changed since."""
    configuration, account, now = posting.configuration, posting.account, posting.books.now
    ladders = [Ladder(configuration, group, account) for group in configuration.tier_groups.values()]
    if not any(granting.take_back(ladder, original.id, now=now) for ladder in ladders):
        raise NotReversible("The tier has changed since: set the one that is right.", field="transaction")
    cause = posting.cause()
    posting.books.reverse(original, 0, is_all=True)
    answer: JsonObject = {"points": {}, "unrecovered": {}, "unrecovered_value": {}, "reverses": original.id}
    return cause, TakenBack(answer, {"points": {}})


def _undo_adjustment(posting: Posting[Reversal], original: Original) -> tuple[Cause, TakenBack]:
    """Take back a manual credit as far as its points are there; give back what a manual debit took."""
    books, cause = posting.books, posting.cause()
    moved: dict[str, int] = {}
    unrecovered: dict[str, int] = {}
    for entry, currency_id, points in original.credits:
        hand = posting.balance(books.currencies[currency_id])
        claw = points - books.gone_of(original, entry, posting.account)
        # A mistake of ours takes what is there, and nobody into debt.
        taken = claw_back(hand, original, entry, claw, cause, policy="within_balance") if claw else 0
        moved[hand.currency.code] = -taken
        if taken < claw:
            unrecovered[hand.currency.code] = claw - taken
    for _, currency_id, points in original.debits:
        hand = posting.balance(books.currencies[currency_id])
        moved[hand.currency.code] = _give_back_debit(posting, original, hand, -points, cause)
    books.reverse(original, 0, is_all=True)
    answer: JsonObject = {"points": moved, "unrecovered": unrecovered}
    answer |= {"unrecovered_value": worth.texts(unrecovered, posting.configuration), "reverses": original.id}
    return cause, TakenBack(answer, {"points": moved})


def _give_back_debit(
    posting: Posting[Reversal], original: Original, hand: BalanceInHand, points: int, cause: Cause
) -> int:
    """Return what a manual debit took; qualifying points, which have no lots, to the balance and its tally."""
    if hand.currency.is_spendable:
        return _give_back_overdrawn(posting, original, hand, points, cause)
    hand.credit(points, cause, kind=Entry.Kind.REVERSAL_CREDIT, lifetime="reversed")
    hand.count_fact(points, original.counted_for_tiers((), cause, posting.configuration.zone))
    return points


def _give_back_overdrawn(
    posting: Posting[Reversal], original: Original, hand: BalanceInHand, points: int, cause: Cause
) -> int:
    """Return the points of a debit to their lots; what no lot held, and so became arrears, pays these first."""
    back, overdrawn = 0, points - sum(used for _, used in original.uses)
    if original.uses:
        back = restoring.restore(posting.books, posting.account, original.uses, cause, lifetime="reversed")
    if overdrawn:
        end = hand.end_of(earned_at=posting.books.now)
        hand.credit(overdrawn, cause, kind=Entry.Kind.REVERSAL_CREDIT, end=end, lifetime="reversed")
    return back + overdrawn
