"""How are earned points given: to whom, pending until when, ending when?"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loyalty_site.lib.json_types import JsonObject
from partners.activity import Activity
from programs.configuration import Currency
from transactions.books import escrows
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
