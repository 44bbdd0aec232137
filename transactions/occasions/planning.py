"""Who has an occasion on one local day, and what stands against it? Reads, and writes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from loyalty_site.lib.looking_up import only_looking_up
from loyalty_site.lib.refusals import Refusal
from members import occasions as found
from members.models import Member
from members.occasions import Person
from programs import occasions, periods, versions
from programs.configuration import Configuration
from programs.occasions import Due
from programs.rules.occasion import BIRTHDAY
from transactions.occasions import earlier
from transactions.occasions.earlier import ONE_YEAR, Told

#: A birthday counts when it has been on file for so long.
ON_FILE = timedelta(days=7)

#: Members who are planned at once.
PAGE = 500


class Celebration(NamedTuple):
    """Whose occasion it is on the local day `given_on`; for the preview of a day that is to come."""

    member_id: int
    rule: str
    occasion: str
    years: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Rules of one group for one member: the best of them counts, the `leader` gives the fact its name.

    `years` are those of the membership, 0 for a birthday; `refusal` says why nothing is given.
    """

    person: Person
    dues: tuple[Due, ...]
    leader: Due
    years: int
    refusal: Refusal | None = None

    @property
    def codes(self) -> list[str]:
        """The codes of the rules, in their order."""
        return [due.rule.code for due in self.dues]

    @property
    def name(self) -> str:
        """The external id of the fact."""
        due = self.leader
        return earlier.name_of(due.kind.occasion, due.on.year, due.rule.code, self.person.id)


@dataclass(frozen=True, slots=True)
class Day:
    """A local day of a program: what counts is what was in force at its first instant."""

    configuration: Configuration
    given_on: date
    starts_at: datetime
    dues: Sequence[Due]


def day_of(configuration: Configuration, given_on: date) -> Day:
    """The Day `given_on` of the program as it is now in `configuration`."""
    starts_at = periods.start_of_day(given_on, configuration.zone)
    then = versions.in_force(configuration, starts_at)
    return Day(then, given_on, starts_at, occasions.due(then, given_on))


def find(day: Day) -> list[int]:
    """Keys of all members who may have an occasion on the day, in ascending order; it costs who is found."""
    keys: set[int] = set()
    program_id = day.configuration.id
    with only_looking_up():
        for occasion, on in sorted({(due.kind.occasion, one) for due in day.dues for one in due.days}):
            pages = found.born_on if occasion == BIRTHDAY else found.enrolled_on
            for page in pages(program_id, on):
                keys.update(page)
    return sorted(keys)


def celebrations(program_id: int, given_on: date) -> Iterator[Celebration]:
    """Who would be given something on the local day `given_on` as things stand now, by the members' keys.

    Conditions of the rules, tiers for instance, are asked only when the day has come.
    """
    for plan in allowed(day_of(versions.latest(program_id), given_on)):
        for due in plan.dues:
            yield Celebration(plan.person.id, due.rule.code, due.kind.occasion, plan.years)


def find_allowed(day: Day) -> list[int]:
    """The same as `find`; nobody where the program is not active."""
    return find(day) if day.configuration.status == "active" else []


def allowed(day: Day) -> Iterator[Plan]:
    """The plans of the day against which nothing stands; none where the program is not active."""
    keys = find_allowed(day)
    for first in range(0, len(keys), PAGE):
        yield from (plan for plan in plans(day, keys[first : first + PAGE]) if plan.refusal is None)


def plans(day: Day, member_ids: Sequence[int]) -> list[Plan]:
    """What is to be given to these members on the day, and what is refused, but for what was asked before."""
    with only_looking_up():
        people = found.people(member_ids)
        wanted = [plan for person in people for plan in _wanted(day, person)]
        told = earlier.read(day.configuration.id, [name for plan in wanted for name in _names(day, plan)])
        celebrated = earlier.birthdays(people, day.starts_at)
    made = []
    for plan in wanted:
        known = [told[name] for name in _names(day, plan) if name in told]
        left = _left(plan, known)
        if left:
            days = celebrated.get(plan.person.id, set())
            made.append(_judged(left, day, known, days))
    return made


def _wanted(day: Day, person: Person) -> Iterator[Plan]:
    """The rules that are about the person on the day, those of one group together."""
    zone = day.configuration.zone
    enrolled_on = person.enrolled_on(zone)
    if person.status == Member.Status.MERGED or enrolled_on > day.given_on:
        return
    groups: dict[tuple[str, str, str], list[Due]] = {}
    for due in day.dues:
        own = person.birthday if due.kind.occasion == BIRTHDAY else person.enrolled_on_day
        if own in due.days and due.kind.counts(due.on.year - enrolled_on.year):
            groups.setdefault((due.kind.occasion, due.rule.currency, due.rule.group), []).append(due)
    for (occasion, _, _), dues in groups.items():
        years = 0 if occasion == BIRTHDAY else dues[0].on.year - enrolled_on.year
        yield Plan(person, tuple(dues), _leader(dues), years)


def _leader(dues: Sequence[Due]) -> Due:
    """The one that gives most; of equal ones the first."""
    return max(dues, key=lambda due: sum(due.kind.given))


def _names(day: Day, plan: Plan) -> Iterator[str]:
    """By which names the same may be written down: of each rule of the group, and of each member who became one."""
    of = plan.leader
    place = of.kind.occasion, of.rule.currency, of.rule.group
    for rule, kind in occasions.rules(day.configuration):
        if (kind.occasion, rule.currency, rule.group) == place:
            for key in (plan.person.id, *plan.person.sources):
                yield earlier.name_of(kind.occasion, of.on.year, rule.code, key)


def _left(plan: Plan, known: Sequence[Told]) -> Plan | None:
    """The plan without the rules that were asked before; None where that are all."""
    asked = {code for one in known for code in one.asked}
    dues = tuple(due for due in plan.dues if due.rule.code not in asked)
    return Plan(plan.person, dues, _leader(dues), plan.years) if dues else None


def _judged(plan: Plan, day: Day, known: Sequence[Told], celebrated: set[date]) -> Plan:
    refusal = _refusal(plan, day, known, celebrated)
    return Plan(plan.person, plan.dues, plan.leader, plan.years, refusal) if refusal else plan


def _refusal(plan: Plan, day: Day, known: Sequence[Told], celebrated: set[date]) -> Refusal | None:
    """What stands against it (semantics C22-R3)."""
    person, on = plan.person, plan.leader.on
    if person.status != Member.Status.ACTIVE:
        return Refusal("member_not_active", f"The member is {person.status}.")
    if any(one.is_given for one in known):
        return Refusal("given_by_the_group", "Another rule of the same group has given points this year.")
    if plan.leader.kind.occasion != BIRTHDAY:
        return None
    since = person.birthday_set_at
    if since and periods.local_date(since, day.configuration.zone) > day.given_on - ON_FILE:
        return Refusal("birthday_too_new", f"The birthday is on file for less than {ON_FILE.days} days.")
    others = [one for one in celebrated if not occasions.is_day_of(person.birthday, one)]
    if any(abs(on - one) < ONE_YEAR for one in others):
        return Refusal("birthday_changed", "Points for another birthday were given less than a year ago.")
    return None
