"""What becomes of points that were set aside: are they spent, or given back?"""

from collections.abc import Iterator

from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.refusals import Refusal, Refused
from partners import limits
from partners.activity import Decision
from transactions.books.balances import BalanceInHand, Cause, Moved
from transactions.books.items import Result
from transactions.books.originals import Original
from transactions.books.posting import Posting
from transactions.books.references import Named
from transactions.models import Entry, Journal
from transactions.verbs.base import Needs, Verb

#: What a reservation becomes by what is decided of it; all other decisions are those of transactions/reviews.
_OUTCOMES = {"confirm": Journal.Status.PROCESSED, "release": Journal.Status.REJECTED}


class NotReserved(Refused):
    """The transaction is no reservation that is still open."""

    code = "not_reserved"


class Decide(Verb[Decision]):
    """Confirm or release a reservation. Said twice, it counts once."""

    Item = Decision

    def check(self, item: Decision) -> Iterator[Refusal]:
        if item.action not in _OUTCOMES:
            yield Refusal("invalid_deed", "A reservation is confirmed or released.", field="action")
        yield from limits.numbers(item)

    def needs(self, item: Decision) -> Needs:
        return Needs(named=Named(item.journal_id), lots=True)

    def post(self, posting: Posting[Decision]) -> Result:
        original, outcome = posting.about, _OUTCOMES[posting.item.action]
        is_again = _is_decided(posting, original, outcome)
        hand = posting.balance(posting.books.currencies[original.uses[0][0].currency_id])
        if is_again:
            return Result("replayed", original.id, _answer(posting, original, hand, outcome))
        cause = Cause(original.id, posting.activity_at)
        if outcome == Journal.Status.PROCESSED:
            _confirm(hand, original, cause)
        else:
            _release(hand, original, cause)
        why, user_id = posting.item.reason, posting.context.user_id
        posting.books.end_reservation(original.id, status=outcome.value, error=why, user_id=user_id)
        original.status = outcome.value
        return Result("posted", original.id, _answer(posting, original, hand, outcome))


def _is_decided(posting: Posting[Decision], original: Original, outcome: Journal.Status) -> bool:
    """Whether the reservation is in the state `outcome` already. Raises NotReserved where it is in another one."""
    if original.kind != Journal.Kind.REDEMPTION:
        raise NotReserved("This is no reservation.", field="transaction")
    # It was read before what time did was booked.
    is_pending, due_at = original.status == Journal.Status.PENDING, original.due_at
    has_run_out = is_pending and due_at is not None and due_at <= posting.books.now
    status = Journal.Status.REJECTED.value if has_run_out else original.status
    if status == outcome and due_at:
        return True
    if status != Journal.Status.PENDING:
        why = "has run out" if has_run_out else f"is {status}"
        raise NotReserved(f"The reservation {why}; it is not open any more.", field="transaction")
    return False


def _confirm(hand: BalanceInHand, original: Original, cause: Cause) -> None:
    points = sum(used for _, used in original.uses)
    hand.entry(Entry.Kind.CONFIRM, -points, Moved(reserved=-points), cause, lifetime="redeemed")


def _release(hand: BalanceInHand, original: Original, cause: Cause) -> None:
    uses = [(hand.books.add_lot(lot), used) for lot, used in original.uses]
    hand.put_back(uses, cause, kind=Entry.Kind.UNRESERVE)


def _answer(
    posting: Posting[Decision], original: Original, hand: BalanceInHand, outcome: Journal.Status
) -> JsonObject:
    """What is answered about a reservation that has this outcome, however often it is decided."""
    points = sum(used for _, used in original.uses) if outcome == Journal.Status.PROCESSED else 0
    return posting.state([hand.currency]) | {"status": outcome.value, "points": {hand.currency.code: -points}}
