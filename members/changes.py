"""Who is told that somebody joined, or that a member's details were changed? Names of fields only, never values.

Whoever writes such a change calls this in the same transaction. Where nobody listens it costs nothing, or one
statement.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.utils import timezone

from loyalty_site.lib.json_types import Json
from members import snapshots, telling
from members.models import Member
from members.telling import Telling
from programs import versions
from programs.models import Program

ENROLLED, UPDATED = "member.enrolled", "member.updated"


def tell_enrolled(program: Program, members: Collection[Member], *, partner_id: int | None) -> None:
    """Tell of these new members, as of their enrolment; `partner_id` is the partner through whom they came."""
    if not members or not telling.is_heard(program, ENROLLED):
        return
    said = snapshots.of(versions.of(program), [member.pk for member in members])
    tellings = [
        Telling(member.pk, {"member": said[member.pk].said}, member.enrolled_at, partner_id=partner_id)
        for member in members
    ]
    telling.tell_many(program, ENROLLED, tellings)


def tell_updated(changed: Mapping[int, Iterable[str]], *, now: datetime | None = None) -> None:
    """Tell of each membership of these customers, by key, that the named fields were changed."""
    names = {key: sorted(set(fields)) for key, fields in changed.items()}
    names = {key: fields for key, fields in names.items() if fields}
    if not names:
        return
    members = Member.objects.filter(customer__in=names, program__listens_to__contains=UPDATED)
    _tell(members.select_related("program"), names, now or timezone.now())


def tell_member_updated(member: Member, changed: Iterable[str], *, now: datetime | None = None) -> None:
    """Tell that the named fields of one membership were changed."""
    if names := sorted(set(changed)):
        _tell([member], {member.customer_id: names}, now or timezone.now())


def _tell(members: Iterable[Member], names: Mapping[int, list[str]], now: datetime) -> None:
    of_program: dict[int, list[Member]] = {}
    for member in members:
        of_program.setdefault(member.program_id, []).append(member)
    for those in of_program.values():
        program = those[0].program
        if not telling.is_heard(program, UPDATED):
            continue
        said = snapshots.of(versions.of(program), [member.pk for member in those])
        tellings = []
        for member in those:
            fields: list[Json] = [*names[member.customer_id]]
            tellings.append(Telling(member.pk, {"member": said[member.pk].said, "changed": fields}, now))
        telling.tell_many(program, UPDATED, tellings)
