"""Who agrees that members are lowered by new thresholds? Somebody else than who asks, having seen whom it concerns.

Source of the rules: semantics C15-R10. A membership of their own keeps nobody from asking or agreeing: all members of
the ladder are treated alike.
"""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from loyalty_site.lib.refusals import Refused
from programs.models import Program, TierGroup
from transactions.models import Reevaluation
from transactions.policies import thresholds
from transactions.policies.previewing import Preview
from transactions.reviews.approvals import AlreadyDecided, NotApprover, OwnRequest, UnknownApproval
from transactions.reviews.telling import Request, tell_of

#: Who may agree that members are lowered.
PERMISSION = "programs.decide_downgrades"

Status = Reevaluation.Status


class Stale(Refused):
    """The program was changed since the request was made."""

    code = "request_stale"


class Waiting(Refused):
    """Another request for the ladder waits already."""

    code = "request_waiting"


@transaction.atomic
def request(group: TierGroup, seen: Preview, *, reason: str, user: User, now: datetime | None = None) -> Reevaluation:
    """Ask for a full re-evaluation of `group` as it was `seen`; returns what waits for somebody else.

    Raises Refused as `thresholds.check_ready` does, Stale and Waiting.
    """
    version = _locked_version(group)
    thresholds.check_ready(group, reason)
    if seen.version != version:
        raise Stale("The program has changed meanwhile; look again whom it would move.", field="shown")
    if Reevaluation.objects.filter(group=group, status=Status.WAITING).exists():
        raise Waiting("A re-evaluation of this ladder waits already: decide that one first.", field="effect")
    now = now or timezone.now()
    asked = Reevaluation.objects.create(
        group=group,
        version=version,
        reason=reason.strip()[:200],
        expected={name: seen.count(name) for name in ("raised", "renewed", "lowered")},
        requested_by=user,
        requested_at=now,
    )
    _tell(asked, now)
    return asked


def _tell(asked: Reevaluation, at: datetime) -> None:
    """Let those hear of it whom it concerns."""
    group = asked.group
    moves = ", ".join(f"{count} {name}" for name, count in asked.expected.items())
    said = Request(
        kind="re-evaluation",
        id=asked.pk,
        what=f"Move the members of “{group.name}” by its thresholds of today: {moves}",
        by=asked.requested_by.get_username(),
        address=reverse("admin:programs_tiergroup_thresholds", args=[group.pk]),
    )
    tell_of(group.program, said, asked.status, at)


def waiting(group: TierGroup) -> Reevaluation | None:
    """The request that waits for somebody, if there is one."""
    rows = Reevaluation.objects.filter(group=group, status=Status.WAITING)
    return rows.select_related("requested_by", "group__program").first()


def is_stale(asked: Reevaluation) -> bool:
    """Whether the program was changed since it was asked for."""
    return not Program.objects.filter(tier_groups=asked.group_id, version=asked.version).exists()


@transaction.atomic
def approve(request_id: int | str, user: User, *, note: str = "", now: datetime | None = None) -> Reevaluation:
    """Begin the job that was asked for; returns the request with its `job`. Raises Refused, and it still waits."""
    now, asked = now or timezone.now(), _to_decide(request_id, user)
    if not user.has_perm(PERMISSION):
        raise NotApprover("You may not agree to downgrades; ask somebody who may.", field="user")
    if asked.requested_by_id == user.pk:
        raise OwnRequest("Nobody decides their own request: somebody else has to.", field="user")
    if _locked_version(asked.group) != asked.version:
        detail = "The program has changed since this was asked for: reject it, and ask anew with what it is now."
        raise Stale(detail, field="request")
    asked.job = thresholds.start(asked.group, now, reason=asked.reason, effect="full", user=user)
    return _close(asked, Status.APPROVED, user, note, now)


@transaction.atomic
def reject(request_id: int | str, user: User, *, note: str, now: datetime | None = None) -> Reevaluation:
    """Close a request without moving anybody, and say why in `note`; who asked withdraws it. Returns the request."""
    if not note.strip():
        raise thresholds.NoReason("Say why: the one who asked will want to know.", field="note")
    asked = _to_decide(request_id, user)
    is_own = asked.requested_by_id == user.pk
    if not is_own and not user.has_perm(PERMISSION):
        raise NotApprover("You may not decide about downgrades; ask somebody who may.", field="user")
    return _close(asked, Status.WITHDRAWN if is_own else Status.REJECTED, user, note, now or timezone.now())


def _to_decide(request_id: int | str, user: User) -> Reevaluation:
    """The locked request, if it waits."""
    rows = Reevaluation.objects.select_for_update(no_key=True, of=["self"])
    rows = rows.select_related("group__program", "requested_by", "decided_by")
    asked = rows.filter(pk=request_id).first()
    if asked is None:
        raise UnknownApproval("There is no such request.", field="request")
    if asked.status != Status.WAITING:
        raise _decided(asked)
    return asked


def _decided(asked: Reevaluation) -> AlreadyDecided:
    assert asked.decided_by, "what does not wait was decided by somebody"
    assert asked.decided_at, "and at some time"
    when = asked.decided_at.astimezone(asked.group.program.zone)
    what = f"{asked.get_status_display().lower()} by {asked.decided_by.get_username()}"
    return AlreadyDecided(f"This request was {what} on {when:%Y-%m-%d at %H:%M}.", field="request")


def _locked_version(group: TierGroup) -> int:
    """The program's version, which stays until commit."""
    rows = Program.objects.select_for_update(no_key=True, of=["self"]).filter(pk=group.program_id)
    return rows.values_list("version", flat=True).get()


def _close(asked: Reevaluation, status: Status, user: User, note: str, now: datetime) -> Reevaluation:
    asked.status, asked.decided_by, asked.decided_at, asked.note = status, user, now, note[:200]
    asked.save(update_fields=["status", "decided_by", "decided_at", "note", "job"])
    _tell(asked, now)
    return asked
