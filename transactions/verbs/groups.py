"""Who shares what a member earns, and who may spend what a group holds? Source of the rules: semantics C19."""

from django.db import transaction
from django.utils import timezone

from loyalty_site.lib import money
from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.sql import Session
from members.models import Member, Relation
from partners.models import Connection
from programs import periods, versions
from transactions.books import settlement
from transactions.books.posting import MemberNotActive
from transactions.books.unit_of_work import Books
from transactions.models import Journal, Lot
from transactions.verbs import transfers


class NotAllowed(Refused):
    code = "not_allowed"


class NotLive(Refused):
    code = "relation_ended"


def percents(posting):
    """{key of a group: percent of what the member earns that goes there}, of groups that can take it."""
    books = posting.books
    ties = [tie for tie in books.ties.live(posting.account.id) if tie.percent]
    return {tie.group_id: tie.percent for tie in ties if books.accounts[tie.group_id].status == Member.Status.ACTIVE}


def parts(posting, currency, points, shares):
    """[(account of a group, points)] of `points`: rounded down, the remainder stays with the member (C19-R2).

    Qualifying points stay personal. `shares` are percents as `percents` gives them.
    """
    if not currency.is_spendable:
        return []
    found = [(group, points * percent // 100) for group, percent in shares.items()]
    return [(posting.books.accounts[group], part) for group, part in found if part]


def told(posting, earned, shares):
    """{number of a group: {currency code: points}} of what `earned` gave to groups, for the answer."""
    found = {}
    for code, points in earned.items():
        for group, part in parts(posting, posting.configuration.currencies[code], points, shares):
            found.setdefault(group.number, {})[code] = part
    return found


def kept(original, currency, target):
    """{key of a group of then: points} that groups keep when `target` is left of what an order earned (C19-R4)."""
    if not currency.is_spendable:
        return {}
    return {int(group): target * percent // 100 for group, percent in original.trace.get("shares", {}).items()}


def pending_lots(posting):
    """(account, currency, lot) of all that is still pending of the original, wherever it lies now."""
    original, books = posting.original, posting.books
    holders = [(posting.account, entry, currency) for entry, currency, _ in original.credits]
    for entry, currency, _, group, _ in original.shares:
        holders += [(books.accounts[group], entry, currency), (posting.account, entry, currency)]
    for account, entry, currency in holders:
        for lot in books.heirs(account, currency, entry):
            if lot.is_pending:
                yield account, books.currencies[currency], lot


def spend(posting, currency, points):
    """The relation by which the one who acts spends `points` of a group (C19-R3), counted for the day.

    None for people who spend their own. Raises NotAllowed.
    """
    group, actor, books = posting.account, posting.other, posting.books
    if actor is None:
        if group.id in books.ties.collective:
            raise NotAllowed("These are the points of a group: say by whom they are spent.", field="by")
        return None
    if actor.status != Member.Status.ACTIVE:
        raise MemberNotActive(f"The member who spends is {actor.status}.", field="by")
    tie = books.ties.find(actor.id, group.id)
    if tie is None or not tie.is_live:
        raise NotAllowed("The member does not belong to this group.", field="by")
    if not tie.may_redeem or tie.role == Relation.Role.VIEWER:
        raise NotAllowed("The member may not spend the points of this group.", field="by")
    spent = tie.spent_of(today(books))
    if tie.daily_limit is not None and spent + points > tie.daily_limit:
        left = money.render(max(0, tie.daily_limit - spent), currency.decimals)
        raise NotAllowed(f"The member may spend {left} more {currency.name} of the group today.", field="points")
    if tie.needs_approval and posting.item.reserve_s:
        raise NotAllowed("Ask for the approval first: what waits for it cannot be reserved.", field="reserve_s")
    if not has_to_wait(posting, tie):
        tie.spend(points, today(books))
    return tie


def has_to_wait(posting, tie):
    """Whether somebody has to approve it before it counts."""
    return tie is not None and tie.needs_approval and not posting.resumed


def ask(posting, tie):
    """Keep a redemption until an owner or approver of the group decides (transactions/reviews/decisions.py)."""
    why = "An owner or approver of the group has to approve it."
    held, columns = Journal.Status.HELD, {"activity": "redemption", "trace": spent_by(tie)}
    return posting.keep(Journal.Kind.REDEMPTION, held, why, **columns)


def spent_by(tie):
    """What the trace of a redemption says of the one who spent a group's points."""
    return {"by": tie.member_id, "relation": tie.id} if tie else {}


def today(books):
    return periods.local_date(books.now, books.configuration.zone)


def check_approver(journal, approver):
    """Whether `approver`, a Member, may decide the group's redemption that waits. Raises NotAllowed."""
    owns = Relation.objects.live().filter(
        member=approver, group=journal.member_id, role__in=[Relation.Role.OWNER, Relation.Role.APPROVER]
    )
    if not owns.exists() or approver.status != Member.Status.ACTIVE:
        raise NotAllowed("Only an owner or approver of the group decides this.", field="by")
    if journal.trace.get("by") == approver.pk:
        raise NotAllowed("Somebody else has to decide: nobody approves their own redemption.", field="by")


def leave(relation, *, give_back=False, user=None, now=None):
    """End a relation. Contributed points stay, or what is unspent of them goes back; returns {currency: points}.

    Raises NotLive.
    """
    now = now or timezone.now()
    program_id, back = relation.member.program_id, {}
    with transaction.atomic():
        books = open_books(program_id, [relation.member_id, relation.group_id], now=now)
        if not Relation.objects.live().filter(pk=relation.pk).update(left_at=now):
            raise NotLive("The member has left this group already.", field="relation")
        if give_back:
            back = _give_back(books, relation, user)
        books.close()
    relation.left_at = now
    return back


def open_books(program_id, member_ids, *, now):
    """Books with these members locked, settled, and all their lots; for deeds that are no item of a batch."""
    books = Books(Session(), versions.renew(program_id), now=now)
    books.open(member_ids, journals=1, entries=20, with_lots=True)
    settlement.settle(books)
    return books


def _give_back(books, relation, user):
    """Move what is left of the lots that the member contributed back to the member."""
    group, member = books.accounts[relation.group_id], books.accounts[relation.member_id]
    people = [relation.member_id, *Member.objects.filter(merged_into=relation.member_id).values_list("pk", flat=True)]
    given = set(
        Lot.objects.filter(
            member=group.id,
            remaining__gt=0,
            entry__journal__member__in=people,
            entry__journal__kind=Journal.Kind.ACCRUAL,
        ).values_list("pk", flat=True)
    )
    back, key = {}, None
    for currency in books.currencies.values():
        lots = [lot for lot in books.lots_of(group, currency) if lot.id in given and lot.remaining]
        if lots:
            key = key or books.next_journal()
            back[currency.code] = sum(lot.remaining for lot in lots)
            common = {"journal_id": key, "activity_at": books.now}
            transfers.move_whole_lots(books, group, member, currency, lots, **common)
    if key:
        columns = {"activity": "pool left", "trace": {"relation": relation.pk}, "answer": {"points": back}}
        write(books, key, Journal.Kind.TRANSFER, f"left-{relation.pk}", group.id, user, **columns)
    return back


def write(books, key, kind, name, member_id, user, **columns):
    """Write the journal of a deed that the back office does by itself."""
    owner = Member.objects.select_related("program__owner").get(pk=member_id).program.owner
    books.journal(
        key,
        connection_id=Connection.of(owner, Connection.Platform.BACK_OFFICE).pk,
        kind=kind.value,
        external_id=name,
        member_id=member_id,
        activity_at=books.now,
        user_id=user.pk if user else None,
        fingerprint=name,
        **columns,
    )
