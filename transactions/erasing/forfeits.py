"""What becomes of the points of somebody who is erased? Adjustments take them, as staff would, where so wished."""

from datetime import datetime

from members.erasing import Person
from members.models import Erasure, Member
from partners.activity import Adjustment
from partners.stored import dump
from transactions.books import settlement
from transactions.books.balances import BalanceInHand, Cause
from transactions.books.lots import remaining
from transactions.books.unit_of_work import Books
from transactions.models import Journal
from transactions.verbs.adjustments import ACTIVITY

REASON = "Forfeited when the personal data were erased"


def forfeit(person: Person, done: Erasure, now: datetime) -> dict[str, dict[str, int]]:
    """Take all points that the person can spend, or could later; returns {membership number: {currency: points}}.

    Whatever the state of the membership is. What time did is booked first; debts stay what they are.
    """
    taken: dict[str, dict[str, int]] = {}
    for program_id in sorted({member.program_id for member in person.members}):
        whose = [member for member in person.members if member.program_id == program_id]
        books = settlement.open_books(program_id, [member.pk for member in whose], now=now)
        for member in whose:
            if points := _of_member(books, member, done):
                taken[member.number] = points
        books.close()
    return taken


def _of_member(books: Books, member: Member, done: Erasure) -> dict[str, int]:
    taken = {}
    for currency_id in sorted(books.accounts[member.pk].holdings):
        currency = books.currencies[currency_id]
        hand = books.balance(books.accounts[member.pk], currency)
        points = remaining(hand.live_lots) if currency.is_spendable else 0
        if points:
            cause = Cause(books.next_journal(), books.now)
            hand.debit(points, cause, list(hand.live_lots), lifetime="reversed")
            _write(books, cause, hand, points, done)
            taken[currency.code] = points
    return taken


def _write(books: Books, cause: Cause, hand: BalanceInHand, points: int, done: Erasure) -> None:
    """The transaction that says so, in the words of an adjustment."""
    account, code = hand.account, hand.currency.code
    item = Adjustment(
        external_id=f"erasure-{done.pk}-{account.id}-{code}",
        member={"number": account.number},
        points=-points,
        currency=code,
        reason=REASON,
    )
    books.own_journal(
        cause.journal_id,
        item.external_id,
        kind=Journal.Kind.ADJUSTMENT.value,
        activity=ACTIVITY,
        member_id=account.id,
        user_id=done.user_id,
        reason=REASON,
        payload=dump(item),
        answer={"points": {code: -points}, "member": account.number},
    )
