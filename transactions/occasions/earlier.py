"""What was given for occasions before? Asked by the names of journals, and of few members by their keys."""

import json
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.sql import Session
from loyalty_site.lib.texts import listed
from members.occasions import Person
from partners.activity import Activity, Occasion
from partners.models import Connection
from partners.stored import load
from programs.rules.occasion import BIRTHDAY
from transactions.models import Journal

#: A birthday that was changed is celebrated again after so long.
ONE_YEAR = timedelta(days=365)
#: Journals that are older tell nothing: a year, and the longest lead.
_LOOKED_BACK = ONE_YEAR + timedelta(days=61)

#: One look-up after the other by the whole of the name. In one condition with lists the planner looks the names up by
#: nothing but program and timetable, which have few journals as far as it has heard, and reads all of these.
_TOLD = (
    "SELECT one.external_id, one.payload, one.answer FROM unnest(%s::text[]) AS names(name) "
    "CROSS JOIN unnest(%s::bigint[]) AS timetables(id) CROSS JOIN LATERAL (SELECT external_id, payload, answer "
    "FROM transactions_journal WHERE program_id = %s AND connection_id = timetables.id AND kind = 'accrual' "
    "AND external_id = names.name OFFSET 0) AS one"
)
_TOLD_SQLITE = (
    "SELECT external_id, payload, answer FROM transactions_journal "
    "WHERE external_id {ids} AND connection_id {ids} AND program_id = %s AND kind = 'accrual'"
)


class Told(NamedTuple):
    """A journal of an occasion: the rules that were `asked`, by code, and whether points were given."""

    asked: frozenset[str]
    is_given: bool


def name_of(occasion: str, year: int, rule: str, member_id: int) -> str:
    """The external id of the journal: what makes member, rule and calendar year one fact."""
    return f"{beginning(occasion, year, rule)}{member_id}"


def beginning(occasion: str, year: int, rule: str) -> str:
    """How these names begin, whoever the member is."""
    return f"{occasion}-{year}-{rule}-"


def read(program_id: int, names: Iterable[str]) -> dict[str, Told]:
    """The journals of these names that are there, by name."""
    wanted = sorted(set(names))
    if not wanted:
        return {}
    # A program may have had other owners, whose timetables have connections of their own.
    timetables = list(Connection.objects.filter(platform=Connection.Platform.TIMETABLE).values_list("pk", flat=True))
    session = Session()
    statement = _TOLD if session.is_postgresql else _TOLD_SQLITE
    rows = session.run(statement, [wanted, timetables, program_id])
    found: dict[str, Told] = {}
    for name, payload, answer in rows.fetchall():
        occasion = _occasion(json.loads(payload))
        asked = listed(occasion.rules) if occasion else frozenset[str]()
        found[name] = Told(asked, bool(json.loads(answer).get("points")))
    return found


def birthdays(people: Collection[Person], given_at: datetime) -> dict[int, set[date]]:
    """The days for whose birthday points were given, by member, of those whose birthday was changed within a year.

    `given_at` is when the present one would be given. These are few, so their latest journals may be looked through.
    """
    first = given_at - _LOOKED_BACK
    changed = [one for one in people if one.birthday_changed_at and one.birthday_changed_at >= first]
    if not changed:
        return {}
    whose = {key: one.id for one in changed for key in (one.id, *one.sources)}
    rows = Journal.objects.filter(member__in=whose, kind=Journal.Kind.ACCRUAL, activity=BIRTHDAY)
    rows = rows.filter(activity_at__gte=first).exclude(status=Journal.Status.REVERSED).order_by()
    found: dict[int, set[date]] = {}
    for member_id, payload, answer in rows.values_list("member", "payload", "answer"):
        occasion = _occasion(payload)
        if occasion and answer.get("points"):
            found.setdefault(whose[member_id], set()).add(occasion.on)
    return found


def _occasion(payload: JsonObject) -> Occasion | None:
    return load(Activity, payload).occasion
