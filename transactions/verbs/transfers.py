"""How do points go from one member to another? Source of the rules: semantics C20."""

from datetime import timedelta

from loyalty_site.lib import money
from members.models import Member
from programs.expiry import End
from transactions.books import moves
from transactions.books.posting import InsufficientPoints, MemberNotActive, UnknownCurrency
from transactions.models import Entry, Journal
from transactions.verbs import balance_limits
from transactions.verbs.transfer_limits import NotTransferable


def transfer(posting):
    """Move the points of a Transfer, lots keeping their ends; the fee ends with it. Raises Refused first."""
    item, books, giver, taker = posting.item, posting.books, posting.account, posting.other
    posting.check_member()
    posting.check_date()
    currency = _check(posting)
    fee = item.points * currency.transfer_fee_percent // 100
    balance_limits.check_room(taker, currency, item.points - fee)
    lots = _lots_to_give(posting, currency)
    key = posting.key()
    common = {"journal_id": key, "activity_at": posting.activity_at}
    move_lots(books, giver, taker, currency, item.points - fee, lots=lots, **common)
    if fee:
        rest = [lot for lot in lots if lot.remaining]
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


def _lots_to_give(posting, currency):
    """The lots that the giver may pass on, in consumption order. Raises InsufficientPoints."""
    books, giver, points = posting.books, posting.account, posting.item.points
    lots = books.usable_lots(giver, currency, at=books.now)
    have = sum(lot.remaining for lot in lots)
    if books.gifts:
        lots = [lot for lot in lots if books.gifts.is_cool(lot, currency)]
    free = sum(lot.remaining for lot in lots)
    if free < points:
        detail = f"The member has {money.render(free, currency.decimals)} {currency.name} to give"
        days = f"; what was received stays for {currency.transfer_cooling_days} days" if free < have else ""
        raise InsufficientPoints(f"{detail}{days}.", field="points")
    return lots


def move_lots(books, giver, taker, currency, points, *, lots, journal_id, activity_at):
    """Debit one member and credit the other; each lot that was used lives on with its end and its origin."""
    common = {"journal_id": journal_id, "activity_at": activity_at}
    kind = Entry.Kind.TRANSFER_OUT
    uses = moves.debit(books, giver, currency, points, lots=lots, kind=kind, lifetime_transferred=-points, **common)
    if books.gifts:
        books.gifts.note(giver.id, taker.id, currency.id, points)
    for lot, used in uses:
        receive(books, taker, currency, lot, used, journal_id=journal_id)
        if books.gifts:
            books.gifts.arrived[taker.id, lot.root] = books.now
    return uses


def move_whole_lots(books, giver, taker, currency, lots, *, journal_id, activity_at):
    """Move all that is left of `lots`, pending ones staying pending; returns [(lot, key of its heir, points)]."""
    moved = []
    for lot in sorted(lots, key=lambda lot: lot.id):
        points = lot.remaining
        moves.debit(
            books,
            giver,
            currency,
            points,
            lots=[lot],
            kind=Entry.Kind.TRANSFER_OUT,
            journal_id=journal_id,
            activity_at=activity_at,
            lifetime_transferred=-points,
        )
        key = receive(books, taker, currency, lot, points, journal_id=journal_id)
        moved.append((lot, key, points))
    return moved


def receive(books, taker, currency, lot, points, *, journal_id):
    """Credit `points` that came out of `lot`: with its end, its origin, and pending as long as it was."""
    escrow = moves.Escrow(lot.available_at, lot.waits_for, lot.deadline_at) if lot.is_pending else None
    return moves.credit(
        books,
        taker,
        currency,
        points,
        journal_id=journal_id,
        activity_at=lot.activity_at,
        end=End(lot.expires_at, lot.is_floored),
        escrow=escrow,
        kind=Entry.Kind.TRANSFER_IN,
        origin_id=lot.root,
        lifetime_transferred=points,
    )


def _check(posting):
    item, taker = posting.item, posting.other
    currency = posting.currency(item.currency)
    if taker.id == posting.account.id:
        raise NotTransferable("A member cannot give points to themselves.", field="to")
    if posting.account.id in posting.books.ties.collective:
        raise NotTransferable("The points of a group are spent, not given away.", field="member")
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
    _check_receiver(posting, currency)
    return currency


def _check_receiver(posting, currency):
    """Old enough a member, and within the limits of a day and of a year on both sides."""
    item, taker, gifts = posting.item, posting.other, posting.books.gifts
    if taker.enrolled_at > posting.books.now - timedelta(days=currency.transfer_after_days):
        detail = f"The receiver can be given points {currency.transfer_after_days} days after enrolment."
        raise NotTransferable(detail, field="to")
    if gifts:
        net = item.points - item.points * currency.transfer_fee_percent // 100
        gifts.check(posting.account, currency, net, gives=True)
        gifts.check(taker, currency, net, gives=False)
