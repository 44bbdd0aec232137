"""What will the night of a day do to the members of a program, if nothing happens until then?"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from django.utils import timezone

from loyalty_site.lib.instants import full_day
from loyalty_site.lib.json_types import Json, JsonObject
from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.sql import Session
from members import assessing, due_tiers
from programs import periods, versions
from programs.configuration import Configuration
from programs.models import Program
from transactions.occasions import planning
from transactions.outlook import due
from transactions.outlook.coming import POINTS, Coming, of_tiers
from transactions.outlook.foreseen import ForeseenBooks

#: Members of one part.
BATCH = 500
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


class Part(NamedTuple):
    """Members, by keys in ascending order, for whom the same is computed: one of TIERS, SPECIAL, ALL ..."""

    what: str
    keys: list[int]


#: What is computed of the members of a part: tiers; with them balances of currencies that may do more than end, or
#: all balances; the sums of lots that just end; occasions.
TIERS, SPECIAL, ALL, LOTS, OCCASIONS = "tiers", "special", "all", "lots", "occasions"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What falls due in a program up to the end of the local `day`, which is the instant `ends_at`."""

    configuration: Configuration
    day: date
    ends_at: datetime

    def coming(self) -> Iterator[Coming]:
        """Each thing that time does by then, as `parts` are in order."""
        for part in self.parts():
            yield from self.of(part)

    def parts(self) -> Iterator[Part]:
        """Whoever is due, in parts: first tiers, then what balances have to be computed for, then lots, occasions."""
        found = due.find(self.configuration, self.ends_at)
        yield from _parts(TIERS, found.tiers)
        yield from _parts(SPECIAL, found.computed)
        yield from _parts(ALL, found.apart)
        yield from _parts(LOTS, found.ending)
        yield from _parts(OCCASIONS, planning.find_allowed(self._celebrated))

    def is_due_for_few(self, most: int) -> bool:
        """Whether no more than about `most` things fall due; looks at no more rows than these, and at occasions."""
        found = due.count(self.configuration, self.ends_at, most=most)
        return found <= most and found + len(planning.find_allowed(self._celebrated)) <= most

    def of(self, part: Part) -> Iterator[Coming]:
        """What comes for the members of a part."""
        if part.what == TIERS:
            yield from self._of_tiers(part.keys)
        elif part.what == LOTS:
            yield from self._ending(part.keys)
        elif part.what == OCCASIONS:
            yield from self._celebrating(part.keys)
        else:
            special, plain = due.kinds(self.configuration)
            yield from self._computed(part.keys, special if part.what == SPECIAL else special | plain)

    def _of_tiers(self, member_ids: list[int]) -> Iterator[Coming]:
        """Where nothing but tiers is due, or only lots that end: balances have no say."""
        now = self.ends_at
        accounts = due_tiers.look(Session(), self.configuration, member_ids, now=now)
        for account in accounts.values():
            assessing.settle(self.configuration, account, now)
            yield from of_tiers(self.configuration, account, now)

    def _computed(self, member_ids: list[int], currency_ids: frozenset[int]) -> Iterator[Coming]:
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

    def _ending(self, member_ids: list[int]) -> Iterator[Coming]:
        codes = self._codes()
        for member, number, currency, points in due.ending(self.configuration, member_ids, self.ends_at):
            yield Coming(POINTS, member, number, currency=codes[currency], points=int(points))

    def _celebrating(self, member_ids: list[int]) -> Iterator[Coming]:
        """Who is given points for an occasion."""
        day = self._celebrated
        for plan in planning.allowed_of(day, member_ids):
            yield Coming(plan.wish.leader.kind.occasion, plan.person.id, plan.person.number, day.starts_at)

    @property
    def _celebrated(self) -> planning.Day:
        """The night gives those of the day that begins when its own closes."""
        return planning.day_of(self.configuration, self.day + periods.ONE_DAY)

    def _codes(self) -> dict[int, str]:
        return {currency.id: currency.code for currency in self.configuration.currencies.values()}


def _parts(what: str, keys: Sequence[int]) -> Iterator[Part]:
    for first in range(0, len(keys), BATCH):
        yield Part(what, list(keys[first : first + BATCH]))


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

    def as_json(self) -> JsonObject:
        """The same as it can be stored."""
        moves: list[Json] = [[*move, count] for move, count in self.moves.items()]
        return {
            "kinds": {**self.kinds},
            "moves": moves,
            "points": {**self.points},
            "members": {**self.members},
            "savable": self.savable,
        }

    @classmethod
    def from_json(cls, stored: Any) -> "Counts":
        """What `as_json` has said; nothing was counted where there is nothing."""
        if not stored:
            return cls()
        moves = Counter({Move(*move): count for *move, count in stored["moves"]})
        kinds, points, members = (Counter(stored[name]) for name in ("kinds", "points", "members"))
        return cls(kinds, moves, points, members, stored["savable"])


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
