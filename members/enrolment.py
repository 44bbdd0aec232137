"""How does somebody become a member of a program?"""

import secrets

from django.db import IntegrityError, transaction
from django.utils import timezone

from loyalty_site.lib import luhn
from loyalty_site.lib.refusals import Refused
from members import tiers
from members.models import Card, Customer, ExternalId, Member, Standing
from programs import versions
from programs.models import Program

#: Random digits of a membership number, in front of its check digit.
_DIGITS = 9


class AlreadyMember(Refused):
    code = "already_member"


class NotEnrollable(Refused):
    code = "program_not_active"


def new_number(prefix=""):
    """A membership number that says nothing about its neighbours, with a check digit against typing errors."""
    body = prefix + "".join(secrets.choice("0123456789") for _ in range(_DIGITS))
    return body + luhn.digit(body)


@transaction.atomic
def enrol(
    program, customer, *, channel, home_store=None, cards=(), external_id="", via=None, enrolled_at=None, now=None
):
    """Make `customer` (saved or not) a member of `program`; returns the Member.

    `external_id` is what the connection `via` calls the customer. Raises AlreadyMember, NotEnrollable.
    """
    # Enrolments of a program go one by one, so that two tills cannot enrol one e-mail address twice.
    program = Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    if program.status != program.Status.ACTIVE:
        raise NotEnrollable(f"The program is {program.get_status_display().lower()}; activate it first.")
    now = now or timezone.now()
    if customer.pk is None:
        _refuse_twins(program, customer)
        customer.save()
    with _translated():
        member = Member.objects.create(
            program=program,
            customer=customer,
            number=new_number(program.number_prefix),
            channel=channel,
            home_store=home_store,
            enrolled_at=enrolled_at or now,
        )
        Card.objects.bulk_create(Card(member=member, program=program, number=number) for number in cards)
        if external_id and via:
            ExternalId.objects.create(customer=customer, connection=via, value=external_id)
    Standing.objects.bulk_create(starting_standings(versions.current(program.pk), [member]))
    return member


def enrol_many(program, newcomers, *, channel, via, enrolled_at):
    """Enrol new customers in bulk, for imports. `newcomers` maps an external id to an unsaved Customer.

    `enrolled_at` maps the external id to the instant. Returns {external id: Member}.
    """
    customers = list(newcomers.values())
    for customer in customers:
        customer.set_keys()
    Customer.objects.bulk_create(customers)
    members = [
        Member(
            program=program,
            customer=customer,
            number=new_number(program.number_prefix),
            channel=channel,
            enrolled_at=enrolled_at[external_id],
        )
        for external_id, customer in newcomers.items()
    ]
    Member.objects.bulk_create(members)
    ExternalId.objects.bulk_create(
        ExternalId(customer=customer, connection=via, value=external_id)
        for external_id, customer in newcomers.items()
    )
    Standing.objects.bulk_create(starting_standings(versions.current(program.pk), members))
    return dict(zip(newcomers, members, strict=True))


def starting_standings(configuration, members):
    """Unsaved Standings of the tiers that ask for nothing."""
    return [
        Standing(
            member=member,
            group_id=group.id,
            tier_id=tier.id,
            from_at=member.enrolled_at,
            reason=Standing.Reason.ENROLMENT,
        )
        for group, tier in tiers.starting(configuration)
        for member in members
    ]


def _refuse_twins(program, customer):
    """Two enrolments with one e-mail address or phone are one person at the counter: say who is there."""
    customer.set_keys()
    for field, wanted in (("email", {"email_key": customer.email_key}), ("phone", {"phone": customer.phone})):
        if not next(iter(wanted.values())):
            continue
        twin = Member.objects.filter(program=program, **{f"customer__{k}": v for k, v in wanted.items()}).first()
        if twin:
            raise AlreadyMember(f"Member {twin.number} already has this {field}; use that membership.", field=field)


class _translated:
    """Turns a lost race on a unique key into the refusal that the check before it would have given."""

    def __enter__(self):
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()

    def __exit__(self, kind, error, trace):
        self.savepoint.__exit__(kind, error, trace)
        if kind and issubclass(kind, IntegrityError):
            text = str(error)
            field = "cards" if "card" in text else "external_id" if "external" in text else "customer"
            raise AlreadyMember("It already belongs to a member of this program.", field=field) from error
