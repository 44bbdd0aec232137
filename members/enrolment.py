"""How does somebody become a member of a program?"""

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from loyalty_site.lib import luhn, notation
from loyalty_site.lib.inserting import insert
from loyalty_site.lib.refusals import Refusal, Refused
from loyalty_site.lib.sql import Session
from members import changes, tiers
from members.models import Card, Customer, ExternalId, Member, MemberBenefit, Standing
from partners.callers import Via
from partners.models import Connection, Store
from programs import periods, versions
from programs.configuration import Configuration
from programs.models import Program

#: Random digits of a membership number, in front of its check digit.
_DIGITS = 9


class AlreadyMember(Refused):
    """Somebody who has the same identifier is a member of the program."""

    code = "already_member"


class NotEnrollable(Refused):
    """The program is not active, or the person was erased."""

    code = "program_not_active"


def new_number(prefix: str = "") -> str:
    """A membership number that says nothing about its neighbours, with a check digit against typing errors."""
    body = prefix + "".join(secrets.choice("0123456789") for _ in range(_DIGITS))
    return body + luhn.digit(body)


class ProgramKey(Protocol):
    """A program, as its row or as a request knows it."""

    @property
    def pk(self) -> int: ...


@transaction.atomic
def enrol(
    program: ProgramKey,
    customer: Customer,
    *,
    channel: str,
    home_store: Store | None = None,
    cards: Iterable[str] = (),
    external_id: str = "",
    via: Via | None = None,
    enrolled_at: datetime | None = None,
    now: datetime | None = None,
) -> Member:
    """Make `customer` (saved or not) a member of `program`; returns the Member.

    `external_id` is what the connection `via` calls the customer. Raises AlreadyMember, NotEnrollable.
    """
    locked = lock(program.pk)
    now = now or timezone.now()
    _check(locked, customer)
    with _translated():
        member = Member.objects.create(
            program=locked,
            customer=customer,
            number=free_numbers(locked, 1)[0],
            channel=channel,
            home_store=home_store,
            enrolled_at=enrolled_at or now,
        )
        numbers = dict.fromkeys(map(notation.card, cards))
        Card.objects.bulk_create(Card(member=member, program=locked, number=number) for number in numbers)
        if external_id and via:
            value = notation.external_id(external_id)
            ExternalId.objects.create(customer=customer, connection_id=via.pk, value=value)
    configuration = versions.of(locked)
    Standing.objects.bulk_create(starting_standings(configuration, [member], now=now))
    MemberBenefit.objects.bulk_create(_starting_benefits(configuration, [member], now=now))
    changes.tell_enrolled(locked, [member], partner_id=via.partner_id if via else None)
    return member


@transaction.atomic
def enrol_many(
    program: Program,
    newcomers: Mapping[str, Customer],
    *,
    channel: str,
    via: Connection,
    enrolled_at: Mapping[str, datetime],
    external_ids: Mapping[str, str] | None = None,
    cards: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Member | Refusal]:
    """Enrol customers in bulk, for imports; a fixed number of statements whatever their number.

    `newcomers` maps a name for each customer, which means nothing else, to an unsaved Customer; the other mappings
    are by the same names: `enrolled_at` has the instants, `external_ids` what the connection `via` calls those for
    whom it has a name (None: the names are these), `cards` the card of those who have one. Returns {name: Member or
    Refusal}: who is a member by now stays the one that he is. Raises NotEnrollable, AlreadyMember.
    """
    program = lock(program.pk)
    called = {name: name for name in newcomers} if external_ids is None else external_ids
    called = {name: notation.external_id(text) for name, text in called.items()}
    stored = known_to(via, called)
    outcome: dict[str, Member | Refusal] = {**_members_by_now(program, stored)}
    customers = {name: stored.get(name, one) for name, one in newcomers.items() if name not in outcome}
    outcome |= enrol_people(program, customers, channel=channel, via=via, enrolled_at=enrolled_at, cards=cards)
    rows = [
        (one.pk, via.pk, called[name])
        for name, one in newcomers.items()
        if name in called and name not in stored and isinstance(outcome[name], Member)
    ]
    with _translated():
        Session().insert(ExternalId, "customer_id connection_id value", rows)
    return outcome


def enrol_people(
    program: Program,
    people: Mapping[str, Customer],
    *,
    channel: str,
    via: Connection,
    enrolled_at: Mapping[str, datetime],
    cards: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Member | Refusal]:
    """Enrol customers, saved or not, of whom none is a member, in a fixed number of statements.

    `people` and `enrolled_at` have the same names, by which {name: Member or Refusal} is returned; `cards` has the
    card of those who have one. The `program` is locked by the caller. Raises AlreadyMember.
    """
    held = {name: notation.card(cards[name]) for name in people if cards.get(name)}
    outcome: dict[str, Member | Refusal] = {
        **_twins(program, {name: one for name, one in people.items() if one.pk is None}, held)
    }
    customers = {name: one for name, one in people.items() if name not in outcome}
    session = Session()
    insert(session, [one for one in customers.values() if one.pk is None])
    numbers = free_numbers(program, len(customers))
    members = {
        name: Member(
            program=program, customer=one, number=numbers.pop(), channel=channel, enrolled_at=enrolled_at[name]
        )
        for name, one in customers.items()
    }
    for member in members.values():
        member.set_keys()
    insert(session, list(members.values()))
    held = {name: number for name, number in held.items() if name in members}
    with _translated():
        insert(session, [Card(member=members[name], program=program, number=held[name]) for name in held])
    configuration, now = versions.of(program), timezone.now()
    insert(session, starting_standings(configuration, members.values(), now=now))
    insert(session, _starting_benefits(configuration, members.values(), now=now))
    changes.tell_enrolled(program, members.values(), partner_id=via.partner_id)
    return outcome | members


def known_to(via: Connection, called: Mapping[str, str]) -> dict[str, Customer]:
    """{name: Customer}: known to the connection (`called` so) from another program, it is the same person."""
    known = ExternalId.objects.filter(connection=via, value__in=set(called.values())).select_related("customer")
    customers = {row.value: row.customer for row in known}
    return {name: customers[value] for name, value in called.items() if value in customers}


def _members_by_now(program: Program, stored: Mapping[str, Customer]) -> dict[str, Member]:
    """{name: Member} of the `stored` customers who belong to the program already."""
    members = Member.objects.filter(program=program, customer__in=stored.values())
    enrolled = {member.customer_id: member for member in members}
    return {name: enrolled[customer.pk] for name, customer in stored.items() if customer.pk in enrolled}


def lock(program_id: int) -> Program:
    """The row of the program, locked until commit. Raises NotEnrollable where it is not active.

    Enrolments of a program go one by one, so that two tills cannot enrol one e-mail address twice.
    """
    program = Program.objects.select_for_update(no_key=True).get(pk=program_id)
    if program.status != program.Status.ACTIVE:
        raise NotEnrollable(f"The program is {program.get_status_display().lower()}; activate it first.")
    return program


def free_numbers(program: Program, count: int) -> list[str]:
    """So many membership numbers that nobody has. Called under the program's lock, so they stay free."""
    free: set[str] = set()
    while len(free) < count:
        drawn = {new_number(program.number_prefix) for _ in range(count - len(free))}
        taken = Member.objects.filter(program=program, number__in=drawn).values_list("number", flat=True)
        free |= drawn - set(taken)
    return list(free)


def _twins(program: Program, newcomers: Mapping[str, Customer], cards: Mapping[str, str]) -> dict[str, Refusal]:
    """{name: Refusal} of those whose e-mail, phone or card a member, or an earlier one of them, has."""
    for customer in newcomers.values():
        customer.set_keys()
    people = Customer.objects.filter(memberships__program=program)
    ways: list[tuple[str, str, Mapping[str, str], QuerySet[Any]]] = [
        ("email", "email_key", {name: one.email_key for name, one in newcomers.items()}, people),
        ("phone", "phone", {name: one.phone for name, one in newcomers.items()}, people),
        ("card", "number", cards, Card.objects.filter(program=program)),
    ]
    found: dict[str, Refusal] = {}
    for field, column, values, holders in ways:
        wanted = set(values.values()) - {""}
        taken = set(holders.filter(**{f"{column}__in": wanted}).values_list(column, flat=True)) if wanted else set()
        for name, value in values.items():
            if value and value in taken and name not in found:
                found[name] = twin_refusal(field)
            taken |= {value} if value and name not in found else set()
    return found


def twin_refusal(field: str) -> Refusal:
    """The refusal of an e-mail, a phone or a card (`field`) that another member has."""
    detail = f"Another member has this {field}: name that member, or leave the {field} out."
    return Refusal(AlreadyMember.code, detail, field=field)


def starting_standings(configuration: Configuration, members: Collection[Member], *, now: datetime) -> list[Standing]:
    """Unsaved Standings of the tiers that ask for nothing."""
    return [
        Standing(
            member=member,
            group_id=group.id,
            tier_id=tier.id,
            since_at=member.enrolled_at,
            from_at=member.enrolled_at,
            reason=Standing.Reason.ENROLMENT,
            recorded_at=now,
        )
        for group, tier in tiers.starting(configuration)
        for member in members
    ]


def _starting_benefits(
    configuration: Configuration, members: Collection[Member], *, now: datetime
) -> list[MemberBenefit]:
    """Unsaved MemberBenefits of these tiers."""
    today = periods.local_date(now, configuration.zone)
    return [
        MemberBenefit(
            member=member,
            benefit_id=benefit.id,
            group_id=group.id,
            assigned_at=member.enrolled_at,
            recorded_at=now,
        )
        for group, tier in tiers.starting(configuration)
        for benefit in tier.benefits
        if not benefit.is_over(today)
        for member in members
    ]


def _check(program: Program, customer: Customer) -> None:
    """Raises NotEnrollable for who was erased, AlreadyMember for a twin; saves who is not saved yet."""
    if customer.erased_at:
        raise NotEnrollable("This person was erased: whoever joins again is somebody new.")
    if customer.pk is None:
        _refuse_twins(program, customer)
        customer.save()


def _refuse_twins(program: Program, customer: Customer) -> None:
    """Two enrolments with one e-mail address or phone are one person at the counter: say who is there."""
    customer.set_keys()
    for field, wanted in (("email", {"email_key": customer.email_key}), ("phone", {"phone": customer.phone})):
        if not next(iter(wanted.values())):
            continue
        twin = Member.objects.filter(program=program, **{f"customer__{k}": v for k, v in wanted.items()}).first()
        if twin:
            raise AlreadyMember(f"Member {twin.number} already has this {field}; use that membership.", field=field)


@contextmanager
def _translated() -> Iterator[None]:
    """Turns a lost race on a unique key into the refusal that the check before it would have given."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        text = str(error)
        field = "cards" if "card" in text else "external_id" if "external" in text else "customer"
        raise AlreadyMember("It already belongs to a member of this program.", field=field) from error
