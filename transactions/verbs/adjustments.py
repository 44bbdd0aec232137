"""How do staff credit and debit by hand?"""

from loyalty_site.lib import money
from loyalty_site.lib.refusals import Refused
from transactions.books import moves
from transactions.books.posting import InsufficientPoints
from transactions.models import Journal
from transactions.verbs import balance_limits


class ReasonMissing(Refused):
    code = "reason_missing"


def adjust(posting):
    """Credit or debit the points of an Adjustment. Raises Refused before anything moves."""
    item, books, account = posting.item, posting.books, posting.account
    posting.check_member()
    posting.check_date()
    if not item.reason.strip():
        raise ReasonMissing("Say why: members and auditors will ask.", field="reason")
    currency = posting.currency(item.currency)
    common = {"activity_at": posting.activity_at}
    if item.points > 0:
        balance_limits.check_room(account, currency, item.points)
        key = posting.key()
        end = moves.end_of(books, account, currency, earned_at=posting.activity_at)
        moves.credit(
            books, account, currency, item.points, journal_id=key, end=end, lifetime_earned=item.points, **common
        )
        moves.count(books, account, currency, item.points, posting.activity_at)
        posting.upgrade()
    else:
        points = -item.points
        lots = books.usable_lots(account, currency, at=books.now)
        free = account.holding(currency.id).available
        usable = sum(lot.remaining for lot in lots) if currency.is_spendable else free
        if usable < points:
            have = money.render(usable, currency.decimals)
            raise InsufficientPoints(f"The member has {have} {currency.name}.", field="points")
        key = posting.key()
        moves.debit(books, account, currency, points, lots=lots, journal_id=key, lifetime_reversed=points, **common)
        moves.count(books, account, currency, -points, posting.activity_at)
    return posting.write(
        key,
        Journal.Kind.ADJUSTMENT,
        answer={"points": {currency.code: item.points}} | posting.state([currency]),
        activity="adjustment",
        reason=item.reason,
        attributes=item.attributes,
    )
