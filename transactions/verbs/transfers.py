"""How do members give points to each other? Source of the rules: semantics C20."""

from collections.abc import Iterator
from datetime import timedelta

from loyalty_site.lib import money
from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.refusals import Refusal
from members.holdings import Account
from members.models import Member
from partners import limits
from partners.activity import Transfer
from programs.configuration import Currency
from transactions.books.balances import BalanceInHand
from transactions.books.items import Result
from transactions.books.limits import identifiers
from transactions.books.lots import LotState, remaining
from transactions.books.posting import InsufficientPoints, MemberNotActive, Posting, UnknownCurrency
from transactions.models import Entry, Journal
from transactions.verbs import balance_limits, moving_lots, transfer_limits
from transactions.verbs.base import Needs, Verb
from transactions.verbs.transfer_limits import NotTransferable


class Give(Verb[Transfer]):
    """Move the points of a Transfer, lots keeping their ends; the fee ends with it."""

    Item = Transfer
    kind = Journal.Kind.TRANSFER
    is_resumed = True

    def check(self, item: Transfer) -> Iterator[Refusal]:
        if not item.to:
            yield Refusal("member_missing", "Say who is given the points.", field="to")
        yield from identifiers(item.to, field="to")
        yield from limits.numbers(item)

    def needs(self, item: Transfer) -> Needs:
        return Needs(
            external_id=item.external_id,
            member=item.member,
            second=item.to,
            second_field="to",
            lots=True,
            transfers=True,
        )

    def post(self, posting: Posting[Transfer]) -> Result:
        item, books = posting.item, posting.books
        posting.check_member()
        posting.check_date()
        currency = posting.currency(item.currency)
        taker = _receiver(posting)
        _check_terms(posting, currency, taker)
        fee = item.points * currency.transfer_fee_percent // 100
        balance_limits.check_room(taker, currency, item.points - fee)
        giving = posting.balance(currency)
        lots = _lots_to_give(posting, giving)
        cause = posting.cause()
        uses = moving_lots.move(giving, books.balance(taker, currency), item.points - fee, lots, cause)
        if books.transfers:
            books.transfers.note(posting.account.id, taker.id, currency.id, item.points - fee)
            for lot, _ in uses:
                books.transfers.note_arrival(taker.id, lot.root)
        if fee:
            rest = [lot for lot in lots if lot.remaining]
            giving.debit(fee, cause, rest, kind=Entry.Kind.WRITE_OFF, lifetime="redeemed")
        answer: JsonObject = {"points": {currency.code: -item.points}, "fee": fee, "to": taker.number}
        return posting.write(
            cause.journal_id,
            kind=Journal.Kind.TRANSFER.value,
            external_id=item.external_id,
            answer=answer | posting.state([currency]),
            activity="transfer",
            reason=item.reason,
        )


def _lots_to_give(posting: Posting[Transfer], giving: BalanceInHand) -> list[LotState]:
    """The lots that the giver may pass on, in consumption order. Raises InsufficientPoints."""
    history, currency = posting.books.transfers, giving.currency
    lots = giving.usable_lots(posting.books.now)
    have = remaining(lots)
    if history:
        lots = [lot for lot in lots if transfer_limits.is_cool(history, lot, currency)]
    free = remaining(lots)
    if free < posting.item.points:
        detail = f"The member has {money.render(free, currency.decimals)} {currency.name} to give"
        days = f"; what was received stays for {currency.transfer_cooling_days} days" if free < have else ""
        raise InsufficientPoints(f"{detail}{days}.", field="points")
    return lots


def _receiver(posting: Posting[Transfer]) -> Account:
    """Who is given the points. Raises NotTransferable, MemberNotActive."""
    taker = posting.second
    if taker is None or taker.id == posting.account.id:
        raise NotTransferable("A member cannot give points to themselves.", field="to")
    if posting.account.id in posting.books.relations.collective:
        raise NotTransferable("The points of a group are spent, not given away.", field="member")
    if taker.status != Member.Status.ACTIVE:
        raise MemberNotActive(f"The receiver is {taker.status}.", field="to")
    return taker


def _check_terms(posting: Posting[Transfer], currency: Currency, taker: Account) -> None:
    """Whether the program lets members transfer so much. Raises UnknownCurrency, NotTransferable."""
    item = posting.item
    if not currency.is_spendable:
        raise UnknownCurrency(f"{currency.name} measure tiers and cannot be given away.", field="currency")
    if not currency.transfers:
        raise NotTransferable(f"The program does not let members transfer {currency.name}.", field="currency")
    most = currency.transfer_max
    if item.points < currency.transfer_min or (most is not None and item.points > most):
        span = f"from {currency.transfer_min}" + (f" to {most}" if most is not None else "")
        raise NotTransferable(f"One transfer is {span} points.", field="points")
    if taker.enrolled_at > posting.books.now - timedelta(days=currency.transfer_after_days):
        detail = f"The receiver can be given points {currency.transfer_after_days} days after enrolment."
        raise NotTransferable(detail, field="to")
    _check_limits(posting, currency, taker)


def _check_limits(posting: Posting[Transfer], currency: Currency, taker: Account) -> None:
    """Within the limits of a day and of a year on both sides."""
    points, history = posting.item.points, posting.books.transfers
    if history:
        net = points - points * currency.transfer_fee_percent // 100
        transfer_limits.check(history, posting.account, currency, net, gives=True)
        transfer_limits.check(history, taker, currency, net, gives=False)
