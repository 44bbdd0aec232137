"""Which customers of a file are members yet, and how do the others become members?"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError

from loyalty_site.lib.refusals import Refusal
from members import enrolment
from members.models import Customer, ExternalId, Member
from partners.models import Connection
from programs.configuration import Configuration
from programs.models import Program
from transactions import finding
from transactions.books.posting import CLOCK_SKEW
from transactions.imports.rows import Row
from transactions.imports.shelf import Shelf, to_instant, to_number

_KEYS = (("email", "email_key"), ("phone", "phone"))


class Newcomers:
    """Enrols unknown customers of a batch, on the date of their first row.

    With `rehearse` it remembers whom it enrolled, because the caller rolls each batch back.
    """

    def __init__(self, program: Program, via: Connection, configuration: Configuration, *, rehearse: bool) -> None:
        self.program, self.via, self.configuration = program, via, configuration
        self._rehearsed = Shelf() if rehearse else None

    def enrol(self, rows: Sequence[Row], now: datetime) -> tuple[int, dict[int, Refusal]]:
        """(how many are new, {line: Refusal} of the rows whose customer cannot be enrolled)."""
        names = {row.customer for row in rows}
        known = set(
            ExternalId.objects.filter(
                connection=self.via, value__in=names, customer__memberships__program=self.program
            ).values_list("value", flat=True)
        )
        unknown = [row for row in rows if row.customer not in known]
        if not unknown:
            return 0, {}
        people, joined, refusals = self._introduce(unknown, now)
        before, twins = self._recall(people)
        for name, refusal in twins.items():
            del people[name]
            refusals |= {row.line: refusal for row in unknown if row.customer == name}
        outcome = enrolment.enrol_many(
            self.program, people, channel=Member.Channel.IMPORT, via=self.via, enrolled_at=joined | before
        )
        refused = {name: found for name, found in outcome.items() if isinstance(found, Refusal)}
        refusals |= {row.line: refused[row.customer] for row in unknown if row.customer in refused}
        new = outcome.keys() - refused.keys() - before.keys()
        self._remember({name: (people[name], joined[name]) for name in new})
        return len(new), refusals

    def _introduce(
        self, rows: Iterable[Row], now: datetime
    ) -> tuple[dict[str, Customer], dict[str, datetime], dict[int, Refusal]]:
        """({customer: Customer}, {customer: instant}, {line: Refusal}) by the first fit row of each."""
        people: dict[str, Customer] = {}
        joined: dict[str, datetime] = {}
        refusals: dict[int, Refusal] = {}
        for row in rows:
            if row.customer in people:
                continue
            found = finding.first_problem(row.activity) or self._untimely(row.at, now) or _customer(row.person)
            if isinstance(found, Refusal):
                refusals[row.line] = found
            else:
                people[row.customer], joined[row.customer] = found, row.at
        return people, joined, refusals

    def _untimely(self, at: datetime, now: datetime) -> Refusal | None:
        """The engine would say so too, but only to members."""
        days = self.configuration.max_backdate_days
        if at > now + CLOCK_SKEW:
            return Refusal("invalid_date", "The date lies in the future; correct it.", field="date")
        if at < now - timedelta(days=days):
            return Refusal("invalid_date", f"The program accepts facts of the last {days} days.", field="date")
        return None

    def _recall(self, people: Mapping[str, Customer]) -> tuple[dict[str, datetime], dict[str, Refusal]]:
        """({customer: instant} enrolled by an earlier batch of a rehearsal, {customer: Refusal} of twins)."""
        if not self._rehearsed or not people:
            return {}, {}
        numbers = self._rehearsed.get(map(_enrolled, people))
        before = {name.removeprefix(_enrolled("")): to_instant(number) for name, number in numbers.items()}
        claims = {claim: name for name, one in people.items() if name not in before for claim in _claims(one)}
        taken = self._rehearsed.get(claims)
        twins = {claims[claim]: enrolment.twin_refusal(claim.partition(" ")[0]) for claim in taken}
        return before, twins

    def _remember(self, made: Mapping[str, tuple[Customer, datetime]]) -> None:
        if self._rehearsed:
            marks = {_enrolled(name): to_number(at) for name, (_, at) in made.items()}
            self._rehearsed.put(marks | {claim: 1 for one, _ in made.values() for claim in _claims(one)})

    def close(self) -> None:
        if self._rehearsed:
            self._rehearsed.close()


def _customer(person: Mapping[str, str | date]) -> Customer | Refusal:
    """The new Customer, or why the row describes somebody who cannot be."""
    kind = Customer.Kind.COMPANY if person.get("company_name") else Customer.Kind.PERSON
    customer = Customer(kind=kind, **person)
    try:
        customer.clean_fields()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        return Refusal("invalid_customer", messages[0], field=field)
    customer.set_keys()
    return customer


def _enrolled(name: str) -> str:
    """Under which name the shelf keeps when a customer was enrolled."""
    return f"customer {name}"


def _claims(customer: Customer) -> list[str]:
    """What only one member of a program may have."""
    return [f"{field} {value}" for field, column in _KEYS if (value := getattr(customer, column))]
