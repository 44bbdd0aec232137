"""How do points that have ended come back, when staff decides so? (semantics C10-R7)

The expiry stays in the ledger; a compensating credit in a lot of its own, with a new end, refers to the old.
"""

from datetime import datetime, timedelta
from hashlib import sha256

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Max, Sum
from django.utils import timezone

from loyalty_site.lib import instants
from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.sql import Session
from members.models import Member
from programs import versions
from programs.expiry import End, days_from
from transactions import ledger
from transactions.books.balances import BalanceInHand, Cause
from transactions.books.items import Result
from transactions.books.posting import MemberNotActive
from transactions.books.unit_of_work import Books
from transactions.models import Entry, Journal, Lot, Trace

#: So many days behind its end points can be reinstated, unless the caller says otherwise.
WITHIN_DAYS = 90

#: The `activity` of the journals that this verb writes.
ACTIVITY = "reinstatement"


class NotReinstatable(Refused):
    """The lot has nothing that may come back, or nobody said why."""

    code = "not_reinstatable"


def reinstate(
    lot_id: int,
    *,
    reason: str,
    user: AbstractBaseUser | None = None,
    now: datetime | None = None,
    within_days: int = WITHIN_DAYS,
    days: int | None = None,
) -> Result:
    """Give back what expired of a lot, for `days` (those of grace of its currency); returns a Result.

    Said twice, it counts once. Raises Refused: no reason, nothing expired, too long ago, member not active.
    """
    now = now or timezone.now()
    lot = _asked_for(lot_id, reason)
    configuration = versions.renew(lot.currency.program_id)
    currency = configuration.currencies[lot.currency.code]
    ledger.refresh(configuration.id, [lot.member_id], now=now)
    books = Books(Session(), configuration, now=now)
    with transaction.atomic():
        books.open([lot.member_id], journals=1, entries=1, with_lots=True)
        journals = Journal.objects.filter(program=configuration.id, activity=ACTIVITY)
        known = journals.filter(external_id=_name(lot)).first()
        if known:
            return Result("replayed", known.pk, known.answer)
        hand = books.balance(books.accounts[lot.member_id], currency)
        points = _expired(hand, lot, within_days)
        lasting = currency.grace_days if days is None else days
        end = End(days_from(now, lasting, configuration.zone, currency.expiry.period_end))
        result = _book(hand, lot, points, end, reason=reason, user=user)
        books.close()
    return result


def _name(lot: Lot) -> str:
    """What the journal is called: of one lot there is one."""
    return f"reinstated lot {lot.pk}"


def _asked_for(lot_id: int, reason: str) -> Lot:
    """The lot, when somebody has said why its points come back. Raises NotReinstatable."""
    if not reason.strip():
        raise NotReinstatable("Say why: members and auditors will ask.", field="reason")
    lot = Lot.objects.select_related("member", "currency").filter(pk=lot_id).first()
    if lot is None:
        raise NotReinstatable("There is no such lot.", field="lot")
    return lot


def _expired(hand: BalanceInHand, lot: Lot, within_days: int) -> int:
    """How many points of the lot can come back. Raises MemberNotActive, NotReinstatable."""
    if hand.account.status != Member.Status.ACTIVE:
        raise MemberNotActive(f"The member is {hand.account.status}; reactivate it first.", field="member")
    traces = Trace.objects.filter(lot=lot, entry__kind=Entry.Kind.EXPIRY)
    found = traces.aggregate(points=Sum("points"), at=Max("entry__activity_at"))
    if not found["points"]:
        raise NotReinstatable("Nothing of this lot has expired.", field="lot")
    if found["at"] < hand.books.now - timedelta(days=within_days):
        last_day = instants.last_day(found["at"], hand.books.configuration.zone)
        detail = (
            f"Points come back within {within_days} days; these were usable through {instants.full_day(last_day)}."
        )
        raise NotReinstatable(detail, field="lot")
    return int(found["points"])


def _book(
    hand: BalanceInHand, lot: Lot, points: int, end: End, *, reason: str, user: AbstractBaseUser | None
) -> Result:
    """Credit the points, and write the journal about it."""
    cause = Cause(hand.books.next_journal(), hand.books.now)
    hand.credit(points, cause, kind=Entry.Kind.REVERSAL_CREDIT, end=end, origin_id=lot.root, lifetime="expired")
    code = hand.currency.code
    answer: JsonObject = {"points": {code: points}, "lot": lot.pk}
    answer |= {"expires": {code: end.at.isoformat() if end.at else None}}
    answer |= {"member": hand.account.number, "balances": {code: hand.holding.balance}}
    hand.books.own_journal(
        cause.journal_id,
        _name(lot),
        kind=Journal.Kind.ADJUSTMENT.value,
        activity=ACTIVITY,
        member_id=hand.account.id,
        user_id=user.pk if user else None,
        reason=reason[:200],
        fingerprint=sha256(_name(lot).encode()).hexdigest(),
        payload={"lot": lot.pk, "points": points},
        answer=answer,
    )
    return Result("posted", cause.journal_id, answer)
