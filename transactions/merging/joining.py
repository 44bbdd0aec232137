"""What goes from one member to another when two memberships become one? Source of the rules: semantics C21.

The points by transfer entries in one journal; tallies, counters of caps and relations are added. What undoing it
needs is returned, to be kept with the merge.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime

from django.contrib.auth.models import AbstractBaseUser

from members import assessing, tiers
from members.holdings import Account, Holding
from members.ladder import Ladder
from members.models import Member, Merge, Relation, Standing
from programs.configuration import Configuration
from transactions.books.balances import Cause
from transactions.books.unit_of_work import Books
from transactions.merging import windows
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
        for at, points in windows.of_points(giving):
            made["plain"].append((currency_id, at.isoformat(), points))
            moving_lots.move_plain(giving, taking, points, Cause(cause.journal_id, at))
        if holding.arrears:
            made["arrears"][str(currency_id)] = holding.arrears
            moving_lots.move_arrears(giving, taking, holding.arrears, cause)
        if before:
            made["moved"][currency.code] = before
        _join_clocks(holding, taking.holding)
    made["tallies"] = _add_tallies(books, giver, taker, made["plain"])
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


def _add_tallies(
    books: Books, giver: Account, taker: Account, plain: Iterable[tuple[int, str, int]]
) -> list[MovedTally]:
    """Add what was counted in each window, as the `plain` entries count; returns what moved.

    Years of membership begin on other days: what counted in one of the giver counts in that of the taker.
    """
    found: list[MovedTally] = []
    groups = {group.id: group for group in books.configuration.tier_groups.values()}
    for (group_id, currency_id, period), tally in list(giver.tallies.items()):
        group = groups.get(group_id)
        if not group or not (tally.points or tally.carried):
            continue
        ours, theirs = (Ladder(books.configuration, group, account) for account in (giver, taker))
        usual = _window(theirs, windows.within(ours, period, books.now), period)
        points: Counter[date] = Counter({usual: 0})
        for key, at, moved in plain:
            if key == currency_id and _window(ours, datetime.fromisoformat(at), period) == period:
                points[_window(theirs, datetime.fromisoformat(at), period)] += moved if group.has_cycles else 0
        # What no entry says, of before there was such a ladder for instance, goes where the window begins.
        points[usual] += tally.points - points.total()
        for to, count in points.items():
            carried = tally.carried if to == usual else 0
            there = taker.tally(group_id, currency_id, to)
            there.add(count)
            there.carry(there.carried + carried)
            found.append((group_id, currency_id, period.isoformat(), to.isoformat(), count, carried))
        tally.add(-tally.points)
        tally.carry(0)
    giver.is_touched = taker.is_touched = True
    return found


def _window(ladder: Ladder, at: datetime, period: date) -> date:
    """The first day of the window of an instant; `period` where all members count in the same ones."""
    return ladder.group.cycle(ladder.day(at), ladder.enrolled_on).first if ladder.group.has_cycles else period


def _raise_tier(configuration: Configuration, giver: Account, taker: Account, now: datetime) -> None:
    """The higher of both tiers until the later end, then what the added tallies reach: never down (C21-R3)."""
    for group in configuration.tier_groups.values():
        theirs = giver.tiers.get(group.id)
        tier = group.by_id.get(theirs.tier_id) if theirs else None
        if theirs and tier:
            # What follows a segment goes on following it: the survivor may not be in it.
            follows = theirs.reason == Standing.Reason.SEGMENT.value
            reason = (Standing.Reason.SEGMENT if follows else Standing.Reason.MERGE).value
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
