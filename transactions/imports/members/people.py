"""Who of a batch is a member, who becomes one, and what is written down about them besides points?

What staff or the person have said since is never overwritten: of somebody who is here already, only what is empty
is filled in.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, cast

from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.sql import Session
from loyalty_site.lib.texts import wrong_text
from members import changes, enrolment
from members.lookup import Lookup, notations
from members.models import Card, Consent, Customer, ExternalId, Member, Tag
from partners.models import Connection
from programs.models import Program
from transactions.imports.customers import card_problem, new_customer
from transactions.imports.mapping import LOOKED_UP_AS
from transactions.imports.members.mapping import MemberMapping
from transactions.imports.members.row import Row
from transactions.imports.members.rows import by_name_only

#: What is filled in of somebody who is here already, where it is empty. An address is how somebody is found: not it.
_FILLED = ("first_name", "last_name", "company_name", "language", "birth_date", "birthday")
_LONGEST_ID = 128


class Place(NamedTuple):
    """A member of the batch by primary key, their number and customer; whether they are new."""

    member_id: int
    number: str
    customer: Customer
    is_new: bool


@dataclass(slots=True)
class Seated:
    """The Place of each key, the lines by which something was written about people, and why others were refused;
    by key of customer, which fields of those were `updated` who were here before."""

    places: dict[str, Place] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)
    refusals: dict[int, Refusal] = field(default_factory=dict)
    updated: dict[int, set[str]] = field(default_factory=dict)

    def note(self, line: int, place: Place, what: str) -> None:
        """The row of a line has changed `what` of somebody."""
        self.changed.add(line)
        if not place.is_new:
            self.updated.setdefault(place.customer.pk, set()).add(what)


class People:
    """Seats the rows of a batch: looks members up, enrols the others, writes down what the rows say of them.

    To be called in a transaction: it locks the program, then the members in the order of their keys.
    """

    def __init__(self, program: Program, mapping: MemberMapping, ids_of: Connection, *, country: str) -> None:
        """`ids_of` is the connection whose ids the column `customer` has; phone numbers that name no country are of
        `country`."""
        self.program, self.mapping, self.ids_of, self.country = program, mapping, ids_of, country

    def seat(self, rows: Sequence[Row], now: datetime) -> Seated:
        """The Seated of these rows; nobody is left enrolled for a row that is refused once the caller rolls back."""
        enrolment.lock(self.program.pk)
        seated = Seated()
        found, seated.refusals = self.look_up(rows)
        self._take_known({key: one for key, one in found.items() if one is not None}, seated)
        newcomers = {row.key: row for row in reversed(rows) if row.key in found and found[row.key] is None}
        self._enrol(dict(reversed(newcomers.items())), seated, now)
        for row in rows:
            if row.key not in seated.places and row.line not in seated.refusals:
                seated.refusals[row.line] = self._refusal_of_twin(row, rows, seated)
        seats = [(row, seated.places[row.key]) for row in rows if row.line not in seated.refusals]
        self._cards(seats, seated, now)
        self._external_ids(seats, seated)
        self._fill_in(seats, seated)
        self._tags(seats, seated)
        self._consents(seats, seated, now)
        seated.changed |= {row.line for row, place in seats if place.is_new}
        changes.tell_updated(seated.updated, now=now)
        return seated

    def look_up(self, rows: Sequence[Row]) -> tuple[dict[str, int | None], dict[int, Refusal]]:
        """({key: primary key of the member, None for nobody yet}, why other rows are refused, by line)."""
        references = [{LOOKED_UP_AS.get(kind, kind): row.written[kind]} for row in rows for kind in row.names]
        session = Session()
        with session.together():
            lookup = Lookup(session, self.program.pk, self.ids_of.pk, references, country=self.country)
        answers = iter(lookup.take())
        found: dict[str, int | None] = {}
        refusals: dict[int, Refusal] = {}
        for row in rows:
            member = _agreed(row, [next(answers) for _ in row.names])
            if isinstance(member, Refusal):
                refusals[row.line] = member
            elif member is not None:
                found[row.key] = member
            elif refusal := self._why_not(row):
                refusals[row.line] = refusal
            else:
                found.setdefault(row.key, None)
        return found, refusals

    def _why_not(self, row: Row) -> Refusal | None:
        """Why somebody whom nobody knows is not enrolled; None where they are."""
        if not self.mapping.enrol:
            detail = "No member of this program has it, and the mapping enrols nobody; set enrol to true."
            return Refusal("member_unknown", detail, field=next(iter(row.names)))
        return None if set(self.mapping.enrol_by) & row.names.keys() else self._unknown(row)

    def _unknown(self, row: Row) -> Refusal:
        """Somebody new who is called by nothing that would tell them from others."""
        name = f"{row.person.get('first_name', '')} {row.person.get('last_name', '')}".strip()
        if name:
            return by_name_only(name)
        detail = f"No member has it, and somebody new needs one of {', '.join(self.mapping.enrol_by)}."
        return Refusal("member_unknown", detail, field=next(iter(row.names)))

    def _refusal_of_twin(self, row: Row, rows: Iterable[Row], seated: Seated) -> Refusal:
        """A row of somebody whose first row was refused is refused for the same."""
        lines = [other.line for other in rows if other.key == row.key and other.line in seated.refusals]
        return seated.refusals[lines[0]]

    def _take_known(self, found: Mapping[str, int], seated: Seated) -> None:
        members = Member.objects.select_for_update(no_key=True).filter(pk__in=set(found.values())).order_by("pk")
        known = {member.pk: member for member in members}
        customers = Customer.objects.in_bulk({member.customer_id for member in known.values()})
        for key, member_id in found.items():
            member = known[member_id]
            seated.places[key] = Place(member.pk, member.number, customers[member.customer_id], False)

    def _enrol(self, newcomers: Mapping[str, Row], seated: Seated, now: datetime) -> None:
        """Enrol whom nobody knows, by the first row of each."""
        ids = {key: row.names["customer"] for key, row in newcomers.items() if "customer" in row.names}
        people = enrolment.known_to(self.ids_of, ids) if ids else {}
        for key, row in newcomers.items():
            if key in people:
                continue
            made = new_customer(cast(Mapping[str, str | date], row.person), self.country)
            if isinstance(made, Refusal):
                seated.refusals[row.line] = made
            else:
                people[key] = made
        joined = {key: newcomers[key].joined or now for key in people}
        outcome = (
            enrolment.enrol_people(
                self.program, people, channel=Member.Channel.IMPORT, via=self.ids_of, enrolled_at=joined
            )
            if people
            else {}
        )
        for key, member in outcome.items():
            if isinstance(member, Refusal):
                seated.refusals[newcomers[key].line] = member
            else:
                seated.places[key] = Place(member.pk, member.number, people[key], True)

    def _cards(self, seats: Sequence[tuple[Row, Place]], seated: Seated, now: datetime) -> None:
        wanted = [(row, place, row.names["card"]) for row, place in seats if "card" in row.names]
        if not wanted:
            return
        forms = {row.line: notations("card", row.written["card"]) for row, *_ in wanted}
        stored = Card.objects.filter(
            program=self.program, number__in={text for one in forms.values() for text in one}
        )
        known = dict(stored.values_list("number", "member"))
        holders = dict(known)
        made: dict[str, int] = {}
        for row, place, number in wanted:
            if any(known.get(text) == place.member_id for text in forms[row.line]):
                continue
            problem = _wrong_card(number)
            if problem is None and holders.setdefault(number, place.member_id) != place.member_id:
                problem = Refusal("card_taken", "Another member has this card; correct the row.", field="card")
            if problem:
                seated.refusals[row.line] = problem
            elif number not in known:
                made[number] = place.member_id
                seated.note(row.line, place, "cards")
        rows = [(member_id, self.program.pk, number, True, now) for number, member_id in made.items()]
        Session().insert(Card, "member_id program_id number is_active created_at", rows)

    def _external_ids(self, seats: Sequence[tuple[Row, Place]], seated: Seated) -> None:
        wanted = [(row, place, row.names["customer"]) for row, place in seats if "customer" in row.names]
        if not wanted:
            return
        forms = {row.line: notations("external_id", row.written["customer"]) for row, *_ in wanted}
        values = {text for one in forms.values() for text in one}
        stored = ExternalId.objects.filter(connection=self.ids_of, value__in=values)
        owners = dict(stored.values_list("value", "customer"))
        fresh: dict[str, int] = {}
        for row, place, value in wanted:
            if any(owners.get(text) == place.customer.pk for text in forms[row.line]):
                continue
            if value not in owners:
                wrong = wrong_text(value) or ("It is too long." if len(value) > _LONGEST_ID else "")
                if wrong:
                    seated.refusals[row.line] = Refusal("invalid_text", wrong, field="customer")
                    continue
                fresh[value] = place.customer.pk
                seated.note(row.line, place, "external_ids")
                owners[value] = place.customer.pk
            if owners[value] != place.customer.pk:
                detail = "Another customer has this id; correct the row."
                seated.refusals[row.line] = Refusal("customer_taken", detail, field="customer")
        rows = [(customer_id, self.ids_of.pk, value) for value, customer_id in fresh.items()]
        Session().insert(ExternalId, "customer_id connection_id value", rows)

    def _fill_in(self, seats: Sequence[tuple[Row, Place]], seated: Seated) -> None:
        """What is empty of people who were here before."""
        changed: dict[int, Customer] = {}
        for row, place in seats:
            if place.is_new:
                continue
            customer = place.customer
            for name, value in _missing(customer, row):
                setattr(customer, name, value)
                changed[customer.pk] = customer
                seated.note(row.line, place, name)
        for customer in changed.values():
            customer.set_keys()
        if changed:
            Customer.objects.bulk_update(
                changed.values(), [*_FILLED, "last_name_key", "birthday_set_at"], batch_size=200
            )

    def _tags(self, seats: Sequence[tuple[Row, Place]], seated: Seated) -> None:
        wanted = [(row, place) for row, place in seats if row.tags]
        if not wanted:
            return
        customers = {place.customer.pk for _, place in wanted if not place.is_new}
        known = set(Tag.objects.filter(customer__in=customers).values_list("customer", "name"))
        fresh: dict[tuple[int, str], None] = {}
        for row, place in wanted:
            for name in row.tags:
                if (place.customer.pk, name) not in known:
                    fresh[place.customer.pk, name] = None
                    seated.note(row.line, place, "tags")
        Session().insert(Tag, "customer_id name", list(fresh))

    def _consents(self, seats: Sequence[tuple[Row, Place]], seated: Seated, now: datetime) -> None:
        """What was said there, but for channels of which something was said here already."""
        wanted = [(row, place) for row, place in seats if row.consents]
        if not wanted:
            return
        customers = {place.customer.pk for _, place in wanted if not place.is_new}
        known = set(Consent.objects.filter(customer__in=customers).values_list("customer", "channel"))
        fresh: dict[tuple[int, str], tuple[bool, datetime]] = {}
        for row, place in wanted:
            for channel, is_given in row.consents.items():
                key = place.customer.pk, channel
                if key not in known:
                    seated.note(row.line, place, "consents")
                    fresh[key] = is_given, row.said_at or now
        rows = [(*key, *said, self.mapping.source, now) for key, said in fresh.items()]
        Session().insert(Consent, "customer_id channel is_given said_at source recorded_at", rows)


def _agreed(row: Row, answers: Sequence[int | Refusal]) -> int | Refusal | None:
    """The member whom the names of a row find; None where they find nobody.

    Refused where they find several, and where nobody has the number: the program gives numbers, so it is a wrong one.
    """
    if "number" in row.names and not isinstance(answers[list(row.names).index("number")], int):
        detail = "No member has this number, and the program gives new ones; correct it, or leave the cell empty."
        return Refusal("member_unknown", detail, field="number")
    members = {member for member in answers if isinstance(member, int)}
    if len(members) > 1:
        kinds = [kind for kind, member in zip(row.names, answers, strict=True) if isinstance(member, int)]
        detail = f"The {' and the '.join(kinds)} are those of different members; merge them, or correct the row."
        return Refusal("names_differ", detail, field=kinds[-1])
    if members:
        return members.pop()
    return next((one for one in answers if isinstance(one, Refusal) and one.code != "member_unknown"), None)


def _missing(customer: Customer, row: Row) -> Iterator[tuple[str, str | date]]:
    """(column, value) of what the row says and nobody has said of the customer."""
    said = cast(Mapping[str, str | date], row.person)
    for name in _FILLED:
        value = said.get(name)
        if not value or getattr(customer, name):
            continue
        # A birth date of another day than the one that is known contradicts it.
        if name == "birth_date" and customer.birthday not in ("", said.get("birthday")):
            continue
        if name == "company_name" and customer.kind == Customer.Kind.PERSON:
            continue
        yield name, value


def _wrong_card(number: str) -> Refusal | None:
    wrong = card_problem(number)
    return Refusal("invalid_value", wrong, field="card") if wrong else None
