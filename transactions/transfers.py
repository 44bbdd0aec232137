"""How do points go from one member to another? Source of the rules: semantics C20."""

from datetime import timedelta

from loyalty_site.lib import money
from loyalty_site.lib.refusals import Refused
from members.models import Member
from programs.expiry import End
from transactions import moves
from transactions.models import Entry, Journal
from transactions.posting import InsufficientPoints, MemberNotActive, UnknownCurrency


class NotTransferable(Refused):
    code = "not_transferable"


def transfer(posting):
    """Move the points of a Transfer, lots keeping their ends; the fee ends with it. Raises Refused first."""
    item, books, giver, taker = posting.item, posting.books, posting.account, posting.other
    posting.check_member()
    posting.check_date()
    currency = _check(posting)
    fee = item.points * currency.transfer_fee_percent // 100
    lots = books.usable_lots(giver, currency, at=books.now)
    usable = sum(lot.remaining for lot in lots)
    if usable < item.points:
        have = money.render(usable, currency.decimals)
        raise InsufficientPoints(f"The member has {have} {currency.name} to give.", field="points")
    key = posting.key()
    common = {"journal_id": key, "activity_at": posting.activity_at}
    move_lots(books, giver, taker, currency, item.points - fee, lots=lots, **common)
    if fee:
        rest = books.usable_lots(giver, currency, at=books.now)
        moves.debit(
            books, giver, currency, fee, lots=rest, kind=Entry.Kind.WRITE_OFF, lifetime_redeemed=fee, **common
        )
    answer = {"points": {currency.code: -item.points}, "fee": fee, "to": taker.number}
    return posting.write(
        key,
        Journal.Kind.TRANSFER,
        answer=answer | posting.state([currency]),
        activity="transfer",
        reason=item.reason,
    )


def move_lots(books, giver, taker, currency, points, *, lots, journal_id, activity_at):
    """Debit one member and credit the other; each lot that was used lives on with its end and its origin."""
    common = {"journal_id": journal_id, "activity_at": activity_at}
    kind = Entry.Kind.TRANSFER_OUT
    uses = moves.debit(books, giver, currency, points, lots=lots, kind=kind, lifetime_transferred=-points, **common)
    for lot, used in uses:
        moves.credit(
            books,
            taker,
            currency,
            used,
            journal_id=journal_id,
            activity_at=lot.activity_at,
            end=End(lot.expires_at, lot.is_floored),
            kind=Entry.Kind.TRANSFER_IN,
            origin_id=lot.id,
            lifetime_transferred=used,
        )
    return uses


def _check(posting):
    item, taker = posting.item, posting.other
    currency = posting.currency(item.currency)
    if taker.id == posting.account.id:
        raise NotTransferable("A member cannot give points to themselves.", field="to")
    if taker.status != Member.Status.ACTIVE:
        raise MemberNotActive(f"The receiver is {taker.status}.", field="to")
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
    return currency
