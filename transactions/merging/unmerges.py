"""How is a merge taken back, as if it had never been? Source of the rules: semantics C21-R4."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import TypeAlias

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from members import changes
from members.holdings import Account
from members.ladder import Ladder
from members.ladder_rows import LockedStanding
from members.models import Member, Merge, Relation, Standing
from programs.configuration import Configuration, Currency
from transactions.books import settlement
from transactions.books.balances import BalanceInHand, Cause
from transactions.books.lots import LotState, remaining
from transactions.books.unit_of_work import Books
from transactions.merging import enrolments, progress
from transactions.merging.merges import NotMergeable
from transactions.merging.records import MovedTally, StoredRecord, Undone, descendant_of, tallies_of
from transactions.models import CapCounter, Entry, Journal, Lot, Trace
from transactions.verbs import moving_lots

#: What would be gone without the merge as well: the source need not get it back.
_EXPIRED_OR_REVERSED = Q(entry__kind=Entry.Kind.EXPIRY) | Q(entry__kind=Entry.Kind.REVERSAL_DEBIT)


class MergeConsumed(NotMergeable):
    """So much was spent since that the source cannot get back all that it brought; a split is possible."""

    code = "merge_consumed"


#: {(tier group id, currency id, first day of the window): (qualifying points without lots, all that were counted)}.
Gone: TypeAlias = dict[tuple[int, int, date], tuple[int, int]]


def unmerge(
    merge: Merge,
    *,
    split: bool = False,
    within_days: int = 30,
    user: AbstractBaseUser | None = None,
    now: datetime | None = None,
) -> Merge:
    """Give the source of a Merge back what it brought; returns the Merge, whose record["undone"] says what moved.

    What was spent since is the target's spending, as far as the target's own points go. Beyond that it is
    refused, or, with `split`, the source gets what is left and the report says what is missing. What came
    after the merge stays with the target. Raises NotMergeable, MergeConsumed.
    """
    now = now or timezone.now()
    with transaction.atomic():
        books = settlement.open_books(merge.target.program_id, [merge.source_id, merge.target_id], now=now)
        merge.refresh_from_db()
        _check(merge, within_days, now)
        target, source = books.accounts[merge.target_id], books.accounts[merge.source_id]
        report = _give_back_everything(books, merge, target, source, user, is_split=split)
        _subtract_counters(merge)
        progress.part(merge)
        _undo_relations(merge, now)
        enrolments.give_back(merge.record.get("enrolments", ()), source=source.id, target=target.id)
        Member.objects.filter(pk=source.id).update(status=Member.Status.ACTIVE, merged_into=None)
        record: StoredRecord = merge.record
        Member.objects.filter(pk__in=record["aliases"]).update(merged_into=source.id)
        merge.undone_at, record["undone"] = now, report
        merge.save(update_fields=["undone_at", "record"])
        merge.source.refresh_from_db()
        changes.tell_member_updated(merge.source, ["status"], now=now)
    return merge


def _check(merge: Merge, within_days: int, now: datetime) -> None:
    if merge.undone_at:
        raise NotMergeable("This merge is undone already.", field="merge")
    if merge.merged_at < now - timedelta(days=within_days):
        raise NotMergeable(f"A merge can be undone for {within_days} days.", field="merge")
    if merge.target.status != Member.Status.ACTIVE:
        raise NotMergeable(f"Member {merge.target.number} is {merge.target.status}: undo that first.", field="merge")
    if Journal.objects.filter(member=merge.target_id).reserving(now).exists():
        raise NotMergeable(f"Member {merge.target.number} has an open reservation.", field="merge")


def _give_back_everything(
    books: Books, merge: Merge, target: Account, source: Account, user: AbstractBaseUser | None, *, is_split: bool
) -> Undone:
    record: StoredRecord = merge.record
    cause = Cause(books.next_journal(), books.now)
    undone = Undone(returned={}, missing={})
    gone = _reversed_since(merge, books.configuration)
    for currency in books.currencies.values():
        giving, taking = books.balance(target, currency), books.balance(source, currency)
        short, back = _give_back_lots(giving, taking, _brought(merge, currency), cause, is_split=is_split)
        rows = [(at, points) for currency_id, at, points in record["plain"] if currency_id == currency.id]
        left = sum(points for _, points in rows) - _gone_of(gone, currency.id)
        plain = _give_back_plain(giving, taking, rows, cause, most=left)
        owed = record["arrears"].get(str(currency.id), 0)
        if owed:
            _owe_again(giving, taking, owed, record["journal"], cause)
        if back + plain - owed:
            undone["returned"][currency.code] = back + plain - owed
        if short:
            undone["missing"][currency.code] = short
    _subtract_tallies(target, source, tallies_of(record, books.configuration), gone)
    _lower_tier(books.configuration, target, record["tiers"], now=books.now)
    books.own_journal(
        cause.journal_id,
        f"unmerge-{merge.pk}",
        kind=Journal.Kind.MERGE.value,
        activity="unmerge",
        member_id=target.id,
        user_id=user.pk if user else None,
        answer={"points": undone["returned"], "missing": undone["missing"]},
    )
    books.close()
    return undone


def _reversed_since(merge: Merge, configuration: Configuration) -> Gone:
    """What refunds of what the source had earned have taken from the target since."""
    record: StoredRecord = merge.record
    people = [merge.source_id, *record["aliases"]]
    found: Gone = {}
    refunds = Entry.objects.filter(
        member=merge.target_id,
        kind=Entry.Kind.REVERSAL_DEBIT,
        journal__gt=record["journal"],
        journal__reverses__member__in=people,
    ).annotate(used=Coalesce(Sum("traces__points"), 0))
    target = Account(merge.target_id, "", "", merge.target.enrolled_at, 0, "")
    names = ("currency_id", "journal__reverses__activity_at", "available", "pending", "used")
    for currency_id, at, available, pending, used in refunds.values_list(*names):
        for group in configuration.tier_groups.values():
            if currency_id not in (configuration.currencies[code].id for code in group.criteria):
                continue
            ladder = Ladder(configuration, group, target)
            day = ladder.day(at)
            period = group.counted_in(day, known_on=day, enrolled_on=ladder.enrolled_on)
            plain, counted = found.get((group.id, currency_id, period), (0, 0))
            found[group.id, currency_id, period] = plain - available - pending - used, counted - available
    return found


def _gone_of(gone: Gone, currency_id: int) -> int:
    """Qualifying points without lots that are gone of a currency; each ladder that counts it says the same."""
    by_group: dict[int, int] = {}
    for (group_id, currency, _), (plain, _) in gone.items():
        if currency == currency_id:
            by_group[group_id] = by_group.get(group_id, 0) + plain
    return max(by_group.values(), default=0)


def _give_back_plain(
    giving: BalanceInHand, taking: BalanceInHand, rows: Iterable[tuple[str, int]], cause: Cause, *, most: int
) -> int:
    """Return qualifying points, as far as they are there, and at most `most`; returns how many."""
    back = 0
    for at, points in rows:
        points = min(points, most - back, giving.holding.available)
        if points > 0:
            moving_lots.move_plain(giving, taking, points, Cause(cause.journal_id, datetime.fromisoformat(at)))
            back += points
    return back


def _brought(merge: Merge, currency: Currency) -> dict[int, int]:
    """{key of a lot at the target: points of it that are the source's} of what time has left of it."""
    record: StoredRecord = merge.record
    brought = {descendant_of(row): row["points"] for row in record["lots"]}
    traces = (
        Trace.objects.filter(_EXPIRED_OR_REVERSED, lot__in=brought)
        .filter(Q(entry__kind=Entry.Kind.EXPIRY) | ~Q(entry__journal__reverses__member=merge.target_id))
        .values_list("lot")
        .annotate(points=Sum("points"))
    )
    expired_or_reversed = dict(traces)
    ids = Lot.objects.filter(pk__in=brought, currency=currency.id).order_by("pk").values_list("pk", flat=True)
    return {lot: brought[lot] - expired_or_reversed.get(lot, 0) for lot in ids}


def _give_back_lots(
    giving: BalanceInHand, taking: BalanceInHand, brought: Mapping[int, int], cause: Cause, *, is_split: bool
) -> tuple[int, int]:
    """Move the lots back, and make up for what was used of them; returns (points missing, points returned)."""
    left = {lot.id: lot for lot in giving.lots}
    own = [lot for lot in giving.usable_lots(giving.books.now) if lot.id not in brought]
    live = Lot.objects.filter(Q(expires_at=None) | Q(expires_at__gt=giving.books.now), pk__in=brought)
    alive = set(live.values_list("pk", flat=True))
    spent = {
        lot: points - (left[lot].remaining if lot in left else 0) for lot, points in brought.items() if lot in alive
    }
    short = max(0, sum(spent.values()) - remaining(own))
    if short and not is_split:
        name, number = giving.currency.name, taking.account.number
        detail = f"{short} {name} of member {number} are spent; a split would return what is left."
        raise MergeConsumed(detail, field="merge")
    whole = [left[lot] for lot in brought if lot in left and left[lot].remaining]
    moved = moving_lots.move_whole(giving, taking, whole, cause)
    back = sum(one.points for one in moved)
    for lot, points in spent.items():
        points = min(points, remaining(own))
        if points:
            _make_up(giving, taking, lot, points, own, cause)
            back += points
    return short, back


def _make_up(
    giving: BalanceInHand, taking: BalanceInHand, lot_id: int, points: int, own: list[LotState], cause: Cause
) -> None:
    """Give points of the target's own for those of a lot that were used, with the end of that lot."""
    giving.debit(points, cause, own, kind=Entry.Kind.TRANSFER_OUT, lifetime="transferred")
    moving_lots.receive(taking, Lot.objects.get(pk=lot_id), points, cause)


def _owe_again(giving: BalanceInHand, taking: BalanceInHand, owed: int, merge_journal: int, cause: Cause) -> None:
    """Put the arrears back where they came from; the target gets what it paid for them."""
    lots = taking.usable_lots(taking.books.now)
    taking.debit(owed, cause, lots, kind=Entry.Kind.TRANSFER_OUT, lifetime="transferred")
    of_target = {
        "entry__member": giving.account.id,
        "entry__kind": Entry.Kind.TRANSFER_OUT,
        "lot__currency": giving.currency.id,
    }
    for trace in Trace.objects.filter(entry__journal=merge_journal, **of_target).select_related("lot"):
        points = min(owed, trace.points)
        owed -= points
        moving_lots.receive(giving, trace.lot, points, cause)
    if owed:
        end = giving.end_of(earned_at=giving.books.now)
        giving.credit(owed, cause, kind=Entry.Kind.TRANSFER_IN, end=end, lifetime="transferred")


def _subtract_tallies(target: Account, source: Account, tallies: Iterable[MovedTally], gone: Gone) -> None:
    """Give the source its qualifying points of each window back, without those that refunds have taken."""
    for group_id, currency_id, was, to, points, carried in tallies:
        there = target.tally(group_id, currency_id, date.fromisoformat(to))
        here = source.tally(group_id, currency_id, date.fromisoformat(was))
        _, taken = gone.get((group_id, currency_id, date.fromisoformat(to)), (0, 0))
        points = max(0, min(points - taken, there.points))
        there.add(-points)
        here.add(points)
        there.carry(max(0, there.carried - carried))
        here.carry(carried)
    target.is_touched = source.is_touched = True


def _lower_tier(
    configuration: Configuration, target: Account, before: Mapping[str, int | None], *, now: datetime
) -> None:
    """Back to the tier of before the merge, unless what is left reaches a higher one."""
    for group in configuration.tier_groups.values():
        ladder, was = Ladder(configuration, group, target), group.by_id.get(before.get(str(group.id)))
        if ladder.held is None or str(group.id) not in before or was is ladder.tier:
            continue
        reached = group.reached(ladder.counted_on(ladder.day(now)))
        tier = max(was, reached, key=group.rank)
        if group.rank(tier) < group.rank(ladder.tier):
            until = ladder.through(tier, group.last_day(ladder.day(now), ladder.enrolled_on))
            # Where a segment gives the tier the next night says whether it does so still.
            follows = tier is not None and bool(tier.segment)
            reason = (Standing.Reason.SEGMENT if follows else Standing.Reason.MERGE).value
            ladder.hold(LockedStanding(None, tier.id if tier else None, now, now, until, reason=reason))


def _subtract_counters(merge: Merge) -> None:
    """Take what the source had used of caps off the target's counters."""
    record: StoredRecord = merge.record
    for cap_id, period, used in record["counters"]:
        for counter in CapCounter.objects.filter(cap=cap_id, key=merge.target_id, period=period):
            counter.used = max(0, counter.used - used)
            counter.save(update_fields=["used"])


def _undo_relations(merge: Merge, now: datetime) -> None:
    """End the relations that the merge made, and give the source its own back."""
    record: StoredRecord = merge.record
    changed = record["relations"]
    Relation.objects.live().filter(pk__in=changed["made"]).update(left_at=now)
    for relation in Relation.objects.filter(pk__in=changed["ended"]):
        same = Relation.objects.live().filter(member=relation.member_id, group=relation.group_id)
        if not same.exists():
            Relation.objects.filter(pk=relation.pk).update(left_at=None)
