"""Until when does what a member brings along last?"""

from partners.opening import Opening
from programs.expiry import End, days_from, end_of_inactivity
from transactions.books.balances import BalanceInHand
from transactions.books.posting import Posting


def is_said(item: Opening) -> bool:
    """Whether the sender says when the points end, or from what their end is counted."""
    return bool(item.ends_at or item.never_ends or item.earned_at)


def end_of(posting: Posting[Opening], hand: BalanceInHand) -> End:
    """When the points end: as the file says, else as the program has it; some balances end as a whole."""
    item = posting.item
    if hand.currency.expiry.model == "activity" or item.never_ends:
        return End()
    return End(item.ends_at) if item.ends_at else hand.end_of(earned_at=item.earned_at or posting.books.now)


def note_activity(posting: Posting[Opening], hand: BalanceInHand, moved: int) -> None:
    """Note when the member was active last there; under the activity model, let the whole balance live so long.

    An end that the sender promises comes before one that is counted from the last activity of there; without either
    a balance without an end has a whole period from now. A later end that is held already stays.
    """
    item, holding, now = posting.item, hand.holding, posting.books.now
    if item.last_activity_at:
        holding.last_activity_at = max(holding.last_activity_at or item.last_activity_at, item.last_activity_at)
        holding.is_touched = posting.account.is_touched = True
    if hand.currency.expiry.model != "activity" or holding.balance + moved <= 0:
        return
    terms, zone = hand.currency.expiry, posting.configuration.zone
    if item.ends_at:
        ends = item.ends_at
    elif item.last_activity_at:
        ends = end_of_inactivity(terms, last_activity_at=item.last_activity_at, zone=zone)
        ends = max(ends, days_from(now, terms.min_validity_days, zone))
    elif holding.expires_at is None and moved > 0:
        ends = end_of_inactivity(terms, last_activity_at=now, zone=zone)
    else:
        return
    if holding.expires_at is None or ends > holding.expires_at:
        holding.live_until(ends)
