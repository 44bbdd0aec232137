"""How does a member bring along what they had in another system: points, sums, a tier?

All checks come before the first move. Nothing of it counts as earned: entries are of a kind of their own, caps are
not asked, and only what the sender calls qualifying counts for a tier.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from loyalty_site.lib import money
from loyalty_site.lib.refusals import Refusal, Refused
from members import tiers
from members.ladder import Ladder
from members.models import Standing
from partners import limits
from partners.opening import Opening
from programs.expiry import End
from programs.ladders import Tier, TierGroup
from transactions.books.balances import BalanceInHand, Cause
from transactions.books.items import Result
from transactions.books.lots import remaining
from transactions.books.posting import InsufficientPoints, Posting, UnknownCurrency
from transactions.models import Entry, Journal
from transactions.models.journal_traces import OpeningTrace
from transactions.verbs import balance_limits, ends_of_openings, ladders_named
from transactions.verbs.base import Needs, Verb


class NoArrears(Refused):
    """Points are owed, and the program lets nobody owe any."""

    code = "no_arrears"


class AlreadyEnded(Refused):
    """What is brought along has ended already."""

    code = "already_ended"


@dataclass(slots=True)
class _Plan:
    """What is to be moved, once all is checked: `moved` points, and `counted` ones of the ladder's currency."""

    hand: BalanceInHand
    moved: int
    group: TierGroup | None
    tier: Tier | None
    ladder: BalanceInHand | None
    counted: int


class Open(Verb[Opening]):
    """Write down an Opening."""

    Item = Opening
    kind = Journal.Kind.OPENING

    def check(self, item: Opening) -> Iterator[Refusal]:
        yield from limits.numbers(item)
        for name in ("ends_at", "earned_at", "tier_until", "last_activity_at"):
            at: datetime | None = getattr(item, name)
            if at is not None and at.tzinfo is None:
                yield Refusal("invalid_date", "Write the instant with its time zone.", field=name)

    def needs(self, item: Opening) -> Needs:
        return Needs(external_id=item.external_id, member=item.member, lots=item.sets or (item.points or 0) < 0)

    def post(self, posting: Posting[Opening]) -> Result:
        item = posting.item
        posting.check_member()
        plan = _plan(posting)
        cause = posting.cause()
        trace = _trace(posting, plan)
        _move(posting, plan, cause)
        _count(posting, plan, cause)
        if plan.group and plan.tier:
            is_kept = tiers.keep(
                posting.configuration,
                posting.account,
                plan.group,
                plan.tier,
                since=posting.books.now,
                until=item.tier_until,
                reason=Standing.Reason.IMPORT.value,
            )
            trace["tier"] = {"name": plan.tier.name, "until": _iso(item.tier_until), "is_kept": is_kept}
            posting.account.is_touched = True
        touched = [hand.currency for hand in (plan.hand, plan.ladder) if hand]
        return posting.write(
            cause.journal_id,
            kind=Journal.Kind.OPENING.value,
            external_id=item.external_id,
            answer={"points": {plan.hand.currency.code: plan.moved}} | posting.state(touched),
            activity="opening balance",
            reason=f"Brought along from {item.source}",
            attributes=item.attributes,
            trace={"opening": trace},
        )


def _plan(posting: Posting[Opening]) -> _Plan:
    """What is to be done. Raises Refused where it cannot be."""
    item = posting.item
    currency = posting.currency(item.currency)
    if not currency.is_spendable:
        raise UnknownCurrency(f"{currency.name} cannot be spent; name a spendable currency.", field="currency")
    for field in ("ends_at", "tier_until"):
        at: datetime | None = getattr(item, field)
        if at and at <= posting.books.now:
            raise AlreadyEnded("This end has passed; leave the row out, or correct it.", field=field)
    hand = posting.balance(currency)
    group, tier, ladder = _ladder(posting)
    return _Plan(hand, _moved(hand, item), group, tier, ladder, _counted(posting, group, ladder))


def _moved(hand: BalanceInHand, item: Opening) -> int:
    """By how many points the balance moves. Raises Refused where it cannot."""
    if item.points is None:
        return 0
    moved = item.points - hand.holding.balance if item.sets else item.points
    if moved > 0:
        balance_limits.check_room(hand.account, hand.currency, moved)
    elif moved < 0:
        _check_debit(hand, -moved)
    return moved


def _check_debit(hand: BalanceInHand, points: int) -> None:
    """Owed points need a program that has arrears; what is there can always be taken."""
    usable = remaining(hand.usable_lots(hand.books.now))
    if points <= usable or hand.currency.refund_policy == "arrears":
        return
    owed = money.render(points - usable, hand.currency.decimals)
    detail = (
        f"{owed} {hand.currency.name} would be owed, and the currency knows no debts (its refunds never take a "
        "balance below zero). Let its refunds do so, or leave the row out."
    )
    raise (NoArrears if not usable else InsufficientPoints)(detail, field="points")


def _ladder(posting: Posting[Opening]) -> tuple[TierGroup | None, Tier | None, BalanceInHand | None]:
    """(the ladder that is meant, the tier in it, the balance that counts for it), each None where not spoken of."""
    item = posting.item
    if not item.tier and item.qualifying is None:
        return None, None, None
    group = ladders_named.group(posting.configuration, item.tier_group)
    tier = ladders_named.tier(group, item.tier) if item.tier else None
    counted = None
    if item.qualifying is not None:
        if not group.currency:
            raise ladders_named.UnknownTier(f"{group.code} counts no points; leave them out.", field="qualifying")
        counted = posting.balance(posting.configuration.currencies[group.currency])
    return group, tier, counted


def _counted(posting: Posting[Opening], group: TierGroup | None, ladder: BalanceInHand | None) -> int:
    """How many qualifying points are added to those of the present window, or taken from them."""
    item = posting.item
    if group is None or ladder is None or item.qualifying is None:
        return 0
    if not item.sets:
        return item.qualifying
    place = Ladder(posting.configuration, group, posting.account)
    counted = place.counted_on(place.day(posting.books.now))[0]
    return max(item.qualifying - counted, -ladder.holding.available)


def _move(posting: Posting[Opening], plan: _Plan, cause: Cause) -> None:
    """Move the balance, and note the sums of there."""
    item, hand = posting.item, plan.hand
    holding = hand.holding
    if item.earned_before or item.redeemed_before:
        holding.puts_before = holding.puts_before or item.sets
        holding.earned_before = item.earned_before + (0 if item.sets else holding.earned_before)
        holding.redeemed_before = item.redeemed_before + (0 if item.sets else holding.redeemed_before)
        holding.is_touched = posting.account.is_touched = True
    ends_of_openings.note_activity(posting, hand, plan.moved)
    end = ends_of_openings.end_of(posting, hand)
    moved = plan.moved
    if item.sets and item.points is not None:
        moved += _take_back(posting, hand, end, cause)
    if moved > 0:
        hand.credit(moved, cause, kind=Entry.Kind.OPENING, end=end, lifetime="opening")
    elif moved < 0:
        lots = hand.usable_lots(hand.books.now)
        hand.debit(-moved, cause, lots, kind=Entry.Kind.OPENING, lifetime="opening")


def _take_back(posting: Posting[Opening], hand: BalanceInHand, end: End, cause: Cause) -> int:
    """Take what is left of the lots that this balance replaces, to be brought anew until `end`; returns how much.

    A lot that ends then anyway stays.
    """
    item = posting.item
    if hand.currency.expiry.model == "activity" or not ends_of_openings.is_said(item):
        return 0
    lots = {lot.id: lot for key in item.replaces for lot in hand.descendant_lots(key)}
    replaced = [lot for lot in lots.values() if lot.is_usable(hand.books.now) and lot.expires_at != end.at]
    points = remaining(replaced)
    if points:
        hand.debit(points, cause, replaced, kind=Entry.Kind.OPENING, lifetime="opening")
    return points


def _count(posting: Posting[Opening], plan: _Plan, cause: Cause) -> None:
    """Move the qualifying points, and the member to the tier that they reach."""
    ladder, points = plan.ladder, plan.counted
    if ladder is None or not points:
        return
    if points > 0:
        ladder.credit(points, cause, kind=Entry.Kind.OPENING, lifetime="opening")
    else:
        ladder.debit(-points, cause, (), kind=Entry.Kind.OPENING, lifetime="opening")
    ladder.count(points, cause)
    posting.upgrade()


def _trace(posting: Posting[Opening], plan: _Plan) -> OpeningTrace:
    item, currency = posting.item, plan.hand.currency
    found: OpeningTrace = {"source": item.source, "currency": currency.code, "sets": item.sets}
    if item.points is not None:
        found |= {"before": plan.hand.holding.balance, "moved": plan.moved, "stated": item.stated}
    if item.earned_before or item.redeemed_before:
        found |= {"earned_before": item.earned_before, "redeemed_before": item.redeemed_before}
    if plan.ladder:
        found |= {"ladder": plan.ladder.currency.code, "counted": plan.counted}
    return found


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
