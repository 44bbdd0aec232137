"""Two tills that enrol one person make one member."""

import pytest

from members.enrolment import AlreadyMember, enrol
from members.models import Customer, Member, Standing
from tests.support import factories
from tests.support.crowd import at_once

pytestmark = [pytest.mark.slow, pytest.mark.races, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def enrol_at_once(transactional_db):
    """A function that enrols the people it is given at one moment; returns how many were refused."""
    made = factories.program()

    def attempt(person):
        try:
            enrol(made, person, channel="store")
        except AlreadyMember:
            return 1
        return 0

    return lambda *people: sum(at_once(*[lambda person=person: attempt(person) for person in people]))


@pytest.mark.parametrize("twin", [{"email": "ada@example.com"}, {"phone": "+33612345678"}], ids=str)
def test_one_address_is_enrolled_once(enrol_at_once, twin):
    assert enrol_at_once(*[Customer(first_name="Ada", **twin) for _ in range(8)]) == 7
    assert (Member.objects.count(), Customer.objects.count(), Standing.objects.count()) == (1, 1, 1)


def test_one_customer_is_enrolled_once(enrol_at_once):
    customer = Customer.objects.create(first_name="Ada")
    assert enrol_at_once(*[Customer.objects.get(pk=customer.pk) for _ in range(8)]) == 7
    assert (Member.objects.count(), Standing.objects.count()) == (1, 1)


def test_different_people_are_all_enrolled(enrol_at_once):
    assert enrol_at_once(*[Customer(first_name="Ada", email=f"a{n}@example.com") for n in range(8)]) == 0
    assert Member.objects.count() == 8
