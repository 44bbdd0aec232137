"""How are points spent: at once, or set aside first?"""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from loyalty_site.lib import money
from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.refusals import Refusal, Refused
from partners import limits
from partners.activity import Redemption
from programs import worth
from programs.configuration import Configuration, Currency
from transactions.books.balances import BalanceInHand, Cause
from transactions.books.items import Result
from transactions.books.limits import identifiers
from transactions.books.lots import LotState, Use, remaining
from transactions.books.posting import InsufficientPoints, Posting, UnknownCurrency
from transactions.books.references import Named
from transactions.books.relations import LockedRelation
from transactions.models import Entry, Journal
from transactions.verbs import doubts, groups
from transactions.verbs.base import Needs, Verb


class OutsideLimits(Refused):
    """The points are too few, too many, or no whole number of steps."""

    code = "outside_limits"


class Redeem(Verb[Redemption]):
    """Spend or reserve the points of a Redemption, from the lots in consumption order."""

    Item = Redemption
    kind = Journal.Kind.REDEMPTION
    is_resumed = True

    def check(self, item: Redemption) -> Iterator[Refusal]:
        yield from limits.numbers(item)
        if item.by != {}:
            yield from identifiers(item.by, field="by")

    def needs(self, item: Redemption) -> Needs:
        return Needs(
            external_id=item.external_id,
            member=item.member,
            second=item.by or None,
            second_field="by",
            named=Named(order=item.order),
            payers=True,
            lots=True,
            store=item.store,
        )

    def post(self, posting: Posting[Redemption]) -> Result:
        spending = plan(posting)
        warnings = doubts.settled(posting, doubts.of_redemption(posting))
        relation = groups.spend(posting, spending.currency, spending.used)
        if groups.has_to_wait(posting, relation):
            return groups.ask(posting, relation, warnings)
        return book(spending, relation, warnings)


class Spending(NamedTuple):
    """A redemption that may be booked: `used` points of `hand` from the `lots`, worth `value` minor units of the
    program's money, None where points have no money value."""

    posting: Posting[Redemption]
    currency: Currency
    hand: BalanceInHand
    lots: list[LotState]
    used: int
    value: int | None
    store_id: int | None


def plan(posting: Posting[Redemption]) -> Spending:
    """What would be spent, within all limits but those of a group. Nothing moves. Raises Refused."""
    item = posting.item
    posting.check_member()
    posting.check_date()
    posting.check_partner(item.partner)
    currency = posting.currency(item.currency)
    if not currency.is_spendable:
        raise UnknownCurrency(f"{currency.name} measure tiers and cannot be spent.", field="currency")
    store_id = posting.context.catalogue.store_id(item.partner, item.store)
    used, value = _worth(posting, currency)
    hand = posting.balance(currency)
    return Spending(posting, currency, hand, _usable(posting, hand), used, value, store_id)


def book(spending: Spending, relation: LockedRelation | None, warnings: JsonObject) -> Result:
    """Spend or reserve the points; `relation` is the one by which a member spends those of a group.

    `warnings` are answered along with it.
    """
    posting, currency, hand, item = spending.posting, spending.currency, spending.hand, spending.posting.item
    cause = posting.cause()
    due_at = posting.books.now + timedelta(seconds=item.reserve_s) if item.reserve_s else None
    hand.holding.wake_at(due_at)
    uses = _take(hand, spending.used, spending.lots, cause, is_reserved=bool(due_at))
    hand.keep_alive("redemption", cause.at)
    points: JsonObject = {currency.code: -spending.used}
    answer: JsonObject = warnings | {"points": points, "lots": [_use(lot, part) for lot, part in uses]}
    answer |= {"points_used": spending.used, "money_value": worth.text(spending.value, posting.configuration)}
    answer |= {"reserved_until": due_at.isoformat() if due_at else None}
    status = Journal.Status.PENDING if due_at else Journal.Status.PROCESSED
    return posting.write(
        cause.journal_id,
        kind=Journal.Kind.REDEMPTION.value,
        external_id=item.external_id,
        answer=answer | posting.state([currency]),
        status=status.value,
        due_at=due_at,
        activity="redemption",
        trace=groups.spent_by(relation),
        order_ref=item.order,
        channel=item.channel,
        store_id=spending.store_id,
        reason=item.reason,
        attributes=item.attributes,
    )


def _usable(posting: Posting[Redemption], hand: BalanceInHand) -> list[LotState]:
    """The lots to spend from. Raises InsufficientPoints."""
    # A lot that has ended by then serves no spending of that moment, whatever our clock says (C11).
    lots = hand.usable_lots(max(posting.books.now, posting.activity_at))
    usable = remaining(lots)
    if usable < posting.item.points:
        have = money.render(usable, hand.currency.decimals)
        raise InsufficientPoints(f"The member has {have} {hand.currency.name} to spend.", field="points")
    return lots


def _worth(posting: Posting[Redemption], currency: Currency) -> tuple[int, int | None]:
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
        most = worth.of_points(worth.most_points(_share(basket, currency), price), price).points_used
        detail = f"Points pay at most {currency.max_basket_percent} % of the basket, which is {most} points."
        raise OutsideLimits(detail, field="points")
    if not value.money_value:
        raise OutsideLimits("So few points are worth no money.", field="points")
    return value.points_used, value.money_value


def most_for(currency: Currency, program: Configuration, *, usable: int, basket: int, left: int) -> int:
    """The most of `usable` points that one redemption may spend on a basket; 0: none.

    The basket costs `basket`, of which `left` may still be paid, in minor units of the program's money.
    """
    most = usable if currency.max_spend is None else min(usable, currency.max_spend)
    price = (
        worth.price(currency.point_value, major=program.major, unit=currency.unit) if currency.point_value else None
    )
    if price:
        most = min(most, worth.most_points(min(left, _share(basket, currency)), price))
    most -= most % currency.spend_step
    buys_nothing = price is not None and not worth.of_points(most, price).money_value
    return 0 if most < currency.min_spend or buys_nothing else most


def least_of(currency: Currency) -> int:
    """The fewest points that one redemption may spend: the first whole number of steps."""
    return -(-max(currency.min_spend, 1) // currency.spend_step) * currency.spend_step


def _share(basket: int, currency: Currency) -> int:
    """What points may pay of a basket."""
    return basket * currency.max_basket_percent // 100


def _check_limits(points: int, currency: Currency) -> None:
    """Minimum, maximum and step (C12-R2). Raises OutsideLimits."""
    most = currency.max_spend
    if points < currency.min_spend or (most is not None and points > most):
        span = f"from {currency.min_spend}" + (f" to {most}" if most is not None else "")
        raise OutsideLimits(f"One redemption is {span} points.", field="points")
    if points % currency.spend_step:
        raise OutsideLimits(f"Spend a multiple of {currency.spend_step} points.", field="points")


def _take(hand: BalanceInHand, points: int, lots: list[LotState], cause: Cause, *, is_reserved: bool) -> list[Use]:
    """Debit the points for good, or set them aside."""
    if is_reserved:
        return hand.debit(points, cause, lots, kind=Entry.Kind.RESERVE)
    return hand.debit(points, cause, lots, lifetime="redeemed")


def _use(lot: LotState, used: int) -> JsonObject:
    return {"lot": lot.id, "points": used, "expires_at": lot.expires_at.isoformat() if lot.expires_at else None}
