"""How do staff credit and debit by hand?"""

from collections.abc import Iterator
from typing import NamedTuple

from loyalty_site.lib import instants, money
from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.refusals import Refusal, Refused
from partners import limits
from partners.activity import Adjustment
from programs import periods
from programs.configuration import Currency
from programs.expiry import End
from transactions.books.balances import BalanceInHand, Cause
from transactions.books.escrows import Escrow
from transactions.books.items import Result
from transactions.books.lots import remaining
from transactions.books.posting import InsufficientPoints, InvalidDate, Posting
from transactions.models import Journal
from transactions.models.journal_traces import AdjustedTrace
from transactions.verbs import balance_limits
from transactions.verbs.base import Needs, Verb
from transactions.verbs.crediting import Given

#: The `activity` of its journals, by which the terms of a currency may name it.
ACTIVITY = "adjustment"


class ReasonMissing(Refused):
    """Whoever decides by hand says why."""

    code = "reason_missing"


class UnendingPoints(Refused):
    """Points that never end were given an end."""

    code = "invalid_value"


class Adjust(Verb[Adjustment]):
    """Credit or debit the points of an Adjustment."""

    Item = Adjustment
    kind = Journal.Kind.ADJUSTMENT
    is_resumed = True

    def check(self, item: Adjustment) -> Iterator[Refusal]:
        if item.points == 0:
            yield Refusal("invalid_number", "0 points change nothing: credit or debit at least one.", field="points")
        yield from limits.numbers(item)
        yield from _misplaced(item)

    def needs(self, item: Adjustment) -> Needs:
        return Needs(external_id=item.external_id, member=item.member, lots=True)

    def post(self, posting: Posting[Adjustment]) -> Result:
        item = posting.item
        posting.check_member()
        posting.check_date()
        posting.check_partner(item.partner)
        check_reason(item.reason)
        currency = posting.currency(item.currency)
        hand = posting.balance(currency)
        answer: JsonObject = {"points": {currency.code: item.points}}
        if item.points > 0:
            balance_limits.check_room(posting.account, currency, item.points)
            terms = _terms(posting, currency)
            cause = posting.cause()
            answer |= _credit(hand, item.points, cause, terms).answer()
            posting.upgrade()
        else:
            _check_funds(hand, -item.points, overdraw=item.overdraw)
            cause = posting.cause()
            _debit(hand, -item.points, cause)
        return posting.write(
            cause.journal_id,
            kind=Journal.Kind.ADJUSTMENT.value,
            external_id=item.external_id,
            answer=answer | posting.state([currency]),
            activity=ACTIVITY,
            reason=item.reason,
            attributes=item.attributes,
            trace=_trace(posting.counted_on()),
        )


def _trace(counted_on: str | None) -> AdjustedTrace:
    return {"counted_on": counted_on} if counted_on else {}


def check_reason(reason: str) -> None:
    """Raises ReasonMissing: nobody changes points by hand without saying why."""
    if not reason.strip():
        raise ReasonMissing("Say why: members and auditors will ask.", field="reason")


def _misplaced(item: Adjustment) -> Iterator[Refusal]:
    """What is said of a credit that is a debit, or the other way round; and days that cannot be."""
    for name in ("usable_through", "available_from"):
        day = getattr(item, name)
        if day is None:
            continue
        if item.points < 0:
            yield Refusal("invalid_value", "Only a credit can say it: leave it out of a debit.", field=name)
        if not instants.FIRST_YEAR <= day.year <= instants.LAST_YEAR:
            years = f"{instants.FIRST_YEAR} to {instants.LAST_YEAR}"
            yield Refusal("invalid_day", f"Write a day in the years {years}.", field=name)
    if item.usable_through and item.available_from and item.usable_through < item.available_from:
        detail = "The points would end before they can be spent: take a later day."
        yield Refusal("invalid_value", detail, field="usable_through")
    if item.overdraw and item.points > 0:
        yield Refusal("invalid_value", "Only a debit can go below zero: leave it out of a credit.", field="overdraw")


class _Terms(NamedTuple):
    """What was said of a credit: when it ends (None: as its currency says), and until when it is pending."""

    end: End | None
    escrow: Escrow | None


def _terms(posting: Posting[Adjustment], currency: Currency) -> _Terms:
    """What the item says of its credit. Raises InvalidDate, UnendingPoints."""
    item, zone, now = posting.item, posting.configuration.zone, posting.books.now
    end = escrow = None
    if item.usable_through:
        if not currency.is_spendable:
            raise UnendingPoints("Qualifying points never end: leave the day out.", field="usable_through")
        end = End(periods.end_of_day(item.usable_through, zone))
        if end.at is None or end.at <= now:
            today = instants.full_day(periods.local_date(now, zone))
            detail = f"The last usable day lies in the past; take {today} or a later day."
            raise InvalidDate(detail, field="usable_through")
    if item.available_from:
        free_at = periods.start_of_day(item.available_from, zone)
        # A day that has come while a second person was asked: the points are free at once.
        escrow = Escrow(available_at=free_at) if free_at > now else None
    return _Terms(end, escrow)


def _credit(hand: BalanceInHand, points: int, cause: Cause, terms: _Terms) -> Given:
    """Give the points; returns what is answered about them."""
    code, escrow = hand.currency.code, terms.escrow
    end = terms.end or hand.end_of(earned_at=cause.at, released_at=escrow.available_at if escrow else None)
    if hand.currency.expiry.counts_activity(ACTIVITY):
        # Before it would get the clock of points that no activity keeps alive.
        hand.keep_alive(ACTIVITY, cause.at)
    hand.credit(points, cause, end=end, escrow=escrow, lifetime="earned")
    if not escrow:
        hand.count(points, cause)
    return Given({code: end.at.isoformat() if end.at else None}, {code: escrow} if escrow else {})


def _check_funds(hand: BalanceInHand, points: int, *, overdraw: bool) -> None:
    """Raises InsufficientPoints."""
    currency = hand.currency
    usable = remaining(hand.usable_lots(hand.books.now)) if currency.is_spendable else hand.holding.available
    if usable >= points or (overdraw and allows_arrears(currency)):
        return
    have = money.render(usable, currency.decimals)
    more = ", and this currency allows no balance below zero" if overdraw else ""
    raise InsufficientPoints(f"The member has {have} {currency.name}{more}.", field="points")


def allows_arrears(currency: Currency) -> bool:
    """Whether a balance of it may fall below zero."""
    return currency.is_spendable and currency.refund_policy == "arrears"


def _debit(hand: BalanceInHand, points: int, cause: Cause) -> None:
    hand.debit(points, cause, hand.usable_lots(hand.books.now), lifetime="reversed")
    hand.count(-points, cause)
