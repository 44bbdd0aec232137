"""Which bonuses did two members get that one member gets once?"""

from collections.abc import Iterator, Set
from typing import TypedDict

from loyalty_site.lib.json_types import JsonObject
from members.models import Member
from partners.activity import Activity
from partners.stored import load
from programs.models import Cap
from programs.rules.occasion import GIVEN_BY_THE_NIGHT
from transactions.models import Journal
from transactions.models.journal_traces import StoredTrace

#: An activity that happens once in the life of a membership.
ONCE = ("enrolment", "enrollment", "sign-up", "signup", "welcome")


class Bonus(TypedDict):
    """What a rule gave, in the smallest unit."""

    rule: str
    points: int


def given_twice(source: Member, target: Member) -> dict[str, list[Bonus]]:
    """By currency code the smaller one of each bonus that both got (C21-R3).

    Bonuses are what the rules gave under a cap for each member for ever, on enrolment, and for one birthday or
    anniversary of a calendar year.
    """
    caps = Cap.objects.filter(program=source.program_id, scope="member", period="ever", is_active=True)
    capped = set(caps.exclude(rule=None).values_list("rule__code", flat=True))
    theirs, own = _given(source, capped), _given(target, capped)
    found: dict[str, list[Bonus]] = {}
    for rule, currency, year in sorted(theirs.keys() & own.keys()):
        points = min(theirs[rule, currency, year], own[rule, currency, year])
        if points > 0:
            found.setdefault(currency, []).append({"rule": rule, "points": points})
    return found


def _given(member: Member, capped: Set[str]) -> dict[tuple[str, str, int], int]:
    """{(rule code, currency code, year of an occasion, else 0): points} of the once-only bonuses of one member."""
    journals = Journal.objects.filter(
        member=member, kind=Journal.Kind.ACCRUAL, status__in=[Journal.Status.PROCESSED]
    ).values_list("activity", "trace", "payload")
    sums: dict[tuple[str, str, int], int] = {}
    rows: Iterator[tuple[str, StoredTrace, JsonObject]] = journals.iterator()
    for activity, trace, payload in rows:
        occasion = load(Activity, payload).occasion if activity in GIVEN_BY_THE_NIGHT else None
        for rule in trace.get("rules", ()):
            if occasion or rule["rule"] in capped or activity.lower() in ONCE:
                key = rule["rule"], rule["currency"], occasion.on.year if occasion else 0
                sums[key] = sums.get(key, 0) + rule["points"]
    return sums
