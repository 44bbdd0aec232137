"""What will the night of a day do to the members of a program, if nothing happens until then?"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from django.utils import timezone

from loyalty_site.lib.instants import full_day
from loyalty_site.lib.refusals import Refused
from programs import periods, versions
from programs.configuration import Configuration
from programs.models import Program
from transactions.occasions import planning
from transactions.outlook import due
from transactions.outlook.coming import POINTS, Coming, of_tiers
from transactions.outlook.foreseen import ForeseenBooks

#: So many months ahead a day may lie; beyond that, too much will have happened meanwhile.
MOST_MONTHS = 12


class DayIsOver(Refused):
    """Its night has begun already."""

    code = "day_is_over"


class DayTooFar(Refused):
    """It lies more than MOST_MONTHS ahead."""

    code = "day_too_far"


class NoNights(Refused):
    """The program is a draft."""

    code = "program_is_draft"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What falls due in a program up to the end of the local `day`, which is the instant `ends_at`."""

    configuration: Configuration
    day: date
    ends_at: datetime

    def coming(self) -> Iterator[Coming]:
        """Each thing that time does by then: first what has to be computed, by members, then lots, then occasions."""
        found = due.find(self.configuration, self.ends_at)
        for member_ids in due.batches(found.computed):
            yield from self._computed(found, member_ids)
        codes = self._codes()
        for member, number, currency, points in due.ending(found, self.ends_at):
            yield Coming(POINTS, member, number, currency=codes[currency], points=int(points))
        yield from self._celebrating()

    def _computed(self, found: due.Due, member_ids: list[int]) -> Iterator[Coming]:
        apart = [key for key in member_ids if key in found.apart]
        others = [key for key in member_ids if key not in found.apart]
        for keys, currencies in ((others, found.special), (apart, found.special | found.plain)):
            if keys:
                yield from self._of(keys, currencies)

    def _of(self, member_ids: list[int], currency_ids: frozenset[int]) -> Iterator[Coming]:
        books = ForeseenBooks(self.configuration, now=self.ends_at)
        books.look(member_ids, currency_ids=currency_ids)
        codes = self._codes()
        for account in books.accounts.values():
            yield from of_tiers(self.configuration, account, self.ends_at)
            for currency_id in sorted(currency_ids):
                points = books.ended[account.id, currency_id]
                if points:
                    code = codes[currency_id]
                    yield Coming(POINTS, account.id, account.number, currency=code, points=points)

    def _celebrating(self) -> Iterator[Coming]:
        """Who is given points for an occasion: the night gives those of the day that begins when its own closes."""
        day = planning.day_of(self.configuration, self.day + periods.ONE_DAY)
        for plan in planning.allowed(day):
            yield Coming(plan.leader.kind.occasion, plan.person.id, plan.person.number, day.starts_at)

    def _codes(self) -> dict[int, str]:
        return {currency.id: currency.code for currency in self.configuration.currencies.values()}


def of(program: Program, day: date | None = None, *, now: datetime | None = None) -> Outlook:
    """The Outlook of a night, by default of the one that comes next. Raises DayIsOver, DayTooFar, NoNights."""
    now = now or timezone.now()
    if program.status == Program.Status.DRAFT:
        raise NoNights("The program is a draft: it has no nights before it is active.", field="program")
    configuration = versions.of(program)
    today = periods.local_date(now, configuration.zone)
    day = day or today
    latest = periods.add(today, MOST_MONTHS, "month")
    if day < today:
        detail = f"{full_day(day)} is over: its night runs, or has run. Name {full_day(today)}, or a day to come."
        raise DayIsOver(detail, field="day")
    if day > latest:
        raise DayTooFar(f"{full_day(day)} is too far ahead: name a day up to {full_day(latest)}.", field="day")
    return Outlook(configuration, day, periods.end_of_day(day, configuration.zone))


class Move(NamedTuple):
    """A kind of change in one group, from one tier to another; codes."""

    kind: str
    group: str
    before: str
    after: str


@dataclass(slots=True)
class Counts:
    """How much of what comes: `kinds` by kind, `moves` by Move, `points` and `members` who lose some by currency.

    `savable` counts who may lose a tier that points would still save.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    moves: Counter[Move] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    members: Counter[str] = field(default_factory=Counter)
    savable: int = 0

    def add(self, one: Coming) -> None:
        self.kinds[one.kind] += 1
        if one.group:
            self.moves[Move(one.kind, one.group, one.before, one.after)] += 1
        if one.points:
            self.points[one.currency] += one.points
            self.members[one.currency] += 1
        self.savable += one.can_be_saved


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of it is listed: "" and None for whatever it is; `can_be_saved` leaves only who can, soonest first."""

    kind: str = ""
    group: str = ""
    before: str = ""
    after: str = ""
    most_missing: int | None = None
    can_be_saved: bool = False

    def takes(self, one: Coming) -> bool:
        """Whether `one` is listed."""
        named = (self.kind, one.kind), (self.group, one.group), (self.before, one.before), (self.after, one.after)
        if any(wanted and wanted != is_there for wanted, is_there in named):
            return False
        if self.can_be_saved and not one.can_be_saved:
            return False
        return self.most_missing is None or (one.can_be_saved and one.short_by <= self.most_missing)

    @property
    def by_missing(self) -> bool:
        """Whether those who miss least stand first."""
        return self.can_be_saved or self.most_missing is not None


@dataclass(slots=True)
class Listed:
    """`counts` of all that comes, how much of it is `wanted`, and the rows of one page of that."""

    counts: Counts = field(default_factory=Counts)
    wanted: int = 0
    rows: Sequence[Coming] = ()


def listed(comings: Iterable[Coming], wanted: Wanted, *, first: int, size: int) -> Listed:
    """Count all that comes, and keep `size` wanted rows from the place `first` on; in memory are `first + size`."""
    done = Listed()

    def seen() -> Iterator[tuple[tuple[int, int], Coming]]:
        for one in comings:
            done.counts.add(one)
            if wanted.takes(one):
                done.wanted += 1
                yield (one.short_by if wanted.by_missing else 0, done.wanted), one

    best = heapq.nsmallest(first + size, seen(), key=lambda found: found[0])
    done.rows = [one for _, one in best[first:]]
    return done
