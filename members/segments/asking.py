"""Whom do the conditions of a segment hold at this moment? A query; nothing is stored."""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Q, QuerySet

from loyalty_site.lib.json_types import ExactJson
from members.models import Member
from members.segments.persons import whose
from programs import versions
from programs.configuration import Configuration
from programs.models import Program, Segment
from programs.segments import trees
from programs.segments.base import NOBODY, Scope

#: Who is merged into another, or has left, is in no segment; nor is whoever was erased.
_NO_MORE = (Member.Status.MERGED, Member.Status.CLOSED)


class Asking:
    """The segments of one program at one instant; made once, it can be asked for several."""

    def __init__(self, program: Program, now: datetime, configuration: Configuration | None = None) -> None:
        self.program = program
        # What is switched off is left out, and so holds nobody where another one names it.
        rows = Segment.objects.filter(program=program, is_active=True)
        self._conditions: Mapping[str, ExactJson] = dict(rows.values_list("code", "conditions"))
        self._scope = Scope(configuration or versions.latest(program.pk), now, self._of)
        self._under_way: list[str] = []

    def members(self, code: str) -> QuerySet[Member]:
        """The members of the program whom the segment with this code holds."""
        return everybody(self.program.pk).filter(self._of(code))

    def members_by(self, conditions: ExactJson) -> QuerySet[Member]:
        """The members whom these conditions hold, which no segment needs to have; they are right by themselves."""
        return everybody(self.program.pk).filter(trees.asked(conditions, self._scope))

    def _of(self, code: str) -> Q:
        conditions = self._conditions.get(code)
        # Both are refused when a segment is saved; a change past that finds nobody instead of no end.
        if conditions is None or code in self._under_way or trees.problems(conditions):
            return NOBODY
        self._under_way.append(code)
        try:
            return trees.asked(conditions, self._scope)
        finally:
            self._under_way.pop()


def everybody(program_id: int) -> QuerySet[Member]:
    """All members of a program who can be in a segment, in no order."""
    there = Member.objects.filter(whose(Q(erased_at=None)), program=program_id)
    return there.exclude(status__in=_NO_MORE).order_by()


def dependents(program: Program, *codes: str) -> list[str]:
    """The codes of the active segments of which one of these, by way of others or not, is a condition; these first.

    One statement.
    """
    named = {
        row.code: trees.segments(row.conditions)
        for row in Segment.objects.filter(program=program, is_active=True)
        if not trees.problems(row.conditions)
    }
    found = [*codes]
    for one in found:
        found += [other for other in sorted(named) if one in named[other] and other not in found]
    return found
