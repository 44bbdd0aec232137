"""Who decided a transaction is told to the owner of the program; a partner learns when, not who works there."""

import pytest

from programs.models import Participation
from tests.support import factories
from tests.support.api_caller import Caller
from transactions.reviews import decisions

pytestmark = pytest.mark.django_db


@pytest.fixture
def cafe(club):
    guest = factories.partner("cafe")
    Participation.objects.create(program=club, partner=guest)
    return Caller(guest)


def held(caller, club):
    """The id of a purchase that somebody has to look at."""
    who = factories.member(club)
    sent = {
        "activity": "purchase",
        "external_id": "order-1",
        "member": {"number": who.number},
        "amount": "10.00",
        "hold": "Odd",
    }
    answer = caller.post("transactions/", sent, program="club")
    assert answer.status_code == 202, answer.said
    return answer.said["id"]


def decided(caller, journal_id):
    said = caller.get(f"transactions/{journal_id}/", program="club").said
    return said["decided_at"], said["decided_by"], said["decided_by_member"]


def test_the_owner_sees_who_decided(shop, club, marketing):
    journal_id = held(shop, club)
    assert decided(shop, journal_id) == (None, None, None)
    decisions.approve(journal_id, user=marketing)
    at, *who = decided(shop, journal_id)
    assert at
    assert who == ["marketing", None]


def test_a_partner_does_not_see_who_works_for_the_owner(shop, cafe, club, marketing):
    journal_id = held(cafe, club)
    decisions.reject(journal_id, user=marketing, reason="A trial")
    at, *who = decided(cafe, journal_id)
    assert at
    assert who == [None, None]
    assert decided(shop, journal_id) == (at, "marketing", None)
