"""How do staff credit and debit by hand?"""

from collections.abc import Iterator

from loyalty_site.lib import money
from loyalty_site.lib.refusals import Refusal, Refused
from partners import limits
from partners.activity import Adjustment
from transactions.books.balances import BalanceInHand, Cause
from transactions.books.items import Result
from transactions.books.lots import remaining
from transactions.books.posting import InsufficientPoints, Posting
from transactions.models import Journal
from transactions.verbs import balance_limits
from transactions.verbs.base import Needs, Verb


class ReasonMissing(Refused):
    """Whoever decides by hand says why."""

    code = "reason_missing"


class Adjust(Verb[Adjustment]):
    """Credit or debit the points of an Adjustment."""

    Item = Adjustment
    kind = Journal.Kind.ADJUSTMENT
    is_resumed = True

    def check(self, item: Adjustment) -> Iterator[Refusal]:
        if item.points == 0:
            yield Refusal("invalid_number", "Credit or debit at least one point.", field="points")
        yield from limits.numbers(item)

    def needs(self, item: Adjustment) -> Needs:
        return Needs(external_id=item.external_id, member=item.member, lots=True)

    def post(self, posting: Posting[Adjustment]) -> Result:
        item = posting.item
        posting.check_member()
        posting.check_date()
        check_reason(item.reason)
        currency = posting.currency(item.currency)
        hand = posting.balance(currency)
        if item.points > 0:
            balance_limits.check_room(posting.account, currency, item.points)
            cause = posting.cause()
            _credit(hand, item.points, cause)
            posting.upgrade()
        else:
            _check_funds(hand, -item.points)
            cause = posting.cause()
            _debit(hand, -item.points, cause)
        return posting.write(
            cause.journal_id,
            kind=Journal.Kind.ADJUSTMENT.value,
            external_id=item.external_id,
            answer={"points": {currency.code: item.points}} | posting.state([currency]),
            activity="adjustment",
            reason=item.reason,
            attributes=item.attributes,
        )


def check_reason(reason: str) -> None:
    """Raises ReasonMissing: nobody changes points by hand without saying why."""
    if not reason.strip():
        raise ReasonMissing("Say why: members and auditors will ask.", field="reason")


def _credit(hand: BalanceInHand, points: int, cause: Cause) -> None:
    hand.credit(points, cause, end=hand.end_of(earned_at=cause.at), lifetime="earned")
    hand.count(points, cause.at)


def _check_funds(hand: BalanceInHand, points: int) -> None:
    """Raises InsufficientPoints."""
    currency = hand.currency
    usable = remaining(hand.usable_lots(hand.books.now)) if currency.is_spendable else hand.holding.available
    if usable < points:
        have = money.render(usable, currency.decimals)
        raise InsufficientPoints(f"The member has {have} {currency.name}.", field="points")


def _debit(hand: BalanceInHand, points: int, cause: Cause) -> None:
    hand.debit(points, cause, hand.usable_lots(hand.books.now), lifetime="reversed")
    hand.count(-points, cause.at)
