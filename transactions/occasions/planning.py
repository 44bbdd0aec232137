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


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """Rules of one group that are about the same day, one Wish for all whose day it is: the best of them counts, the
    `leader` gives the fact its name.

    `years` are those of the membership, 0 for a birthday; `names` how the facts of each rule of the group begin,
    those that are not about the day, too.
    """

    dues: tuple[Due, ...]
    leader: Due
    years: int
    names: tuple[str, ...]

    @property
    def codes(self) -> list[str]:
        """The codes of the rules, in their order."""
        return [due.rule.code for due in self.dues]

    def without(self, asked: set[str]) -> "Wish | None":
        """The rules but for those of these codes; None where no other is left."""
        dues = tuple(due for due in self.dues if due.rule.code not in asked)
        return Wish(dues, _leader(dues), self.years, self.names) if dues else None


class Plan(NamedTuple):
    """What one member is to be given; `refusal` says why nothing is."""

    person: Person
    wish: Wish
    refusal: Refusal | None = None

    @property
    def name(self) -> str:
        """The external id of the fact."""
        due = self.wish.leader
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
        for due in plan.wish.dues:
            yield Celebration(plan.person.id, due.rule.code, due.kind.occasion, plan.wish.years)


def find_allowed(day: Day) -> list[int]:
    """The same as `find`; nobody where the program is not active."""
    return find(day) if day.configuration.status == "active" else []


def allowed(day: Day) -> Iterator[Plan]:
    """The plans of the day against which nothing stands; none where the program is not active."""
    keys = find_allowed(day)
    for first in range(0, len(keys), PAGE):
        yield from allowed_of(day, keys[first : first + PAGE])


def allowed_of(day: Day, member_ids: Sequence[int]) -> Iterator[Plan]:
    """Those of these members."""
    return (plan for plan in plans(day, member_ids) if plan.refusal is None)


def plans(day: Day, member_ids: Sequence[int]) -> list[Plan]:
    """What is to be given to these members on the day, and what is refused, but for what was asked before."""
    with only_looking_up():
        people, wishes = found.people(member_ids), _Wishes(day)
        wanted = [(person, wish, _names(person, wish)) for person in people for wish in wishes.of(person)]
        told = earlier.read(day.configuration.id, [name for _, _, names in wanted for name in names])
        celebrated = earlier.birthdays(people, day.starts_at)
    made = []
    for person, wish, names in wanted:
        known = [told[name] for name in names if name in told] if told else []
        left = wish.without({code for one in known for code in one.asked}) if known else wish
        if left:
            made.append(Plan(person, left, _refusal(person, left, day, known, celebrated.get(person.id))))
    return made


class _Wishes:
    """The wishes of one day, each made once: they depend on the days of a person and on nothing else."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._birthdays = {one for due in day.dues if due.kind.occasion == BIRTHDAY for one in due.days}
        self._others = {one for due in day.dues if due.kind.occasion != BIRTHDAY for one in due.days}
        #: Who was enrolled before was so on an earlier local day, wherever the program is.
        self._long_ago = day.starts_at - 3 * periods.ONE_DAY
        self._made: dict[tuple[str, str, int], list[Wish]] = {}

    def of(self, person: Person) -> list[Wish]:
        """What the person is to be given: the rules that are about the day, those of one group together."""
        if person.status == Member.Status.MERGED:
            return []
        birthday = person.birthday if person.birthday in self._birthdays else ""
        enrolled_on_day, year = person.enrolled_on_day, 0
        if enrolled_on_day in self._others or person.enrolled_at >= self._long_ago:
            enrolled_on = person.enrolled_on(self._day.configuration.zone)
            if enrolled_on > self._day.given_on:
                return []
            year = enrolled_on.year
        else:
            enrolled_on_day = ""
        key = birthday, enrolled_on_day, year
        if key not in self._made:
            self._made[key] = list(self._make(*key))
        return self._made[key]

    def _make(self, birthday: str, enrolled_on_day: str, year: int) -> Iterator[Wish]:
        groups: dict[tuple[str, str, str], list[Due]] = {}
        for due in self._day.dues:
            own = birthday if due.kind.occasion == BIRTHDAY else enrolled_on_day
            if own in due.days and due.kind.counts(due.on.year - year):
                groups.setdefault((due.kind.occasion, due.rule.currency, due.rule.group), []).append(due)
        for (occasion, _, _), dues in groups.items():
            years = 0 if occasion == BIRTHDAY else dues[0].on.year - year
            leader = _leader(dues)
            yield Wish(tuple(dues), leader, years, tuple(self._names_begin(leader)))

    def _names_begin(self, leader: Due) -> Iterator[str]:
        place = leader.kind.occasion, leader.rule.currency, leader.rule.group
        for rule, kind in occasions.rules(self._day.configuration):
            if (kind.occasion, rule.currency, rule.group) == place:
                yield earlier.beginning(kind.occasion, leader.on.year, rule.code)


def _leader(dues: Sequence[Due]) -> Due:
    """The one that gives most; of equal ones the first."""
    return max(dues, key=lambda due: sum(due.kind.given))


def _names(person: Person, wish: Wish) -> list[str]:
    """By which names the same may be written down: of each rule of the group, and of each member who became one."""
    return [f"{begins}{key}" for begins in wish.names for key in (person.id, *person.sources)]


def _refusal(
    person: Person, wish: Wish, day: Day, known: Sequence[Told], celebrated: set[date] | None
) -> Refusal | None:
    """What stands against it (semantics C22-R3); `celebrated` are the days for whose birthday points were given."""
    on = wish.leader.on
    if person.status != Member.Status.ACTIVE:
        return Refusal("member_not_active", f"The member is {person.status}.")
    if any(one.is_given for one in known):
        return Refusal("given_by_the_group", "Another rule of the same group has given points this year.")
    if wish.leader.kind.occasion != BIRTHDAY:
        return None
    since = person.birthday_set_at
    if since and periods.local_date(since, day.configuration.zone) > day.given_on - ON_FILE:
        return Refusal("birthday_too_new", f"The birthday is on file for less than {ON_FILE.days} days.")
    others = [one for one in celebrated or () if not occasions.is_day_of(person.birthday, one)]
    if any(abs(on - one) < ONE_YEAR for one in others):
        return Refusal("birthday_changed", "Points for another birthday were given less than a year ago.")
    return None
