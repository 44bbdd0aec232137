"""How do redeemed points come back? Source of the rules: semantics C13."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from members.holdings import Account, Lifetime
from programs import versions, worth
from programs.expiry import End, days_from
from transactions.books.balances import BalanceInHand, Cause
from transactions.books.lots import LotState, Use
from transactions.books.originals import Original
from transactions.books.unit_of_work import Books
from transactions.models import Entry


def give_back(books: Books, account: Account, redemption: Original, points: int, cause: Cause) -> int:
    """Return `points` of a redemption, the newest consumed first; returns those that can be spent again."""
    uses = _newest_first(redemption, points)
    total = restore(books, account, uses, cause, lifetime="redeemed")
    books.reverse(redemption, points, is_all=points == redemption.left)
    return total


def paid_by(books: Books, redemption: Original, points: int) -> int | None:
    """What the next `points` of a redemption that come back had paid, in minor units; None where they paid nothing.

    By the point value of then; all parts together are what the whole was worth. Asked before they come back.
    """
    then, key = books.configuration, redemption.uses[0][0].currency_id
    if redemption.program_version != then.version:
        then = versions.at(then.id, redemption.program_version)
    currency, before = then.currencies_by_id.get(key), redemption.reversed_amount
    if currency is None:
        return None
    value, earlier = (worth.in_program(units, currency, then) for units in (before + points, before))
    return None if value is None or earlier is None else value - earlier


def restore(books: Books, account: Account, uses: Iterable[Use], cause: Cause, *, lifetime: Lifetime) -> int:
    """Put points back into the lots that they came from.

    A lot that has ended meanwhile cannot take them: the currency says whether they live on in a
    successor (grace, fresh) or end at once (strict). `lifetime` is the sum that they leave. Returns the
    points that can be spent again.
    """
    known = [(books.add_lot(lot), used) for lot, used in uses]
    hand = books.balance(account, books.currencies[known[0][0].currency_id])
    alive = [(lot, used) for lot, used in known if not _has_ended(lot, books.now) and lot.member_id == account.id]
    kind = Entry.Kind.REVERSAL_CREDIT
    total = hand.put_back(alive, cause, kind=kind, lifetime=lifetime)
    for lot, used in known:
        if _has_ended(lot, books.now):
            total += _revive(hand, lot, used, cause, lifetime)
        elif lot.member_id != account.id:
            # It was used before that member was merged into this one.
            end = End(lot.expires_at, lot.is_floored)
            hand.credit(used, cause, kind=kind, end=end, origin_id=lot.root, lifetime=lifetime)
            total += used
    return total


def _has_ended(lot: LotState, now: datetime) -> bool:
    return lot.expires_at is not None and lot.expires_at <= now


def _newest_first(redemption: Original, points: int) -> Iterator[Use]:
    """The uses from the last one back, behind what was returned before."""
    skip = redemption.reversed_amount
    for lot, used in reversed(redemption.uses):
        skipped = min(skip, used)
        skip -= skipped
        here = min(points, used - skipped)
        points -= here
        if here:
            yield lot, here


def _revive(hand: BalanceInHand, lot: LotState, points: int, cause: Cause, lifetime: Lifetime) -> int:
    """Points whose lot has ended: a lot of their own, or nothing; returns how many can be spent."""
    books, currency = hand.books, hand.currency
    if currency.returned_points == "fresh":
        end = hand.end_of(earned_at=books.now)
    else:
        zone, period_end = books.configuration.zone, currency.expiry.period_end
        grace = days_from(books.now, currency.grace_days, zone, period_end)
        end = End(max(lot.expires_at or grace, grace))
    kind = Entry.Kind.REVERSAL_CREDIT
    key = hand.credit(points, cause, kind=kind, end=end, origin_id=lot.root, lifetime=lifetime)
    if currency.returned_points != "strict":
        return points
    hand.end([books.lots[hand.account.id, currency.id][key]], cause)
    return 0
