"""How do two memberships of one person become one, and two again? Source of the rules: semantics C21.

The source's points move to the target by transfer entries in one journal; its old journals stay where they
are. Whoever names the source from then on means the target (members/lookup.py).
"""

from django.db import transaction
from django.utils import timezone

from loyalty_site.lib.refusals import Refused
from members import tiers
from members.models import Member, Merge, Relation
from partners.activity import Adjustment
from partners.models import Connection
from programs import periods
from transactions import ledger
from transactions.books import settlement
from transactions.books.balances import Cause
from transactions.merging import double_bonuses
from transactions.models import Approval, CapCounter, Journal
from transactions.verbs import moving_lots
from transactions.verbs.adjustments import ReasonMissing


class NotMergeable(Refused):
    code = "not_mergeable"


def preview(source, target, *, now=None):
    """What merging `source` into `target` would do: {"problems", "moves", "balances", "tiers", "flags"}.

    Everything is computed as in `merge`, and rolled back; nothing is written.
    """
    now = now or timezone.now()
    problems = [str(problem) for problem in _problems(source, target, now)]
    if problems:
        return {"problems": problems, "moves": {}, "balances": {}, "tiers": {}, "flags": {}}
    with transaction.atomic():
        done = merge(source, target, reason="Preview", now=now)
        account = done.record["after"]
        transaction.set_rollback(True)
    source.refresh_from_db()
    return {
        "problems": [],
        "moves": done.record["moved"],
        "balances": account["balances"],
        "tiers": account["tiers"],
        "flags": done.record["flags"],
    }


def merge(source, target, *, reason, claw_back=False, user=None, now=None):
    """Make the member `source` part of `target`; returns the Merge. Raises NotMergeable, ReasonMissing.

    Lots keep their ends, what is pending stays pending, arrears are owed by the target; tallies and counters
    are added. With `claw_back`, bonuses that a member gets once, and got twice, are debited.
    """
    if not reason.strip():
        raise ReasonMissing("Say why these two are one.", field="reason")
    now = now or timezone.now()
    with transaction.atomic():
        _check(source, target, now)
        books = settlement.open_books(target.program_id, [source.pk, target.pk], now=now)
        # Once more: only what is read under the lock is sure.
        _check(source, target, now)
        giver, taker = books.accounts[source.pk], books.accounts[target.pk]
        done = Merge(source=source, target=target, reason=reason, user=user, merged_at=now)
        done.record = {"flags": double_bonuses.given_twice(source, target), "tiers": _tiers_of(taker)}
        done.save()
        done.record |= _move_everything(books, giver, taker, done, user)
        done.record |= {"counters": _add_counters(source, target), "relations": _move_relations(source, target, now)}
        done.record["aliases"] = list(source.merged_members.values_list("pk", flat=True))
        done.record["after"] = _state(books, taker)
        done.save(update_fields=["record"])
        Member.objects.filter(pk__in=[source.pk, *done.record["aliases"]]).update(
            status=Member.Status.MERGED, merged_into=target
        )
        if claw_back:
            _claw_back(done, user, now)
    source.refresh_from_db()
    return done


def _check(source, target, now):
    source.refresh_from_db()
    target.refresh_from_db()
    for problem in _problems(source, target, now):
        raise problem


def _problems(source, target, now):
    """What stands against merging these two, most important first."""
    if source.pk == target.pk:
        yield NotMergeable("A member cannot be merged into itself.", field="target")
        return
    if source.program_id != target.program_id:
        yield NotMergeable("The two are members of different programs.", field="target")
        return
    if source.customer.kind != target.customer.kind:
        yield NotMergeable("A person and a group cannot become one.", field="target")
    for name, member in (("source", source), ("target", target)):
        if member.status != Member.Status.ACTIVE:
            yield NotMergeable(f"Member {member.number} is {member.status}; both must be active.", field=name)
        if Journal.objects.filter(member=member).reserving(now).exists():
            detail = f"Member {member.number} has an open reservation: confirm or release it first."
            yield NotMergeable(detail, field=name)
        if Approval.objects.filter(member=member, status=Approval.Status.WAITING).exists():
            yield NotMergeable(f"A posting for member {member.number} waits for approval.", field=name)
    groups = {**_shares(source), **_shares(target)}
    if sum(groups.values()) > 100:
        yield NotMergeable("Together they give more than 100 % to groups: end a relation first.", field="source")


def _shares(member):
    return dict(Relation.objects.live().filter(member=member).values_list("group_id", "percent"))


def _tiers_of(account):
    return {str(group): held.tier_id for group, held in account.tiers.items()}


def _state(books, account):
    """Balances and tiers of the target by code, for people."""
    currencies = books.currencies.values()
    return {
        "balances": {c.code: account.holding(c.id).balance for c in currencies if c.id in account.holdings},
        "pending": {c.code: account.holding(c.id).pending for c in currencies if c.id in account.holdings},
        "tiers": tiers.codes(books.configuration, account),
    }


def _move_everything(books, giver, taker, done, user):
    """Move points, tallies and tier; returns what undoing it needs."""
    cause = Cause(books.next_journal(), books.now)
    record = {"journal": cause.journal_id, "lots": [], "plain": [], "arrears": {}, "moved": {}}
    for currency_id, holding in sorted(giver.holdings.items()):
        currency = books.currencies[currency_id]
        giving, taking = books.balance(giver, currency), books.balance(taker, currency)
        before = holding.balance + holding.pending
        moved = moving_lots.move_whole(giving, taking, giving.live_lots, cause)
        record["lots"] += [{"lot": one.lot.id, "heir": one.successor, "points": one.points} for one in moved]
        for at, points in _by_window(giving):
            record["plain"].append([currency_id, at.isoformat(), points])
            moving_lots.move_plain(giving, taking, points, Cause(cause.journal_id, at))
        if holding.arrears:
            record["arrears"][str(currency_id)] = holding.arrears
            moving_lots.move_arrears(giving, taking, holding.arrears, cause)
        if before:
            record["moved"][currency.code] = before
        _join_clocks(holding, taking.holding)
    record["tallies"] = _add_tallies(giver, taker)
    _raise_tier(books.configuration, giver, taker, books.now)
    books.own_journal(
        cause.journal_id,
        f"merge-{done.pk}",
        kind=Journal.Kind.MERGE.value,
        activity="merge",
        member_id=taker.id,
        user_id=user.pk if user else None,
        reason=done.reason,
        answer={"points": record["moved"]},
    )
    books.close()
    return record


def _by_window(hand):
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


def _join_clocks(giver, taker):
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


def _add_tallies(giver, taker):
    """Add what was counted in each window; returns [[currency, period, points]]."""
    found = []
    for (currency_id, period), tally in giver.tallies.items():
        if tally.points:
            taker.tally(currency_id, period).add(tally.points)
            found.append([currency_id, period.isoformat(), tally.points])
            tally.add(-tally.points)
    giver.is_touched = taker.is_touched = True
    return found


def _raise_tier(configuration, giver, taker, now):
    """The higher of both tiers, then what the added tallies reach: never down (C21-R3)."""
    for group in configuration.tier_groups.values():
        ranks = [tier.id for tier in group.tiers]
        theirs, own = giver.tiers.get(group.id), taker.tiers.get(group.id)
        if theirs and (own is None or ranks.index(theirs.tier_id) > ranks.index(own.tier_id)):
            tiers.hold(taker, group.id, theirs.tier_id, since=now)
    tiers.upgrade(configuration, taker, activity_at=now, since=now)


def _add_counters(source, target):
    """Add what each member used of the caps, so that caps are not doubled; returns [[cap, period, used]]."""
    found = []
    for counter in CapCounter.objects.filter(cap__scope="member", key=source.pk, used__gt=0):
        same, _ = CapCounter.objects.get_or_create(cap_id=counter.cap_id, key=target.pk, period=counter.period)
        same.used += counter.used
        same.save(update_fields=["used"])
        found.append([counter.cap_id, counter.period.isoformat(), counter.used])
    return found


def _move_relations(source, target, now):
    """End the source's relations and give the target the same, but for groups that it belongs to already."""
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


def _claw_back(done, user, now):
    """Debit bonuses that were given twice, as far as the balance goes."""
    via = Connection.of(done.target.program.owner, Connection.Platform.BACK_OFFICE)
    items = [
        Adjustment(
            external_id=f"merge-{done.pk}-{code}",
            member={"number": done.target.number},
            points=-sum(bonus["points"] for bonus in flags),
            currency=code,
            reason="Bonus given twice, before two memberships became one",
        )
        for code, flags in done.record["flags"].items()
    ]
    ledger.record(items, program_id=done.target.program_id, via=via, user=user, now=now)
