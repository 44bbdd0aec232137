"""Who shares what a member earns, and who may spend what a group holds? Source of the rules: semantics C19."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from loyalty_site.lib import money
from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.refusals import Refused
from members.holdings import Account
from members.models import Member, Relation
from partners.activity import Redemption
from programs.configuration import Currency
from transactions.books import settlement
from transactions.books.balances import BalanceInHand, Cause
from transactions.books.items import Result
from transactions.books.lots import LotState
from transactions.books.originals import Original
from transactions.books.posting import MemberNotActive, Posting
from transactions.books.relations import LockedRelation
from transactions.books.unit_of_work import Books
from transactions.models import Journal, Lot
from transactions.models.journal_traces import LeftTrace, SpentTrace
from transactions.verbs import moving_lots


class NotAllowed(Refused):
    """The relation does not let the member spend the points of the group."""

    code = "not_allowed"


class NotLive(Refused):
    """The relation has ended already."""

    code = "relation_ended"


class Part(NamedTuple):
    """Points that go to a group."""

    group: Account
    points: int


class PendingLot(NamedTuple):
    """A lot that is still pending, and the balance that it is part of."""

    hand: BalanceInHand
    lot: LotState


# Earning.


def percents(books: Books, member: Account) -> dict[int, int]:
    """{key of a group: percent of what the member earns that goes there}, of groups that can take it."""
    relations = [one for one in books.relations.live(member.id) if one.percent]
    return {
        one.group_id: one.percent for one in relations if books.accounts[one.group_id].status == Member.Status.ACTIVE
    }


def parts(books: Books, currency: Currency, points: int, shares: Mapping[int, int]) -> list[Part]:
    """What groups get of `points`: rounded down, the remainder stays with the member (C19-R2).

    Qualifying points stay personal. `shares` are percents as `percents` gives them.
    """
    if not currency.is_spendable or not shares:
        return []
    found = [Part(books.accounts[group], points * percent // 100) for group, percent in shares.items()]
    return [part for part in found if part.points]


def shared(books: Books, earned: Mapping[str, int], shares: Mapping[int, int]) -> dict[str, dict[str, int]]:
    """{number of a group: {currency code: points}} of what `earned` gave to groups, for the answer."""
    found: dict[str, dict[str, int]] = {}
    for code, points in earned.items():
        for group, part in parts(books, books.configuration.currencies[code], points, shares):
            found.setdefault(group.number, {})[code] = part
    return found


def pending_lots(books: Books, original: Original, member: Account) -> Iterable[PendingLot]:
    """All that is still pending of what `original` gave, wherever it lies now."""
    holders = [(member, one.entry, one.currency_id) for one in original.credits]
    for entry, currency_id, _, group, _ in original.shares:
        holders += [(books.accounts[group], entry, currency_id), (member, entry, currency_id)]
    for account, entry, currency_id in holders:
        hand = books.balance(account, books.currencies[currency_id])
        for lot in hand.descendant_lots(entry):
            if lot.is_pending:
                yield PendingLot(hand, lot)


# Spending.


def spend(posting: Posting[Redemption], currency: Currency, points: int) -> LockedRelation | None:
    """The relation by which the one who acts spends `points` of a group (C19-R3), counted for the day.

    None for people who spend their own. Raises NotAllowed, MemberNotActive.
    """
    group, actor, books = posting.account, posting.second, posting.books
    if actor is None:
        if group.id in books.relations.collective:
            raise NotAllowed("These are the points of a group: say by whom they are spent.", field="by")
        return None
    if actor.status != Member.Status.ACTIVE:
        raise MemberNotActive(f"The member who spends is {actor.status}.", field="by")
    relation = books.relations.find(actor.id, group.id)
    if relation is None or not relation.is_live:
        raise NotAllowed("The member does not belong to this group.", field="by")
    if not relation.may_redeem or relation.role == Relation.Role.VIEWER:
        raise NotAllowed("The member may not spend the points of this group.", field="by")
    spent = relation.spent_of(books.today)
    if relation.daily_limit is not None and spent + points > relation.daily_limit:
        left = money.render(max(0, relation.daily_limit - spent), currency.decimals)
        raise NotAllowed(f"The member may spend {left} more {currency.name} of the group today.", field="points")
    if relation.needs_approval and posting.item.reserve_s:
        raise NotAllowed("Ask for the approval first: what waits for it cannot be reserved.", field="reserve_s")
    if not has_to_wait(posting, relation):
        relation.spend(points, books.today)
    return relation


def has_to_wait(posting: Posting[Redemption], relation: LockedRelation | None) -> bool:
    """Whether somebody has to approve it before it counts."""
    return relation is not None and relation.needs_approval and not posting.resumed


def ask(posting: Posting[Redemption], relation: LockedRelation | None, warnings: JsonObject) -> Result:
    """Keep a redemption until an owner or approver of the group decides (transactions/reviews/decisions.py).

    `warnings` are answered along with it.
    """
    return posting.keep(
        Journal.Status.HELD,
        "An owner or approver of the group has to approve it.",
        kind=Journal.Kind.REDEMPTION.value,
        external_id=posting.item.external_id,
        activity="redemption",
        trace=spent_by(relation),
        answer=warnings,
    )


def spent_by(relation: LockedRelation | None) -> SpentTrace:
    """What the trace of a redemption says of the one who spent a group's points."""
    return {"by": relation.member_id, "relation": relation.id} if relation else {}


def check_approver(journal: Journal, approver: Member) -> None:
    """Whether `approver` may decide the group's redemption that waits. Raises NotAllowed."""
    owns = Relation.objects.live().filter(
        member=approver, group=journal.member_id, role__in=[Relation.Role.OWNER, Relation.Role.APPROVER]
    )
    if not owns.exists() or approver.status != Member.Status.ACTIVE:
        raise NotAllowed("Only an owner or approver of the group decides this.", field="by")
    trace: SpentTrace = journal.trace
    spender: int | None = trace.get("by")
    if spender == approver.pk:
        raise NotAllowed("Somebody else has to decide: nobody approves their own redemption.", field="by")


# Leaving.


def leave(
    relation: Relation,
    *,
    give_back: bool = False,
    user: AbstractBaseUser | None = None,
    now: datetime | None = None,
) -> dict[str, int]:
    """End a relation. Contributed points stay, or what is unspent of them goes back; returns {currency: points}.

    Raises NotLive.
    """
    now = now or timezone.now()
    back: dict[str, int] = {}
    with transaction.atomic():
        both = [relation.member_id, relation.group_id]
        books = settlement.open_books(relation.member.program_id, both, now=now)
        if not Relation.objects.live().filter(pk=relation.pk).update(left_at=now):
            raise NotLive("The member has left this group already.", field="relation")
        if give_back:
            back = _give_back(books, relation, user)
        books.close()
    relation.left_at = now
    return back


def _give_back(books: Books, relation: Relation, user: AbstractBaseUser | None) -> dict[str, int]:
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
    back: dict[str, int] = {}
    cause: Cause | None = None
    for currency in books.currencies.values():
        giving = books.balance(group, currency)
        lots = [lot for lot in giving.live_lots if lot.id in given]
        if lots:
            cause = cause or Cause(books.next_journal(), books.now)
            back[currency.code] = sum(lot.remaining for lot in lots)
            moving_lots.move_whole(giving, books.balance(member, currency), lots, cause)
    if cause:
        books.own_journal(
            cause.journal_id,
            f"left-{relation.pk}",
            kind=Journal.Kind.TRANSFER.value,
            activity="pool left",
            member_id=group.id,
            user_id=user.pk if user else None,
            trace=LeftTrace(relation=relation.pk),
            answer={"points": back},
        )
    return back
