"""How are points spent: at once, or set aside first and then confirmed or released?"""

from datetime import timedelta

from loyalty_site.lib import money
from loyalty_site.lib.refusals import Refused
from programs import worth
from transactions.books import moves, settlement
from transactions.books.posting import InsufficientPoints, Result, UnknownCurrency
from transactions.models import Entry, Journal
from transactions.verbs import groups

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
    used, value = _worth(posting, currency)
    # A lot that has ended by then serves no spending of that moment, whatever our clock says (C11).
    lots = books.usable_lots(account, currency, at=max(books.now, posting.activity_at))
    usable = sum(lot.remaining for lot in lots)
    if usable < item.points:
        have = money.render(usable, currency.decimals)
        raise InsufficientPoints(f"The member has {have} {currency.name} to spend.", field="points")
    tie = groups.spend(posting, currency, used)
    if groups.has_to_wait(posting, tie):
        return groups.ask(posting, tie)
    key = posting.key()
    due_at = books.now + timedelta(seconds=item.reserve_s) if item.reserve_s else None
    uses = _take(posting, currency, used, lots=lots, key=key, due_at=due_at)
    moves.keep_alive(books, account, currency, "redemption", posting.activity_at)
    answer = {"points": {currency.code: -used}, "lots": [_use(lot, points) for lot, points in uses]}
    answer |= {"points_used": used, "money_value": value, "reserved_until": due_at.isoformat() if due_at else None}
    return posting.write(
        key,
        REDEMPTION,
        answer=answer | posting.state([currency]),
        status=Journal.Status.PENDING.value if due_at else Journal.Status.PROCESSED.value,
        due_at=due_at,
        activity="redemption",
        trace=groups.spent_by(tie),
        order_ref=item.order,
        channel=item.channel,
        store_id=store_id,
        reason=item.reason,
        attributes=item.attributes,
    )


def _worth(posting, currency):
    """(points that are used, what they are worth in money) within all limits; raises OutsideLimits.

    Points that pay for a basket and add nothing to its minor units are left to the member (C2-X3).
    """
    points, basket = posting.item.points, posting.item.basket
    _check_limits(points, currency)
    if not currency.point_value:
        return points, None
    price = worth.price(currency.point_value, major=posting.configuration.major, unit=currency.unit)
    value = worth.of_points(points, price)
    if basket is None:
        return points, value.money_value
    if value.money_value * 100 > basket * currency.max_basket_percent:
        share = basket * currency.max_basket_percent // 100
        most = worth.of_points(int(share / price), price).points_used
        detail = f"Points pay at most {currency.max_basket_percent} % of the basket, which is {most} points."
        raise OutsideLimits(detail, field="points")
    if not value.money_value:
        raise OutsideLimits("So few points are worth no money.", field="points")
    return value.points_used, value.money_value


def _check_limits(points, currency):
    """Minimum, maximum and step (C12-R2)."""
    most = currency.max_spend
    if points < currency.min_spend or (most is not None and points > most):
        span = f"from {currency.min_spend}" + (f" to {most}" if most is not None else "")
        raise OutsideLimits(f"One redemption is {span} points.", field="points")
    if points % currency.spend_step:
        raise OutsideLimits(f"Spend a multiple of {currency.spend_step} points.", field="points")


def _take(posting, currency, points, *, lots, key, due_at):
    """Debit the points for good, or set them aside until `due_at`; returns [(lot, points)]."""
    books, account = posting.books, posting.account
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
        return _again(posting, Journal.Status.PROCESSED)
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
        return _again(posting, Journal.Status.REJECTED)
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
    # It was read before what time did was booked.
    has_run_out = original.status == Journal.Status.PENDING and original.due_at <= posting.books.now
    status = Journal.Status.REJECTED if has_run_out else original.status
    if status == target and original.due_at:
        return None
    if status != Journal.Status.PENDING:
        why = "has run out" if has_run_out else f"is {status}"
        raise NotReserved(f"The reservation {why}; it is not open any more.", field="transaction")
    return original


def _again(posting, status):
    currency = posting.books.currencies[posting.original.uses[0][0].currency_id]
    return Result("replayed", posting.original.id, _outcome(posting, currency, status.value))


def _outcome(posting, currency, status):
    """What is told of a reservation that is `status` now, however often it is said."""
    points = sum(used for _, used in posting.original.uses) if status == Journal.Status.PROCESSED else 0
    return posting.state([currency]) | {"status": status, "points": {currency.code: -points}}


def _decided(posting, currency, status):
    original = posting.original
    posting.books.end(original.id, status=status.value, error=posting.item.reason, user_id=posting.user_id)
    original.status = status.value
    return Result("posted", original.id, _outcome(posting, currency, status.value))
