"""Who may credit and debit by hand, and what needs a second person? Source of the rules: semantics C26-R2.

Within the limits of the user's staff groups an Adjustment is posted at once; above them it becomes an
Approval, which somebody else posts, exactly once, or rejects. Nobody decides, or asks for, what touches a
membership of their own.
"""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, Sum
from django.db.models.functions import Abs, Coalesce
from django.utils import timezone

from loyalty_site.lib.panels import address_of, points
from loyalty_site.lib.refusals import Refusal, Refused
from loyalty_site.lib.sql import Session
from members.lookup import Lookup
from members.models import Customer, Member
from partners.activity import Adjustment
from partners.models import Connection
from partners.stored import dump, load
from programs import periods, versions
from programs.configuration import Currency
from programs.models import Currency as StoredCurrency
from programs.models import Program, StaffLimit
from transactions import ledger
from transactions.books.idempotency import IdempotencyConflict
from transactions.books.items import Result, accepted
from transactions.models import Approval, Entry, Journal
from transactions.reviews.telling import Request, tell_of
from transactions.verbs.adjustments import ReasonMissing

PERMISSION = "transactions.change_approval"


class OwnMembership(Refused):
    """The user, or who asked, is the member."""

    code = "own_membership"


class OwnRequest(Refused):
    """Who asked would decide."""

    code = "own_request"


class NotApprover(Refused):
    """The user lacks the permission to decide."""

    code = "not_approver"


class AlreadyDecided(Refused):
    """The request is approved or rejected."""

    code = "already_decided"


class UnknownApproval(Refused):
    """There is no such request."""

    code = "approval_unknown"


class MayNotOverdraw(Refused):
    """The user's limits do not let a balance fall below zero."""

    code = "overdraw_not_allowed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an adjustment: `status` is "posted" or "replayed" with the ledger's `result`, "waiting"
    with its `approval`, or "rejected" when somebody has said no to it."""

    status: str
    result: Result | None = None
    approval: Approval | None = None


@transaction.atomic
def adjust(
    program: Program, item: Adjustment, *, user: User, via: Connection, now: datetime | None = None
) -> Outcome:
    """Post `item` for `user`, or ask for a second person when it is above the user's limits; an Outcome.

    Asked twice under one external id it counts once. Raises Refused with the ledger's own refusals, too.
    """
    now = now or timezone.now()
    if not item.reason.strip():
        raise ReasonMissing("Say why: members and auditors will ask.", field="reason")
    # One row of the user's own: two postings of one person are compared with the limits one after the other.
    get_user_model().objects.select_for_update(no_key=True, of=["self"]).get(pk=user.pk)
    member = _member(program, item, via)
    check_not_own(member, user)
    known = Approval.objects.filter(program=program, connection=via, external_id=item.external_id).first()
    if known:
        return _repeated(known, item)
    computed = accepted(ledger.record([item], program_id=program.pk, via=via, user=user, now=now, dry_run=True)[0])
    if computed.status != "replayed":
        _check_overdraw(program, item, user)
    if computed.status != "replayed" and not _is_within(program, item, member, user, now):
        return Outcome("waiting", approval=_request(program, item, member, user=user, via=via, now=now))
    result = accepted(ledger.record([item], program_id=program.pk, via=via, user=user, now=now)[0])
    return Outcome(result.status, result=result)


@transaction.atomic
def approve(approval_id: int | str, user: User, *, note: str = "", now: datetime | None = None) -> Approval:
    """Post what was asked for, as the one who asked; returns the Approval. Raises Refused, and it still waits."""
    now = now or timezone.now()
    approval = _to_decide(approval_id, user)
    item = load(Adjustment, approval.payload)
    result = ledger.record(
        [item],
        program_id=approval.program_id,
        via=approval.connection,
        user=approval.requested_by,
        now=now,
    )[0]
    approval.journal_id = accepted(result).journal_id
    return _close(approval, Approval.Status.APPROVED, user, note, now)


@transaction.atomic
def reject(approval_id: int | str, user: User, *, note: str, now: datetime | None = None) -> Approval:
    """Close a request without posting it, and say why in `note`; returns the Approval."""
    if not note.strip():
        raise ReasonMissing("Say why: the one who asked will want to know.", field="note")
    approval = _to_decide(approval_id, user)
    return _close(approval, Approval.Status.REJECTED, user, note, now or timezone.now())


def limits(program: Program, currency_id: int, user: User) -> tuple[int, int, int] | None:
    """(per posting, per day, per day and member) in smallest units; None: unlimited.

    Of several groups the largest limit counts. Who is in no group with a limit may post nothing alone,
    unless superuser.
    """
    rows = StaffLimit.objects.filter(program=program, currency_id=currency_id, group__user=user)
    # Without a limit of its own, one member is limited as the day is.
    found = list(rows.values_list("per_posting", "per_day", Coalesce("per_member", "per_day")))
    if not found:
        return None if user.is_superuser else (0, 0, 0)
    once, daily, for_one = map(max, zip(*found, strict=True))
    return once, daily, for_one


def used_today(program: Program, currency_id: int, user: User, now: datetime, *, member: Member | None = None) -> int:
    """Points that the user credited or debited by hand on this day of the program, without a second person: for
    everybody, or for one `member` and those who were merged into it."""
    start = periods.start_of_day(periods.local_date(now, program.zone), program.zone)
    own = Entry.objects.filter(
        journal__kind=Journal.Kind.ADJUSTMENT,
        journal__activity="adjustment",
        journal__user=user,
        journal__received_at__gte=start,
        journal__program=program,
        journal__approval=None,
        currency=currency_id,
    )
    if member:
        own = own.filter(Q(member=member) | Q(member__merged_into=member))
    used: int | None = own.aggregate(sum=Sum(Abs("points")))["sum"]
    return used or 0


def _member(program: Program, item: Adjustment, via: Connection) -> Member:
    """The member whose points `item` changes. Raises Refused when there is none."""
    session = Session()
    with session.together():
        lookup = Lookup(session, program.pk, via.pk, [item.member], country=program.country)
    found = lookup.take()[0]
    if isinstance(found, Refusal):
        raise Refused(found.detail, field=found.field, code=found.code)
    return Member.objects.get(pk=found)


def check_not_own(member: Member, *users: User) -> None:
    """Refuse what touches a membership of one of `users`. Raises OwnMembership."""
    if Customer.objects.filter(pk=member.customer_id, user__in=users).exists():
        raise OwnMembership("It is a membership of your own, or of who asked: somebody else has to.", field="member")


def _is_within(program: Program, item: Adjustment, member: Member, user: User, now: datetime) -> bool:
    """Whether the user may post `item` alone."""
    currency = _currency(program, item)
    allowed = limits(program, currency.id, user)
    if allowed is None:
        return True
    points, (once, daily, for_one) = abs(item.points), allowed
    today = program, currency.id, user, now
    return (
        points <= once
        and points + used_today(*today) <= daily
        and points + used_today(*today, member=member) <= for_one
    )


def _check_overdraw(program: Program, item: Adjustment, user: User) -> None:
    """Raises MayNotOverdraw: only who may do so lets a balance fall below zero, with or without a second person."""
    if not item.overdraw or user.is_superuser:
        return
    currency = _currency(program, item)
    rows = StaffLimit.objects.filter(program=program, currency_id=currency.id, group__user=user, may_overdraw=True)
    if not rows.exists():
        detail = "Your limits do not let a balance fall below zero: debit what is there, or ask somebody who may."
        raise MayNotOverdraw(detail, field="overdraw")


def _currency(program: Program, item: Adjustment) -> Currency:
    """The currency that is meant; the ledger has computed with it before."""
    compiled = versions.of(program)
    found = compiled.currencies[item.currency] if item.currency else compiled.primary
    assert found is not None
    return found


def _repeated(approval: Approval, item: Adjustment) -> Outcome:
    """What became of the request that has this name already."""
    if approval.payload != dump(item):
        detail = "Another request has this external_id and another content; use a new external_id."
        raise IdempotencyConflict(detail, field="external_id")
    if approval.status == Approval.Status.APPROVED:
        journal = approval.journal
        assert journal is not None, "what is approved is posted"
        return Outcome("replayed", Result("replayed", journal.pk, journal.answer), approval)
    return Outcome(approval.status, approval=approval)


def _request(
    program: Program, item: Adjustment, member: Member, *, user: User, via: Connection, now: datetime
) -> Approval:
    currency = _currency(program, item)
    approval = Approval.objects.create(
        program=program,
        connection=via,
        member=member,
        currency_id=currency.id,
        points=item.points,
        reason=item.reason,
        external_id=item.external_id,
        payload=dump(item),
        requested_by=user,
        requested_at=now,
    )
    _tell(approval, currency, now)
    return approval


def _tell(approval: Approval, currency: Currency | StoredCurrency, at: datetime) -> None:
    """Let those hear of it whom it concerns; its member is named by the number."""
    amount = f"{points(approval.points, currency, signed=True)} {currency.name}"
    asked = Request(
        kind="points",
        id=approval.pk,
        what=f"{amount} for member {approval.member.number}",
        by=approval.requested_by.get_username(),
        address=address_of(approval),
        member_id=approval.member_id,
    )
    tell_of(approval.program, asked, approval.status, at)


def _to_decide(approval_id: int | str, user: User) -> Approval:
    """The locked Approval, if `user` may decide it now."""
    if not user.has_perm(PERMISSION):
        raise NotApprover("You may not decide requests; ask somebody who may.", field="user")
    rows = Approval.objects.select_for_update(no_key=True, of=["self"])
    rows = rows.select_related("member", "connection", "program", "currency", "requested_by")
    approval = rows.filter(pk=approval_id).first()
    if approval is None:
        raise UnknownApproval("There is no such request.", field="approval")
    if approval.requested_by_id == user.pk:
        raise OwnRequest("Nobody decides their own request: somebody else has to.", field="user")
    check_not_own(approval.member, user, approval.requested_by)
    if approval.status != Approval.Status.WAITING:
        raise AlreadyDecided(f"This request is {approval.get_status_display().lower()} already.", field="approval")
    return approval


def _close(approval: Approval, status: Approval.Status, user: User, note: str, now: datetime) -> Approval:
    approval.status, approval.decided_by, approval.decided_at, approval.note = status, user, now, note
    approval.save(update_fields=["status", "decided_by", "decided_at", "note", "journal_id"])
    _tell(approval, approval.currency, now)
    return approval
