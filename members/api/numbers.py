"""Whom does the number in an address mean?"""

from loyalty_site.lib import problems
from loyalty_site.lib.refusals import Refused
from members.models import Member


def unknown() -> Refused:
    """What is raised where it is nobody's."""
    return problems.unlike("member_unknown", "No member of this program has this number.")


def member(program_id: int, number: str) -> int:
    """The key of the member with this number. Raises Refused for nobody."""
    return _read(program_id, number, "pk")


def person(program_id: int, number: str) -> int:
    """The key of the person behind it. Raises Refused for nobody."""
    return _read(program_id, number, "customer")


def _read(program_id: int, number: str, column: str) -> int:
    rows = Member.objects.filter(program=program_id, number=number)
    found: int | None = rows.values_list(column, flat=True).first()
    if found is None:
        raise unknown()
    return found
