"""How far is a member with the rules that count? A table on the member's page."""

from datetime import date

from django.http import HttpRequest

from loyalty_site.lib import instants
from loyalty_site.lib.panels import Panel, Table, link
from members import counted
from members.counted import Counted
from members.models import Member
from programs import versions
from programs.models import Rule


def progress_panels(request: HttpRequest, member: Member, today: date) -> list[Panel]:
    """Each rule that counts with what is missing to its next points; nothing where no rule counts."""
    found = counted.of_member(versions.of(member.program), member.pk, today=today)
    if not found:
        return []
    stored = {rule.code: rule for rule in Rule.objects.filter(program=member.program_id)}
    rows = [
        [
            link(request, stored[one.rule.code], one.rule.name),
            one.in_words,
            _run(one),
            str(one.reached.rewarded),
            one.sentence,
        ]
        for one in found
    ]
    return [Table("Progress", ["Rule", "Progress", "Streak", "Given", "What it is"], rows)]


def _run(one: Counted) -> str:
    """The streak so far and the last day, week or month that counted; "-" where there is none."""
    if one.run is None or one.reached.last_on is None:
        return "-"
    last = instants.full_day(one.reached.last_on)
    of = one.shown.of[:-1] if one.run == 1 else one.shown.of
    return f"{one.run} {of}, the last one from {last}"
