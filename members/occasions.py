"""Whose birthday, or whose anniversary, is on a day of the year? Found by an index, so it costs who is found.

Each statement has one way only, whatever the planner expects of a day: a page of keys by the index of the day, which
is in their order, and rows by their keys.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import TypeVar

from django.db.models import Model, QuerySet

from members.models import Customer, Member
from programs import periods
from programs.periods import ONE_DAY

#: Keys that one statement reads.
PAGE = 1000

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Person:
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
    for customers in _pages(Customer.objects.filter(birthday=day).exclude(birthday=""), page):
        members = Member.objects.filter(program=program_id, customer__in=customers)
        yield list(members.order_by().values_list("pk", flat=True))


def enrolled_on(program_id: int, day: str, *, page: int = PAGE) -> Iterator[list[int]]:
    """Keys of the members of a program who were enrolled on `day` (MM-DD) of whatever year, in pages."""
    yield from _pages(Member.objects.filter(program=program_id, enrolled_on_day=day), page)


def _pages(rows: QuerySet[M], size: int) -> Iterator[list[int]]:
    """The keys of `rows` in ascending order, so many at a time, each page behind the last key of the one before."""
    keys: list[int] = list(rows.order_by("pk").values_list("pk", flat=True)[:size])
    while keys:
        yield keys
        behind = rows.filter(pk__gt=keys[-1])
        keys = list(behind.order_by("pk").values_list("pk", flat=True)[:size]) if len(keys) == size else []


def people(member_ids: Sequence[int]) -> list[Person]:
    """The Person of each of these members, in the order of their keys."""
    sources: dict[int, list[int]] = {}
    merged = Member.objects.filter(merged_into__in=member_ids).order_by()
    for source, target in merged.values_list("pk", "merged_into"):
        if target is not None:
            sources.setdefault(target, []).append(source)
    rows = Member.objects.filter(pk__in=member_ids).select_related("customer").order_by("pk")
    return [
        Person(
            id=one.pk,
            number=one.number,
            status=one.status,
            enrolled_at=one.enrolled_at,
            enrolled_on_day=one.enrolled_on_day,
            birthday=one.customer.birthday,
            birthday_set_at=one.customer.birthday_set_at,
            birthday_changed_at=one.customer.birthday_changed_at,
            sources=tuple(sources.get(one.pk, ())),
        )
        for one in rows
    ]
