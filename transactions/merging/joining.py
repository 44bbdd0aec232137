"""What goes from one member to another when two memberships become one? Source of the rules: semantics C21.

The points by transfer entries in one journal; tallies, counters of caps and relations are added. What undoing it
needs is returned, to be kept with the merge.
"""

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser

from members import tiers
from members.holdings import Account, Holding
from members.models import Member, Merge, Relation
from programs import periods
from programs.configuration import Configuration
from transactions.books.balances import BalanceInHand, Cause
from transactions.books.unit_of_work import Books
from transactions.merging.records import MovedRelations, Moves
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
    made["tallies"] = _add_tallies(giver, taker)
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
    account, currency, zone = hand.account, hand.currency, hand.books.configuration.zone
    left = 0 if currency.is_spendable else hand.holding.available
    found = []
    for period in sorted(period for key, period in account.tallies if key == currency.id and period.year > 1):
        points = min(left, max(0, account.tallies[currency.id, period].points))
        if points:
            found.append((periods.start_of_day(period, zone), points))
            left -= points
    return [*found, (hand.books.now, left)] if left else found


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


def _add_tallies(giver: Account, taker: Account) -> list[tuple[int, str, int]]:
    """Add what was counted in each window; returns [(currency id, first day, points)]."""
    found = []
    for (currency_id, period), tally in giver.tallies.items():
        if tally.points:
            taker.tally(currency_id, period).add(tally.points)
            found.append((currency_id, period.isoformat(), tally.points))
            tally.add(-tally.points)
    giver.is_touched = taker.is_touched = True
    return found


def _raise_tier(configuration: Configuration, giver: Account, taker: Account, now: datetime) -> None:
    """The higher of both tiers until the later end, then what the added tallies reach: never down (C21-R3)."""
    for group in configuration.tier_groups.values():
        theirs = giver.tiers.get(group.id)
        if theirs:
            tiers.keep(taker, group, group.by_id[theirs.tier_id], since=now, until=theirs.until_at)
    tiers.upgrade(configuration, taker, activity_at=now, since=now)


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
