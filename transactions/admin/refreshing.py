"""What has to be booked before a page shows what members hold?"""

from collections.abc import Collection

from django.utils import timezone

from members import due
from members.models import Member
from transactions import ledger


def refresh(member_ids: Collection[int]) -> bool:
    """Book what time has done by now to those of the members; says whether it had done anything."""
    now = timezone.now()
    found = due.among(Member.objects.filter(pk__in=member_ids), now=now)
    by_program: dict[int, list[int]] = {}
    if found:
        for program, member in Member.objects.filter(pk__in=found).values_list("program", "pk"):
            by_program.setdefault(program, []).append(member)
    for program, members in by_program.items():
        ledger.refresh(program, members, now=now)
    return bool(found)
