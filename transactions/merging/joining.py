"""What goes from one member to another when two memberships become one? Source of the rules: semantics C21.

The points by transfer entries in one journal; tallies, counters of caps and relations are added. What undoing it
needs is returned, to be kept with the merge.
"""

from datetime import date, datetime

from django.contrib.auth.models import AbstractBaseUser

from members import assessing, tiers
from members.holdings import Account, Holding
from members.ladder import Ladder
from members.models import Member, Merge, Relation, Standing
from programs import periods
from programs.configuration import Configuration
from programs.ladders import FOREVER, TierGroup
from transactions.books.balances import BalanceInHand, Cause
from transactions.books.unit_of_work import Books
from transactions.merging.records import MovedRelations, MovedTally, Moves
from transactions.models import CapCounter, Journal
from transactions.verbs import moving_lots


def move_everything(
    books: Books, giver: Account, taker: Account, done: Merge, user: AbstractBaseUser | None
) -> Moves:
    """Move points, tallies and tier; returns what undoing it needs."""
    cause = Cause(books.next_journal(), books.now)
    made = Moves(journal=cause.journal_id, lots=[], plain=[], arrears={}, moved={}, tallies=[])
    for currency_id, holding in sorted(giver.holdings.items()):
        currency = books.currencies[currency_id]
        giving, taking = books.balance(giver, currency), books.balance(taker, currency)
        before = holding.balance + holding.pending
        moved = moving_lots.move_whole(giving, taking, giving.live_lots, cause)
        made["lots"] += [{"lot": one.lot.id, "descendant": one.successor, "points": one.points} for one in moved]
        for at, points in _by_window(giving):
            made["plain"].append((currency_id, at.isoformat(), points))
            moving_lots.move_plain(giving, taking, points, Cause(cause.journal_id, at))
        if holding.arrears:
            made["arrears"][str(currency_id)] = holding.arrears
            moving_lots.move_arrears(giving, taking, holding.arrears, cause)
        if before:
            made["moved"][currency.code] = before
        _join_clocks(holding, taking.holding)
    made["tallies"] = _add_tallies(books, giver, taker)
    _raise_tier(books.configuration, giver, taker, books.now)
    books.own_journal(
        cause.journal_id,
        f"merge-{done.pk}",
        kind=Journal.Kind.MERGE.value,
        activity="merge",
        member_id=taker.id,
        user_id=user.pk if user else None,
        reason=done.reason,
        answer={"points": made["moved"]},
    )
    books.close()
    return made


def _by_window(hand: BalanceInHand) -> list[tuple[datetime, int]]:
    """[(instant, points)] of qualifying points: an instant of each window in which they were counted."""
    account, currency = hand.account, hand.currency
    left = 0 if currency.is_spendable else hand.holding.available
    found = []
    group = _finest(hand)
    keys = sorted(key for key in account.tallies if group and key[:2] == (group.id, currency.id))
    for _, _, period in keys:
        points = min(left, max(0, account.tallies[group.id, currency.id, period].points)) if group else 0
        at = _within(Ladder(hand.books.configuration, group, account), period, hand.books.now) if group else None
        if points and at:
            found.append((at, points))
            left -= points
    return [*found, (hand.books.now, left)] if left else found


def _finest(hand: BalanceInHand) -> TierGroup | None:
    """The ladder with the shortest windows of those that count this currency; None where all count a whole life."""
    groups = [
        group
        for group in hand.books.configuration.tier_groups.values()
        if hand.currency.code in group.criteria and (group.has_cycles or group.model == "rolling")
    ]
    return min(groups, key=lambda group: group.has_cycles, default=None)


def _within(ladder: Ladder, period: date, now: datetime) -> datetime:
    """An instant of a window: of the present cycle, or a whole life, this one; of another its first."""
    if period == FOREVER:
        return now
    if ladder.group.has_cycles and ladder.group.cycle(ladder.day(now), ladder.enrolled_on).first == period:
        return now
    return periods.start_of_day(period, ladder.zone)


def _join_clocks(giver: Holding, taker: Holding) -> None:
    """Where the balance lives on activity, the later one of both counts."""
    if giver.expires_at and (taker.expires_at is None or taker.expires_at < giver.expires_at):
        is_extended = giver.is_extended
        taker.live_until(giver.expires_at)
        taker.is_extended = is_extended
    active = [at for at in (giver.last_activity_at, taker.last_activity_at) if at]
    taker.last_activity_at = max(active, default=None)
    giver.live_until(None)
    giver.next_change_at = None
    taker.is_touched = True


def _add_tallies(books: Books, giver: Account, taker: Account) -> list[MovedTally]:
    """Add what was counted in each window; returns what moved.

    Years of membership begin on other days: what counted in one of the giver counts in that of the taker.
    """
    found: list[MovedTally] = []
    groups = {group.id: group for group in books.configuration.tier_groups.values()}
    for (group_id, currency_id, period), tally in list(giver.tallies.items()):
        group = groups.get(group_id)
        if not group or not (tally.points or tally.carried):
            continue
        at = _within(Ladder(books.configuration, group, giver), period, books.now)
        theirs = Ladder(books.configuration, group, taker)
        to = theirs.group.cycle(theirs.day(at), theirs.enrolled_on).first if group.has_cycles else period
        there = taker.tally(group_id, currency_id, to)
        there.add(tally.points)
        there.carry(there.carried + tally.carried)
        found.append((group_id, currency_id, period.isoformat(), to.isoformat(), tally.points, tally.carried))
        tally.add(-tally.points)
        tally.carry(0)
    giver.is_touched = taker.is_touched = True
    return found


def _raise_tier(configuration: Configuration, giver: Account, taker: Account, now: datetime) -> None:
    """The higher of both tiers until the later end, then what the added tallies reach: never down (C21-R3)."""
    for group in configuration.tier_groups.values():
        theirs = giver.tiers.get(group.id)
        tier = group.by_id.get(theirs.tier_id) if theirs else None
        if theirs and tier:
            reason = Standing.Reason.MERGE.value
            tiers.keep(configuration, taker, group, tier, since=now, until=theirs.valid_until, reason=reason)
        assessing.reach(Ladder(configuration, group, taker), now)


def add_counters(source: Member, target: Member) -> list[tuple[int, str, int]]:
    """Add what each member used of the caps, so that caps are not doubled; returns [(cap id, first day, used)]."""
    found = []
    for counter in CapCounter.objects.filter(cap__scope="member", key=source.pk, used__gt=0):
        same, _ = CapCounter.objects.get_or_create(cap_id=counter.cap_id, key=target.pk, period=counter.period)
        same.used += counter.used
        same.save(update_fields=["used"])
        found.append((counter.cap_id, counter.period.isoformat(), counter.used))
    return found


def move_relations(source: Member, target: Member, now: datetime) -> MovedRelations:
    """End the source's relations and give the target the same, but for groups that it belongs to already.

    Returns the keys of those that were ended and made.
    """
    ended, made = [], []
    for relation in Relation.objects.live().filter(member=source) | Relation.objects.live().filter(group=source):
        ended.append(relation.pk)
        Relation.objects.filter(pk=relation.pk).update(left_at=now)
        side = "member" if relation.member_id == source.pk else "group"
        other = {"member": relation.member_id, "group": relation.group_id} | {side: target.pk}
        is_known = Relation.objects.live().filter(**other).exists()
        if not is_known and other["member"] != other["group"]:
            relation.pk, relation._state.adding = None, True
            setattr(relation, side, target)
            relation.save()
            made.append(relation.pk)
    return {"ended": ended, "made": made}
