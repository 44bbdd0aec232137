"""Somebody becomes a member once, with a number that can be checked."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from loyalty_site.lib import luhn
from loyalty_site.lib.refusals import Refusal
from members.enrolment import AlreadyMember, NotEnrollable, enrol, enrol_many, new_number
from members.models import Card, Customer, ExternalId, Member
from members.models.customers import check_phone
from members.models.members import check_number
from tests.support import factories


@pytest.fixture
def made(db):
    return factories.program(number_prefix="42")


def person(**fields):
    return Customer(**({"first_name": "Ada", "last_name": "Lovelace"} | fields))


def test_a_member_has_a_number_a_tier_and_the_keys_to_be_found_by(made):
    shop = factories.store(made.owner)
    at = timezone.now() - timedelta(days=2)
    customer = person(email=" Ada@Example.COM ", phone="+33612345678")
    member = enrol(made, customer, channel="store", home_store=shop, cards=["C-1"], enrolled_at=at)
    assert member.number.startswith("42")
    assert luhn.is_valid(member.number)
    assert (member.status, member.channel, member.home_store, member.enrolled_at) == ("active", "store", shop, at)
    assert (customer.email_key, customer.last_name_key) == ("ada@example.com", "lovelace ada")
    standing = member.standings.get()
    assert (standing.tier.code, standing.from_at) == ("base", at)
    assert member.cards.get().program == made


def test_numbers_are_not_guessed_from_each_other():
    numbers = [new_number("42") for _ in range(200)]
    assert len(set(numbers)) == 200
    assert {len(number) for number in numbers} == {12}
    assert all(luhn.is_valid(number) for number in numbers)


@pytest.mark.parametrize("field", ["email", "phone"])
def test_a_twin_is_refused_and_told_who_is_there(made, field):
    values = {"email": "ada@example.com", "phone": "+33612345678"}
    first = enrol(made, person(**{field: values[field]}), channel="web")
    again = values[field].upper()
    with pytest.raises(AlreadyMember) as refused:
        enrol(made, person(**{field: again}), channel="web")
    assert (refused.value.refusal.code, refused.value.refusal.field) == ("already_member", field)
    assert first.number in refused.value.refusal.detail
    assert Customer.objects.count() == Member.objects.count() == 1


def test_members_without_address_are_no_twins(made):
    assert enrol(made, person(), channel="web") != enrol(made, person(), channel="web")


def test_one_customer_may_be_in_two_programs_but_once_in_each(made):
    other = factories.program(owner=made.owner)
    first = enrol(made, person(email="ada@example.com"), channel="web")
    second = enrol(other, first.customer, channel="web")
    assert first.customer == second.customer
    with pytest.raises(AlreadyMember) as refused:
        enrol(made, first.customer, channel="web")
    assert refused.value.refusal.field == "customer"
    assert first.customer.memberships.count() == 2


@pytest.mark.parametrize(("field", "given"), [("cards", {"cards": ["C-1"]}), ("external_id", {"external_id": "x"})])
def test_a_card_or_external_id_of_somebody_else_is_refused_whole(made, field, given):
    till = factories.till(made)
    enrol(made, person(), channel="web", via=till, **given)
    with pytest.raises(AlreadyMember) as refused:
        enrol(made, person(), channel="web", via=till, **given)
    assert refused.value.refusal.field == field
    assert (Customer.objects.count(), Member.objects.count()) == (1, 1)
    assert Card.objects.count() + ExternalId.objects.count() == 1


@pytest.mark.parametrize("status", ["draft", "paused", "closed"])
def test_only_an_active_program_takes_members(made, status):
    made.status = status
    made.save()
    with pytest.raises(NotEnrollable):
        enrol(made, person(), channel="web")
    assert not Customer.objects.exists()


def test_many_are_enrolled_like_one(made):
    till = factories.till(made)
    at = timezone.now() - timedelta(days=5)
    newcomers = {f"c-{n}": person(email=f"C{n}@example.com") for n in range(50)}
    outcome = enrol_many(made, newcomers, channel="import", via=till, enrolled_at=dict.fromkeys(newcomers, at))
    assert list(outcome) == list(newcomers)
    assert not [one for one in outcome.values() if isinstance(one, Refusal)]
    member = outcome["c-7"]
    assert (member.customer.email_key, member.enrolled_at, member.channel) == ("c7@example.com", at, "import")
    assert member.standings.get().tier.code == "base"
    assert len({one.number for one in outcome.values()}) == 50
    assert ExternalId.objects.get(value="c-7").customer == member.customer


def test_how_many_are_enrolled_does_not_change_the_number_of_statements(made):
    till = factories.till(made)
    factories.member(made)

    def newcomers(first, count):
        return {f"c-{n}": person(email=f"c{n}@example.com") for n in range(first, first + count)}

    counts = []
    for some in (newcomers(0, 2), newcomers(10, 60)):
        with CaptureQueriesContext(connection) as log:
            enrol_many(made, some, channel="import", via=till, enrolled_at=dict.fromkeys(some, timezone.now()))
        counts.append(len(log))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("number", ["", "7", "12345", "79927398710", "7992739871x", "７９９２７３９８７１３"])
def test_a_mistyped_number_is_refused(number):
    with pytest.raises(ValidationError):
        check_number(number)


@pytest.mark.parametrize(
    "phone", ["0612345678", "+33", "+330612345678", "+33 6 12 34 56 78", "phone", "+999123456789"]
)
def test_a_phone_number_that_is_none_is_refused(phone):
    with pytest.raises(ValidationError):
        check_phone(phone)
    check_phone("+33612345678")
