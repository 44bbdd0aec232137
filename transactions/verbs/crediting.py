"""How are earned points given: to whom, pending until when, ending when?"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loyalty_site.lib.json_types import JsonObject
from partners.activity import Activity
from programs.configuration import Currency
from transactions.books import escrows, settlement
from transactions.books.balances import Cause
from transactions.books.escrows import Escrow
from transactions.books.posting import Fresh, Posting
from transactions.verbs import groups
from transactions.verbs.groups import Part


@dataclass(slots=True)
class Given:
    """What was given, by currency code: when it `ends` as text (None for never), and until when it is `pending`."""

    ends: dict[str, str | None] = field(default_factory=dict)
    pending: dict[str, Escrow] = field(default_factory=dict)

    def answer(self) -> JsonObject:
        """What is answered about it."""
        if not self.pending:
            return {"expires": self.ends}
        return {"expires": self.ends, "pending": {code: _as_json(escrow) for code, escrow in self.pending.items()}}


def give(posting: Posting[Activity], earned: Mapping[str, int], shares: Mapping[int, int], cause: Cause) -> Given:
    """Credit what was `earned`, by currency code, to the member and to groups that share in it (their percents)."""
    given = Given()
    for code, points in earned.items():
        _give(posting, given, posting.configuration.currencies[code], points, shares, cause)
    return given


def _give(
    posting: Posting[Activity],
    given: Given,
    currency: Currency,
    points: int,
    shares: Mapping[int, int],
    cause: Cause,
) -> None:
    books, account = posting.books, posting.account
    own = books.balance(account, currency)
    escrow = _escrow(posting, currency)
    end = own.end_of(earned_at=cause.at, released_at=escrow.available_at if escrow else None)
    parts = groups.parts(books, currency, points, shares)
    rest = Part(account, points - sum([part.points for part in parts]))
    for owner, part in (rest, *parts):
        if not part:
            continue
        hand = own if owner is account else books.balance(owner, currency)
        # Before it would get the clock of points that no activity keeps alive.
        hand.keep_alive(posting.item.kind, cause.at)
        key = hand.credit(part, cause, end=end, escrow=escrow, lifetime="earned")
        if escrow and escrow.waits_for:
            lot = books.lots[owner.id, currency.id][key]
            posting.context.fresh.append(Fresh(posting.item.external_id, account.id, lot))
    if escrow:
        given.pending[currency.code] = escrow
    elif not currency.is_spendable:
        own.count(points, cause)
    # By inactivity all of the balance ends at once.
    ends_at, clock = end.at, own.holding.expires_at
    if clock and (not ends_at or clock < ends_at):
        ends_at = clock
    given.ends[currency.code] = ends_at.isoformat() if ends_at else None


def _escrow(posting: Posting[Activity], currency: Currency) -> Escrow | None:
    """Until when the points are pending; not at all where the event that they wait for came before the order."""
    zone, now = posting.configuration.zone, posting.books.now
    escrow = escrows.escrow_of(currency, activity_at=posting.activity_at, now=now, zone=zone)
    if escrow and (posting.item.external_id, posting.account.id, escrow.waits_for) in posting.context.known.events:
        return None
    return escrow


def _as_json(escrow: Escrow) -> JsonObject:
    return {
        "available_at": escrow.available_at.isoformat() if escrow.available_at else None,
        "waits_for": escrow.waits_for,
        "deadline_at": escrow.deadline_at.isoformat() if escrow.deadline_at else None,
    }


def release_order(posting: Posting[Activity], cause: Cause) -> None:
    """Release the points of the order that waited for this very event, whichever of the two came first."""
    item, books, account, original = posting.item, posting.books, posting.account, posting.original
    posting.context.known.events.add((item.order, account.id, item.kind))
    lots = [one.lot for one in posting.context.fresh if (one.order, one.member_id) == (item.order, account.id)]
    if original and original.member_id == account.id:
        lots += [pending.lot for pending in groups.pending_lots(books, original, account)]
    for lot in lots:
        if lot.is_pending and lot.remaining and lot.waits_for == item.kind:
            hand = books.balance(books.accounts[lot.member_id], books.currencies[lot.currency_id])
            settlement.release_now(hand, lot, cause)


def keep_alive(posting: Posting[Activity], shares: dict[int, int], alive: frozenset[str]) -> None:
    """The member, and the groups that share, were active; of `alive` currencies a rule says that it counts."""
    books = posting.books
    for owner in (posting.account, *[books.accounts[group] for group in shares]):
        for currency in posting.configuration.currencies.values():
            if currency.id in owner.holdings:
                hand = books.balance(owner, currency)
                hand.keep_alive(posting.item.kind, posting.activity_at, counts=currency.code in alive)
