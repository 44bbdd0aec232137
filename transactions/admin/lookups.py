"""Which member or transaction does an address, or somebody's typing, mean?"""

from loyalty_site.lib import notation
from loyalty_site.lib.admin import found
from loyalty_site.lib.refusals import Refused
from members import search
from members.models import Member
from transactions.models import Journal


class UnknownMember(Refused):
    """No member of the program is called so, or several are."""

    code = "member_unknown"


def journal_of(object_id: int | str | None) -> Journal:
    """The Journal of this id with its program. Raises Http404."""
    return found(Journal.objects.select_related("program__owner"), object_id or "")


def member_of(object_id: int | str | None) -> Member:
    """The Member of this id with program and customer. Raises Http404."""
    return found(Member.objects.select_related("program__owner", "customer"), object_id or "")


def other_member(text: str, member: Member, field: str) -> Member:
    """The one member of the same program whom `text`, typed into `field`, names. Raises UnknownMember."""
    rows = Member.objects.filter(program=member.program_id).select_related("customer")
    # A whole number means itself, not also those that begin with it.
    known = list(rows.filter(number=notation.member_number(text))) or list(search.matching(rows, text)[:2])
    if len(known) == 1:
        return known[0]
    what = "Several members are called so; give the number." if known else "The program has no such member."
    raise UnknownMember(what, field=field)
