"""In which promotions have members enrolled? Changed by people and systems, and read for rules that ask."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from loyalty_site.lib.arrays import Value
from loyalty_site.lib.json_types import Json
from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.sql import Session, instant
from members import snapshots, telling
from members.holdings import Account
from members.models import Member, PromotionEnrolment
from programs import versions
from programs.models import Promotion
from programs.periods import local_date


class NotOpen(Refused):
    """The promotion takes no enrolments (now), or the member may not enrol."""

    code = "promotion_not_open"


class Reading:
    """One statement for all members of a batch; sent inside the pipeline of the lock, taken when it has ended."""

    def __init__(self, session: Session, program_id: int, member_ids: list[int]) -> None:
        self._rows = session.run(
            "SELECT e.member_id, p.code, e.enrolled_at, e.left_at FROM members_promotionenrolment e "
            "JOIN programs_promotion p ON p.id = e.promotion_id WHERE e.member_id {ids} AND p.program_id = %s",
            [member_ids, program_id],
        )

    def take(self, accounts: Mapping[int, Account]) -> None:
        """Note with each account in what it has enrolled."""
        for member, code, since, until in self._rows.fetchall():
            accounts[member].enrolments[code] = instant(since), instant(until) if until else None


def enrolled(account: Account, asked: frozenset[str], at: datetime) -> list[str]:
    """The promotions among those `asked` in which the member took part at an instant."""
    found = account.enrolments.items() if asked else ()
    return sorted(
        code for code, (since, until) in found if code in asked and since <= at and (until is None or at < until)
    )


@transaction.atomic
def enrol(
    member: Member, promotion: Promotion, *, now: datetime, partner_id: int | None = None
) -> tuple[PromotionEnrolment, bool]:
    """Let a member take part in a promotion from now on; (the row, whether that is new). Raises NotOpen.

    Whoever listens is told; `partner_id` is the partner through whom it was said, None for staff.
    """
    # The row of the member is the lock of all that is theirs.
    member = Member.objects.select_for_update(no_key=True, of=["self"]).get(pk=member.pk)
    if member.status != Member.Status.ACTIVE:
        raise NotOpen(f"The member is {member.status}; reactivate it first.", field="member")
    if why := why_closed(promotion, now):
        raise NotOpen(why, field="promotion")
    found, is_new = PromotionEnrolment.objects.get_or_create(
        member=member, promotion=promotion, defaults={"enrolled_at": now}
    )
    if found.left_at is not None:
        found.enrolled_at, found.left_at, is_new = now, None, True
        found.save()
    if is_new:
        _tell("promotion.enrolled", member, promotion, found, now, partner_id)
    return found, is_new


@transaction.atomic
def leave(member: Member, promotion: Promotion, *, now: datetime, partner_id: int | None = None) -> bool:
    """Let a member take part no longer; whether it did. Whoever listens is told, as in `enrol`."""
    Member.objects.select_for_update(no_key=True, of=["self"]).get(pk=member.pk)
    found = PromotionEnrolment.objects.filter(member=member, promotion=promotion, left_at=None).first()
    if found is None:
        return False
    found.end(now)
    _tell("promotion.left", member, promotion, found, now, partner_id)
    return True


def _tell(
    name: str,
    member: Member,
    promotion: Promotion,
    row: PromotionEnrolment,
    now: datetime,
    partner_id: int | None,
) -> None:
    program = promotion.program
    if not telling.is_heard(program, name):
        return
    said: dict[str, Json] = {
        "code": promotion.code,
        "name": promotion.name,
        "starts_on": promotion.starts_on.isoformat() if promotion.starts_on else None,
        "ends_on": promotion.ends_on.isoformat() if promotion.ends_on else None,
        "enrolled_at": snapshots.text(row.enrolled_at),
        "left_at": snapshots.text(row.left_at) if row.left_at else None,
    }
    snapshot = snapshots.of(versions.of(program), [member.pk])[member.pk]
    data: dict[str, Value] = {"member": snapshot.said, "promotion": said}
    telling.tell(program, name, data, member_id=member.pk, partner_id=partner_id, occurred_at=now)


def why_closed(promotion: Promotion, now: datetime) -> str:
    """Why nobody can enrol in it now, as a sentence; "" when everybody can."""
    today = local_date(now, promotion.program.zone)
    if not promotion.opt_in:
        return "Nobody needs to enrol in this promotion: it counts for everybody who may have it."
    if not promotion.is_active or (promotion.stopped_from and promotion.stopped_from <= now):
        return "The promotion does not run any more."
    if promotion.ends_on and promotion.ends_on < today:
        return f"The promotion ended on {promotion.ends_on}."
    return ""
