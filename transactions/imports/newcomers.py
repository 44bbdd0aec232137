"""Which customers of a file are members yet, and how do the others become members?"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple, TypeAlias

from django.core.exceptions import ValidationError
from django.db import transaction

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
from transactions.models import Journal

#: Asks the ledger what it would say to some rows: {line: Refusal} of those that it would not take.
TryOut: TypeAlias = Callable[[Sequence[Row]], Mapping[int, Refusal]]

#: Why a row is refused whoever its member is, and whenever they joined.
_WHOEVER = {"store_unknown", "partner_unknown", "currency_unknown", "idempotency_conflict", "points_too_many"}
#: In the smallest unit; below that no rules give more points than the ledger can hold.
_LARGE = 10**9
_KEYS = (("email", "email_key"), ("phone", "phone"))


class Enrolled(NamedTuple):
    """Who is `new`, and when they joined; the lines of the `rows` by which they were enrolled.

    `refusals` are by line, of the rows whose customer cannot be enrolled.
    """

    new: dict[str, tuple[Customer, datetime]]
    rows: set[int]
    refusals: dict[int, Refusal]


class Newcomers:
    """Enrols unknown customers of a batch, on the date of their first row that is taken.

    With `rehearse` it remembers whom it enrolled, because the caller rolls each batch back.
    """

    def __init__(self, program: Program, via: Connection, configuration: Configuration, *, rehearse: bool) -> None:
        self.program, self.via, self.configuration = program, via, configuration
        self._rehearsed = Shelf() if rehearse else None
        refusing = [cap for cap in configuration.caps if cap.behaviour == "reject"]
        self._has_refusing_caps = bool(refusing)
        self._has_refusing_shares = any(cap.scope != "member" for cap in refusing)

    def enrol(self, rows: Sequence[Row], now: datetime, try_out: TryOut) -> tuple[int, dict[int, Refusal]]:
        """(how many are new, {line: Refusal} of the rows whose customer was not enrolled by them).

        Nobody stays enrolled by a row that the ledger would refuse: their next row is tried, then.
        """
        refused: dict[int, Refusal] = {}
        while True:
            with transaction.atomic():
                made = self._enrol([row for row in rows if row.line not in refused], now)
                tried = try_out(self._doubtful(rows, made, refused)) if made.new else {}
                wrong = {
                    line: refusal for line, refusal in tried.items() if line in made.rows or refusal.code in _WHOEVER
                }
                transaction.set_rollback(bool(wrong))
            if not wrong:
                self._remember(made.new)
                return len(made.new), refused | made.refusals
            refused |= wrong

    def _enrol(self, rows: Sequence[Row], now: datetime) -> Enrolled:
        names = {row.customer for row in rows}
        known = set(
            ExternalId.objects.filter(
                connection=self.via, value__in=names, customer__memberships__program=self.program
            ).values_list("value", flat=True)
        )
        unknown = [row for row in rows if row.customer not in known]
        if not unknown:
            return Enrolled({}, set(), {})
        people, first, refusals = self._introduce(unknown, now)
        joined = {name: row.at for name, row in first.items()}
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
        made = {name: (people[name], joined[name]) for name in new}
        return Enrolled(made, {first[name].line for name in new}, refusals)

    def _doubtful(self, rows: Iterable[Row], made: Enrolled, refused: Mapping[int, Refusal]) -> list[Row]:
        """The rows of new members that the ledger might refuse; most files have none, and pay nothing."""
        left = [row for row in rows if row.line not in refused and row.line not in made.refusals]
        if self._has_refusing_shares:
            # Who else uses a cap up decides about the new ones.
            return left
        own = [row for row in left if row.customer in made.new]
        if self._has_refusing_caps:
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
        return bool(activity.store or activity.partner) or is_foreign or activity.amount >= _LARGE

    def _introduce(
        self, rows: Iterable[Row], now: datetime
    ) -> tuple[dict[str, Customer], dict[str, Row], dict[int, Refusal]]:
        """({customer: Customer}, {customer: Row}, {line: Refusal}) by the first fit row of each."""
        people: dict[str, Customer] = {}
        first: dict[str, Row] = {}
        refusals: dict[int, Refusal] = {}
        for row in rows:
            if row.customer in people:
                continue
            found = finding.first_problem(row.activity) or self._untimely(row.at, now) or _customer(row.person)
            if isinstance(found, Refusal):
                refusals[row.line] = found
            else:
                people[row.customer], first[row.customer] = found, row
        return people, first, refusals

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
