"""Whose birthday, or whose anniversary, is on a day of the year? Found by an index, so it costs who is found.

Each statement has one way only, whatever the planner expects of a day, as long as tables are read by indexes alone
(loyalty_site/lib/looking_up.py): the caller sees to that.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, tzinfo
from typing import NamedTuple

from loyalty_site.lib.looking_up import MAY_SORT, NEVER_SORT
from loyalty_site.lib.sql import Rows, Session, instant
from programs import periods
from programs.periods import ONE_DAY

#: Keys that one statement is given.
PAGE = 1000

#: No order is asked for, so none but the index of the day has anything to offer.
_BORN_ON = "SELECT id FROM members_customer WHERE birthday = %s AND NOT birthday = ''"
#: With a sum in place of the program, the index of the customers is the only one.
_MEMBERS_OF = "SELECT id FROM members_member WHERE customer_id {ids} AND program_id + 0 = %s"
#: Every index that begins with the program tempts who believes that it has few members. So the day is a stretch of
#: the one index that can be walked in this order, and nothing is left to tell how many lie in it.
_ENROLLED_ON = (
    "SELECT id FROM members_member WHERE (program_id, enrolled_on_day) >= (%s, %s) "
    "AND (program_id, enrolled_on_day) <= (%s, %s) ORDER BY program_id, enrolled_on_day, id"
)
_ENROLLED_ON_SQLITE = "SELECT id FROM members_member WHERE program_id = %s AND enrolled_on_day = %s"

#: The columns of a Person.
_MEMBER = "id, number, status, enrolled_at, enrolled_on_day"
_CUSTOMER = "birthday, birthday_set_at, birthday_changed_at"


class Person(NamedTuple):
    """A member as occasions see them. `birthday` ("" for none) and `enrolled_on_day` are days of the year (MM-DD);
    the birthday is on file since `birthday_set_at`, and was another one until `birthday_changed_at`, if ever.
    `sources` are the keys of those who were merged into the member."""

    id: int
    number: str
    status: str
    enrolled_at: datetime
    enrolled_on_day: str
    birthday: str
    birthday_set_at: datetime | None
    birthday_changed_at: datetime | None
    sources: tuple[int, ...]

    def enrolled_on(self, zone: tzinfo) -> date:
        """The local day of the enrolment: it stays the one of then, should the program be in another zone now."""
        day = periods.local_date(self.enrolled_at, zone)
        near = (day, day - ONE_DAY, day + ONE_DAY)
        return next((one for one in near if f"{one:%m-%d}" == self.enrolled_on_day), day)


def born_on(program_id: int, day: str, *, page: int = PAGE) -> Iterator[list[int]]:
    """Keys of the members of a program whose birthday is `day` (MM-DD), in pages."""
    session = Session()
    customers = _keys(session.run(_BORN_ON, [day]))
    for first in range(0, len(customers), page):
        rows = session.run(_MEMBERS_OF, [customers[first : first + page], program_id])
        yield sorted(member for (member,) in rows.fetchall())


def enrolled_on(program_id: int, day: str, *, page: int = PAGE) -> Iterator[list[int]]:
    """Keys of the members of a program who were enrolled on `day` (MM-DD) of whatever year, in ascending order."""
    session = Session()
    if session.is_postgresql:
        with session.together():
            session.run(NEVER_SORT)
            found = session.run(_ENROLLED_ON, [program_id, day, program_id, day])
            session.run(MAY_SORT)
    else:
        found = session.run(_ENROLLED_ON_SQLITE, [program_id, day])
    members = _keys(found)
    for first in range(0, len(members), page):
        yield members[first : first + page]


def _keys(found: Rows) -> list[int]:
    return sorted(key for (key,) in found.fetchall())


def people(member_ids: Sequence[int]) -> list[Person]:
    """The Person of each of these members, in the order of their keys."""
    session, keys = Session(), list(member_ids)
    with session.together():
        members = session.run(f"SELECT {_MEMBER}, customer_id FROM members_member WHERE id {{ids}}", [keys])
        merged = session.run("SELECT merged_into_id, id FROM members_member WHERE merged_into_id {ids}", [keys])
    sources: dict[int, list[int]] = {}
    for target, source in merged.fetchall():
        sources.setdefault(target, []).append(source)
    rows = members.fetchall()
    # Not joined: by a join the planner may come to read all customers, in the order of their keys.
    found = session.run(f"SELECT id, {_CUSTOMER} FROM members_customer WHERE id {{ids}}", [[row[-1] for row in rows]])
    born = {key: (birthday, instant(set_at), instant(was_at)) for key, birthday, set_at, was_at in found.fetchall()}
    return sorted(
        (
            Person(key, number, status, instant(at), day, *born[customer], tuple(sources.get(key, ())))
            for key, number, status, at, day, customer in rows
        ),
        key=lambda person: person.id,
    )
