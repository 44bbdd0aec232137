"""Which customers of a file are members yet, and how do the others become members?"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from django.db import transaction

from loyalty_site.lib import notation
from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.sql import Session
from members import enrolment
from members.lookup import Lookup, notations
from members.models import Customer, ExternalId, Member
from partners.activity import Activity
from partners.models import Connection
from programs.configuration import Configuration
from programs.models import Program
from transactions import finding
from transactions.books.posting import CLOCK_SKEW
from transactions.imports.customers import new_customer
from transactions.imports.records import Row
from transactions.imports.shelf import Shelf, to_instant, to_number
from transactions.imports.turns import Turns
from transactions.models import Journal

#: Asks the ledger what it would say to some rows: {line: Refusal} of those that it would not take.
TryOut: TypeAlias = Callable[[Sequence[Row]], Mapping[int, Refusal]]

#: What the ledger takes whatever it says, in a program that refuses nothing for being doubtful. Whatever else a row
#: says of its activity has to be tried, that of fields which are still to come too.
_TAKEN = {
    *("kind", "external_id", "member", "activity_at", "money", "channel", "code", "lines"),
    *("amount", "tax", "shipping", "shipping_tax", "gift_card", "points_value"),
}
_SAYS_NOTHING = Activity("", "", {})
_TRIED = {one.name: getattr(_SAYS_NOTHING, one.name) for one in fields(Activity) if one.name not in _TAKEN}
#: In the smallest unit; below that no rules give more points than the ledger can hold.
_LARGE = 10**9
#: By which of them somebody new is known whom the file does not call anything.
_KINDS = ("card", "email", "phone")
_KEYS = (("email", "email_key"), ("phone", "phone"))


@dataclass(slots=True)
class Introduced:
    """Who may become a member, by the first fit row of each: `people` and `first` by name, one for each of them.

    `whose` are the names by line, of all rows of theirs; `refusals` by line, of rows that introduce nobody; `waiting`
    the lines of those whose turn has not come (turns.py).
    """

    people: dict[str, Customer] = field(default_factory=dict)
    first: dict[str, Row] = field(default_factory=dict)
    whose: dict[int, str] = field(default_factory=dict)
    refusals: dict[int, Refusal] = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)

    def refuse(self, names: Mapping[str, Refusal]) -> None:
        """Nobody is enrolled under these names."""
        for name in names.keys() & self.people.keys():
            del self.people[name]
        self.refusals |= {line: names[name] for line, name in self.whose.items() if name in names}


class Enrolled(NamedTuple):
    """Who is `new`, by name, and when they joined; the lines of the `rows` by which they were enrolled.

    `whose` are the names by line; `refusals` are by line, of the rows whose customer cannot be enrolled; `waiting`
    are the lines of those whose turn has not come.
    """

    new: dict[str, tuple[Customer, datetime]]
    rows: set[int]
    whose: dict[int, str]
    refusals: dict[int, Refusal]
    waiting: set[int]


class Asked(NamedTuple):
    """How many are `new`; by line, the `refusals` of the rows whose customer was not enrolled by them; and the lines
    of those that are `waiting` until the others are posted."""

    new: int
    refusals: dict[int, Refusal]
    waiting: set[int]


class Newcomers:
    """Enrols unknown customers of a batch, on the date of their first row that is taken.

    With `rehearse` it remembers whom it enrolled, because the caller rolls each batch back.
    """

    def __init__(
        self, program: Program, via: Connection, configuration: Configuration, *, country: str, rehearse: bool
    ) -> None:
        """Phone numbers that name no country are of `country`."""
        self.program, self.via, self.configuration, self.country = program, via, configuration, country
        self._rehearsed = Shelf() if rehearse else None
        refusing = [cap for cap in configuration.caps if cap.behaviour == "reject"]
        self._tries_all = configuration.is_strict or bool(refusing)
        self._has_refusing_shares = any(cap.scope != "member" for cap in refusing)

    def enrol(self, rows: Sequence[Row], now: datetime, try_out: TryOut, before: Turns) -> Asked:
        """Enrol whom the rows introduce; `before` is what rows said that are not posted yet.

        Nobody stays enrolled by a row that the ledger would refuse: their next row is tried, then.
        """
        refused: dict[int, Refusal] = {}
        while True:
            with transaction.atomic():
                made = self._enrol([row for row in rows if row.line not in refused], now, before.copy())
                tried = try_out(self._doubtful(rows, made, refused)) if made.new else {}
                wrong = _in_vain(tried, made)
                transaction.set_rollback(bool(wrong))
            if not wrong:
                self._remember(made)
                return Asked(len(made.new), refused | made.refusals, made.waiting)
            refused |= wrong

    def _enrol(self, rows: Sequence[Row], now: datetime, turns: Turns) -> Enrolled:
        unknown = self._unknown(rows)
        if not unknown and not turns.late:
            return Enrolled({}, set(), {}, {}, set())
        found = self._introduce(rows, unknown, now, turns)
        before, twins = self._recall(found)
        found.refuse(twins)
        joined = {name: row.at for name, row in found.first.items()}
        outcome = enrolment.enrol_many(
            self.program,
            found.people,
            channel=Member.Channel.IMPORT,
            via=self.via,
            enrolled_at=joined | before,
            external_ids={name: row.customer for name, row in found.first.items() if row.customer},
            cards={name: card for name, row in found.first.items() if (card := _card(row))},
        )
        refused = {name: one for name, one in outcome.items() if isinstance(one, Refusal)}
        found.refuse(refused)
        new = found.people.keys() - before.keys()
        made = {name: (found.people[name], joined[name]) for name in new}
        lines = {found.first[name].line for name in new}
        return Enrolled(made, lines, found.whose, found.refusals, found.waiting)

    def _unknown(self, rows: Sequence[Row]) -> set[int]:
        """The lines of the rows whose member is not known; of who is named without an id the look-up knows."""
        values = {text for row in rows if row.customer for text in notations("external_id", row.customer)}
        known = set(
            ExternalId.objects.filter(
                connection=self.via, value__in=values, customer__memberships__program=self.program
            ).values_list("value", flat=True)
            if values
            else ()
        )
        others = [row for row in rows if not row.customer]
        members = self._look_up(others) if others else set()
        return {
            row.line
            for row in rows
            if (known.isdisjoint(notations("external_id", row.customer)) if row.customer else row.line not in members)
        }

    def _look_up(self, rows: Sequence[Row]) -> set[int]:
        """The lines of the rows that name a member, or several, about which the ledger has something to say."""
        session = Session()
        references = [row.activity.member for row in rows]
        with session.together():
            lookup = Lookup(session, self.program.pk, self.via.pk, references, country=self.country)
        return {
            row.line
            for row, found in zip(rows, lookup.take(), strict=True)
            if not isinstance(found, Refusal) or found.code == "member_ambiguous" or not self.names(row)
        }

    def names(self, row: Row) -> list[str]:
        """Under which names somebody whom the row introduces is known from then on, the surest first.

        None where it names nobody by what a new member could be known by.
        """
        if row.customer:
            return [_enrolled(notation.external_id(row.customer))]
        given = row.activity.member
        kinds = [kind for kind in _KINDS if given.get(kind)]
        return [f"{kind} {text}" for kind in kinds for text in notations(kind, given[kind], self.country)[-1:]]

    def _doubtful(self, rows: Iterable[Row], made: Enrolled, refused: Mapping[int, Refusal]) -> list[Row]:
        """The rows of new members that the ledger might refuse; most files have none, and pay nothing."""
        out = refused.keys() | made.refusals.keys() | made.waiting
        left = [row for row in rows if row.line not in out]
        if self._has_refusing_shares:
            # Who else uses a cap up decides about the new ones.
            return left
        own = [row for row in left if made.whose.get(row.line) in made.new]
        if self._tries_all:
            return own
        recorded = set(
            Journal.objects.filter(
                program=self.program,
                connection=self.via,
                kind=Journal.Kind.ACCRUAL,
                external_id__in=[row.activity.external_id for row in own],
            ).values_list("external_id", flat=True)
        )
        return [row for row in own if row.activity.external_id in recorded or self._is_doubtful(row)]

    def _is_doubtful(self, row: Row) -> bool:
        activity = row.activity
        is_foreign = activity.money not in ("", self.configuration.money)
        return (
            is_foreign or activity.paid >= _LARGE or any(getattr(activity, name) != no for name, no in _TRIED.items())
        )

    def _introduce(self, rows: Iterable[Row], unknown: Container[int], now: datetime, turns: Turns) -> Introduced:
        """Who is introduced by the rows in whose lines nobody is known, in the order of the file."""
        found = Introduced()
        known: dict[str, str] = {}
        for row in rows:
            names = self.names(row)
            name = next((known[one] for one in names if one in known), "")
            is_new = row.line in unknown and not name
            person = self._person(row, now) if is_new else None
            claims = _claims(person) if isinstance(person, Customer) else []
            if turns.waits(names, [*names, *claims] if is_new else []):
                found.waiting.add(row.line)
                continue
            if isinstance(person, Refusal):
                found.refusals[row.line] = person
                continue
            turns.say(names)
            if person:
                name = names[0]
                found.people[name], found.first[name] = person, row
                known |= dict.fromkeys(names, name)
            if row.line in unknown:
                found.whose[row.line] = name
        return found

    def _person(self, row: Row, now: datetime) -> Customer | Refusal:
        """Who would be enrolled by the row, or why it cannot enrol anybody."""
        problem = finding.first_problem(row.activity) or self._untimely(row.at, now)
        return problem or new_customer(row.person, self.country, card=_card(row))

    def _untimely(self, at: datetime, now: datetime) -> Refusal | None:
        """The engine would say so too, but only to members."""
        days = self.configuration.max_backdate_days
        if at > now + CLOCK_SKEW:
            return Refusal("invalid_date", "The date lies in the future; correct it.", field="date")
        if at < now - timedelta(days=days):
            return Refusal("invalid_date", f"The program accepts facts of the last {days} days.", field="date")
        return None

    def _recall(self, found: Introduced) -> tuple[dict[str, datetime], dict[str, Refusal]]:
        """({name: instant} enrolled by an earlier batch of a rehearsal, {name: Refusal} of twins)."""
        if not self._rehearsed or not found.people:
            return {}, {}
        own = {one: name for name, row in found.first.items() for one in self.names(row)}
        before = {own[one]: to_instant(number) for one, number in self._rehearsed.get(own).items()}
        claims = {claim: name for name, one in found.people.items() if name not in before for claim in _claims(one)}
        taken = self._rehearsed.get(claims)
        twins = {claims[claim]: enrolment.twin_refusal(claim.partition(" ")[0]) for claim in taken}
        return before, twins

    def _remember(self, made: Enrolled) -> None:
        if self._rehearsed:
            marks = {name: to_number(at) for name, (_, at) in made.new.items()}
            claims = {claim: to_number(at) for one, at in made.new.values() for claim in _claims(one)}
            self._rehearsed.put(marks | claims)

    def close(self) -> None:
        if self._rehearsed:
            self._rehearsed.close()


def _in_vain(tried: Mapping[int, Refusal], made: Enrolled) -> dict[int, Refusal]:
    """Of the refusals by line, those of rows by which somebody was to be enrolled, and of their further rows for the
    same reason, which a later enrolment would not change: who has many such rows costs no attempt for each."""
    reasons = {(made.whose[line], refusal.code) for line, refusal in tried.items() if line in made.rows}
    return {line: refusal for line, refusal in tried.items() if (made.whose.get(line), refusal.code) in reasons}


def _card(row: Row) -> str:
    """The card that somebody new is known by, where the file calls them nothing else."""
    return "" if row.customer else row.activity.member.get("card", "")


def _enrolled(name: str) -> str:
    """Under which name the shelf keeps when a customer of this external id was enrolled."""
    return f"customer {name}"


def _claims(customer: Customer) -> list[str]:
    """What only one member of a program may have."""
    return [f"{kind} {value}" for kind, column in _KEYS if (value := getattr(customer, column))]
