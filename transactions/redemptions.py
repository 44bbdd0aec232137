"""How are points spent: at once, or set aside first and then confirmed or released?"""

from datetime import timedelta

from loyalty_site.lib import money
from loyalty_site.lib.refusals import Refused
from programs import worth
from transactions import moves, settlement
from transactions.models import Entry, Journal
from transactions.posting import InsufficientPoints, Result, UnknownCurrency

REDEMPTION = Journal.Kind.REDEMPTION


class OutsideLimits(Refused):
    code = "outside_limits"


class NotReserved(Refused):
    code = "not_reserved"


def redeem(posting):
    """Spend or reserve the points of a Redemption, from the lots in consumption order.

    Raises Refused; nothing moves then.
    """
    item, books, account = posting.item, posting.books, posting.account
    posting.check_member()
    posting.check_date()
    posting.check_partner()
    currency = posting.currency(item.currency)
    if not currency.is_spendable:
        raise UnknownCurrency(f"{currency.name} measure tiers and cannot be spent.", field="currency")
    store_id = posting.catalogue.store_id(item)
    value = _check_limits(posting, currency)
    lots = books.usable_lots(account, currency, at=books.now)
    usable = sum(lot.remaining for lot in lots)
    if usable < item.points:
        have = money.render(usable, currency.decimals)
        raise InsufficientPoints(f"The member has {have} {currency.name} to spend.", field="points")
    key = posting.key()
    due_at = books.now + timedelta(seconds=item.reserve_s) if item.reserve_s else None
    uses = _take(posting, currency, lots, key, due_at)
    moves.keep_alive(books, account, currency, "redemption", posting.activity_at)
    answer = {"points": {currency.code: -item.points}, "lots": [_use(lot, used) for lot, used in uses]}
    answer |= {"money_value": value, "reserved_until": due_at.isoformat() if due_at else None}
    return posting.write(
        key,
        REDEMPTION,
        answer=answer | posting.state([currency]),
        status=Journal.Status.PENDING.value if due_at else Journal.Status.PROCESSED.value,
        due_at=due_at,
        activity="redemption",
        order_ref=item.order,
        channel=item.channel,
        store_id=store_id,
        reason=item.reason,
        attributes=item.attributes,
    )


def _check_limits(posting, currency):
    """Minimum, maximum, step and share of the basket (C12-R2); returns what the points are worth in money."""
    points = posting.item.points
    most = currency.max_spend
    if points < currency.min_spend or (most is not None and points > most):
        span = f"from {currency.min_spend}" + (f" to {most}" if most is not None else "")
        raise OutsideLimits(f"One redemption is {span} points.", field="points")
    if points % currency.spend_step:
        raise OutsideLimits(f"Spend a multiple of {currency.spend_step} points.", field="points")
    if not currency.point_value:
        return None
    price = worth.price(currency.point_value, major=posting.configuration.major, unit=currency.unit)
    value = worth.of_points(points, price)
    basket = posting.item.basket
    if basket is not None and value.money_value * 100 > basket * currency.max_basket_percent:
        share = basket * currency.max_basket_percent // 100
        most = worth.of_points(int(share / price), price).points_used
        detail = f"Points pay at most {currency.max_basket_percent} % of the basket, which is {most} points."
        raise OutsideLimits(detail, field="points")
    return value.money_value


def _take(posting, currency, lots, key, due_at):
    """Debit the points for good, or set them aside until `due_at`; returns [(lot, points)]."""
    books, account, points = posting.books, posting.account, posting.item.points
    common = {"journal_id": key, "activity_at": posting.activity_at}
    if not due_at:
        return moves.debit(books, account, currency, points, lots=lots, lifetime_redeemed=points, **common)
    account.holding(currency.id).wake_at(due_at)
    return moves.debit(
        books, account, currency, points, lots=lots, kind=Entry.Kind.RESERVE, reserved=points, **common
    )


def _use(lot, used):
    return {"lot": lot.id, "points": used, "expires_at": lot.expires_at.isoformat() if lot.expires_at else None}


def confirm(posting):
    """Spend what was reserved. Said twice, it counts once."""
    original, books = _reservation(posting, Journal.Status.PROCESSED), posting.books
    if original is None:
        return _again(posting)
    points = sum(used for _, used in original.uses)
    currency = books.currencies[original.uses[0][0].currency_id]
    books.entry(
        posting.account,
        currency,
        Entry.Kind.CONFIRM,
        -points,
        journal_id=original.id,
        activity_at=posting.activity_at,
        reserved=-points,
        lifetime_redeemed=points,
    )
    return _decided(posting, currency, Journal.Status.PROCESSED)


def release(posting):
    """Give back what was reserved. Said twice, it counts once."""
    original, books = _reservation(posting, Journal.Status.REJECTED), posting.books
    if original is None:
        return _again(posting)
    lot = original.uses[0][0]
    reservation = settlement.Reservation(
        original.id, original.member_id, original.due_at, original.activity_at, lot.currency_id, original.uses
    )
    reservation.uses = [(books.add_lot(lot), used) for lot, used in original.uses]
    settlement.free(books, posting.account, reservation, journal_id=original.id, at=posting.activity_at)
    return _decided(posting, books.currencies[lot.currency_id], Journal.Status.REJECTED)


def _reservation(posting, target):
    """The open reservation, None when it is in the state `target` already. Raises NotReserved."""
    original = posting.original
    if original.kind != REDEMPTION:
        raise NotReserved("This is no reservation.", field="transaction")
    if original.status == target:
        return None
    if original.status != Journal.Status.PENDING or original.due_at <= posting.books.now:
        raise NotReserved(f"The reservation is not open any more ({original.status}).", field="transaction")
    return original


def _again(posting):
    currency = posting.books.currencies[posting.original.uses[0][0].currency_id]
    return Result("replayed", posting.original.id, posting.state([currency]))


def _decided(posting, currency, status):
    original = posting.original
    answer = posting.state([currency]) | {"status": status.value}
    points = sum(used for _, used in original.uses)
    answer |= {"points": {currency.code: -points if status == Journal.Status.PROCESSED else 0}}
    posting.books.decide(
        original.id, member_id=original.member_id, status=status.value, answer=answer, error=posting.item.reason
    )
    original.status = status
    return Result("posted", original.id, answer)
