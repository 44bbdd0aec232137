"""How is a merge taken back, as if it had never been? Source of the rules: semantics C21-R4."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from members import tiers
from members.models import Member, Relation
from transactions.books import moves
from transactions.merging.merges import NotMergeable, move_plain
from transactions.models import CapCounter, Entry, Journal, Lot, Trace
from transactions.verbs import transfers
from transactions.verbs.groups import open_books, write

#: What only the target used, or nobody: the source would have lost the rest alike.
_LOST = Q(entry__kind=Entry.Kind.EXPIRY) | Q(entry__kind=Entry.Kind.REVERSAL_DEBIT)


class MergeConsumed(NotMergeable):
    """So much was spent since that the source cannot get back all that it brought; a split is possible."""

    code = "merge_consumed"


def unmerge(merge, *, split=False, within_days=30, user=None, now=None):
    """Give the source of a Merge back what it brought; returns the Merge, whose record["undone"] says what moved.

    What was spent since is the target's spending, as far as the target's own points go. Beyond that it is
    refused, or, with `split`, the source gets what is left and the report says what is missing. What came
    after the merge stays with the target. Raises NotMergeable, MergeConsumed.
    """
    now = now or timezone.now()
    with transaction.atomic():
        books = open_books(merge.target.program_id, [merge.source_id, merge.target_id], now=now)
        merge.refresh_from_db()
        _check(merge, within_days, now)
        target, source = books.accounts[merge.target_id], books.accounts[merge.source_id]
        report = _give_back_everything(books, merge, target, source, user, is_split=split)
        _subtract_counters(merge)
        _undo_relations(merge, now)
        Member.objects.filter(pk=source.id).update(status=Member.Status.ACTIVE, merged_into=None)
        Member.objects.filter(pk__in=merge.record["aliases"]).update(merged_into=source.id)
        merge.undone_at, merge.record["undone"] = now, report
        merge.save(update_fields=["undone_at", "record"])
    merge.source.refresh_from_db()
    return merge


def _check(merge, within_days, now):
    if merge.undone_at:
        raise NotMergeable("This merge is undone already.", field="merge")
    if merge.merged_at < now - timedelta(days=within_days):
        raise NotMergeable(f"A merge can be undone for {within_days} days.", field="merge")
    if merge.target.status != Member.Status.ACTIVE:
        raise NotMergeable(f"Member {merge.target.number} is {merge.target.status}: undo that first.", field="merge")
    if Journal.objects.filter(member=merge.target_id).reserving(now).exists():
        raise NotMergeable(f"Member {merge.target.number} has an open reservation.", field="merge")


def _give_back_everything(books, merge, target, source, user, *, is_split):
    record, key = merge.record, books.next_journal()
    common = {"journal_id": key, "activity_at": books.now}
    returned, missing = {}, {}
    gone = _taken_back(merge, books.configuration)
    for currency in books.currencies.values():
        brought = _brought(merge, currency)
        short, back = _give_back_lots(books, target, source, currency, brought, is_split=is_split, **common)
        rows = [(at, points) for currency_id, at, points in record["plain"] if currency_id == currency.id]
        left = sum(points for _, points in rows) - sum(p for (c, _), (p, _) in gone.items() if c == currency.id)
        plain = _give_back_plain(books, target, source, currency, rows, key, most=left)
        owed = record["arrears"].get(str(currency.id), 0)
        if owed:
            _owe_again(books, target, source, currency, owed, record["journal"], **common)
        if back + plain - owed:
            returned[currency.code] = back + plain - owed
        if short:
            missing[currency.code] = short
    _subtract_tallies(target, source, record["tallies"], gone)
    _lower_tier(books.configuration, target, record["tiers"], merged_at=merge.merged_at, now=books.now)
    columns = {"activity": "unmerge", "answer": {"points": returned, "missing": missing}}
    write(books, key, Journal.Kind.MERGE, f"unmerge-{merge.pk}", target.id, user, **columns)
    books.close()
    return {"returned": returned, "missing": missing}


def _taken_back(merge, configuration):
    """{(currency, window): (qualifying points without lots, all that were counted)} which refunds of what the
    source had earned have taken from the target since."""
    people, found = [merge.source_id, *merge.record["aliases"]], {}
    refunds = Entry.objects.filter(
        member=merge.target_id,
        kind=Entry.Kind.REVERSAL_DEBIT,
        journal__gt=merge.record["journal"],
        journal__reverses__member__in=people,
    ).annotate(used=Coalesce(Sum("traces__points"), 0))
    windows = {configuration.currencies[group.currency].id: group for group in configuration.tier_groups.values()}
    names = ("currency_id", "journal__reverses__activity_at", "available", "pending", "used")
    for currency_id, at, available, pending, used in refunds.values_list(*names):
        if group := windows.get(currency_id):
            key = currency_id, group.period(at, configuration.zone)
            plain, counted = found.get(key, (0, 0))
            found[key] = plain - available - pending - used, counted - available
    return found


def _give_back_plain(books, target, source, currency, rows, key, *, most):
    """Return qualifying points, as far as they are there, and at most `most`; returns how many."""
    back = 0
    for at, points in rows:
        points = min(points, most - back, target.holding(currency.id).available)
        if points > 0:
            common = {"journal_id": key, "activity_at": datetime.fromisoformat(at)}
            move_plain(books, target, source, currency, points, **common)
            back += points
    return back


def _brought(merge, currency):
    """{key of a lot at the target: points of it that are the source's} of what time has left of it."""
    heirs = {row["heir"]: row["points"] for row in merge.record["lots"]}
    lost = (
        Trace.objects.filter(_LOST, lot__in=heirs)
        .filter(Q(entry__kind=Entry.Kind.EXPIRY) | ~Q(entry__journal__reverses__member=merge.target_id))
        .values_list("lot")
        .annotate(points=Sum("points"))
    )
    lost = dict(lost)
    ids = Lot.objects.filter(pk__in=heirs, currency=currency.id).order_by("pk").values_list("pk", flat=True)
    return {heir: heirs[heir] - lost.get(heir, 0) for heir in ids}


def _give_back_lots(books, target, source, currency, brought, *, is_split, **common):
    """Move the lots back, and make up for what was used of them; returns (points missing, points returned)."""
    left = {lot.id: lot for lot in books.lots_of(target, currency)}
    own = [lot for lot in books.usable_lots(target, currency, at=books.now) if lot.id not in brought]
    alive = Lot.objects.filter(Q(expires_at=None) | Q(expires_at__gt=books.now), pk__in=brought)
    alive = set(alive.values_list("pk", flat=True))
    spent = {
        heir: points - (left[heir].remaining if heir in left else 0)
        for heir, points in brought.items()
        if heir in alive
    }
    short = max(0, sum(spent.values()) - sum(lot.remaining for lot in own))
    if short and not is_split:
        detail = f"{short} {currency.name} of member {source.number} are spent; a split would return what is left."
        raise MergeConsumed(detail, field="merge")
    whole = [left[heir] for heir in brought if heir in left and left[heir].remaining]
    moved = transfers.move_whole_lots(books, target, source, currency, whole, **common)
    back = sum(points for _, _, points in moved)
    for heir, points in spent.items():
        points = min(points, sum(lot.remaining for lot in own))
        if points:
            _make_up(books, target, source, currency, heir, points, own, **common)
            back += points
    return short, back


def _make_up(books, target, source, currency, heir, points, own, *, journal_id, activity_at):
    """Give points of the target's own for those of the lot `heir` that were used, with the end of that lot."""
    out = {"kind": Entry.Kind.TRANSFER_OUT, "lots": own, "lifetime_transferred": -points}
    moves.debit(books, target, currency, points, journal_id=journal_id, activity_at=activity_at, **out)
    lot = Lot.objects.get(pk=heir)
    transfers.receive(books, source, currency, lot, points, journal_id=journal_id)


def _owe_again(books, target, source, currency, owed, merge_journal, *, journal_id, activity_at):
    """Put the arrears back where they came from; the target gets what it paid for them."""
    common = {"journal_id": journal_id, "activity_at": activity_at}
    out = {"kind": Entry.Kind.TRANSFER_OUT, "lifetime_transferred": -owed}
    lots = books.usable_lots(source, currency, at=books.now)
    moves.debit(books, source, currency, owed, lots=lots, **out, **common)
    of_target = {"entry__member": target.id, "entry__kind": Entry.Kind.TRANSFER_OUT, "lot__currency": currency.id}
    for trace in Trace.objects.filter(entry__journal=merge_journal, **of_target).select_related("lot"):
        points = min(owed, trace.points)
        owed -= points
        transfers.receive(books, target, currency, trace.lot, points, journal_id=journal_id)
    if owed:
        end = moves.end_of(books, target, currency, earned_at=books.now)
        got = {"kind": Entry.Kind.TRANSFER_IN, "lifetime_transferred": owed}
        moves.credit(books, target, currency, owed, end=end, **got, **common)


def _subtract_tallies(target, source, tallies, gone):
    for currency_id, period, points in tallies:
        period = date.fromisoformat(period)
        there, here = (who.count(currency_id, period) for who in (target, source))
        _, taken = gone.get((currency_id, period), (0, 0))
        points = max(0, min(points - taken, there.points))
        there.points, there.moved = there.points - points, there.moved - points
        here.points, here.moved = here.points + points, here.moved + points
    target.is_touched = source.is_touched = True


def _lower_tier(configuration, target, before, *, merged_at, now):
    """Back to the tier of before the merge, unless what is left reaches a higher one."""
    for group in configuration.tier_groups.values():
        held, was = target.tiers.get(group.id), before.get(str(group.id))
        if held is None or was in (None, held.tier_id):
            continue
        currency = configuration.currencies[group.currency]
        count = target.counts.get((currency.id, group.period(merged_at, configuration.zone)))
        reached = group.reached(count.points) if count else None
        ranks = [tier.id for tier in group.tiers]
        rank = max(ranks.index(was), group.rank(reached.code) if reached else -1)
        if rank < ranks.index(held.tier_id):
            tiers.hold(target, group.id, ranks[rank], since=now)


def _subtract_counters(merge):
    for cap_id, period, used in merge.record["counters"]:
        for counter in CapCounter.objects.filter(cap=cap_id, key=merge.target_id, period=period):
            counter.used = max(0, counter.used - used)
            counter.save(update_fields=["used"])


def _undo_relations(merge, now):
    changed = merge.record["relations"]
    Relation.objects.live().filter(pk__in=changed["made"]).update(left_at=now)
    for relation in Relation.objects.filter(pk__in=changed["ended"]):
        same = Relation.objects.live().filter(member=relation.member_id, group=relation.group_id)
        if not same.exists():
            Relation.objects.filter(pk=relation.pk).update(left_at=None)
