"""A member says the birthday once after the enrolment; every later change is up to staff."""

import pytest

from members.models import Customer
from programs.models import Participation
from tests.support import factories
from tests.support.api_caller import ALL_SCOPES, Caller


def say(shop, who, **body):
    return shop.post(f"members/{who.number}/birthday/", body)


@pytest.fixture
def nobody_knows(club):
    return factories.member(club)


def test_a_birthday_is_said_once_and_the_same_again_changes_nothing(shop, club, nobody_knows):
    for _ in range(2):
        answer = say(shop, nobody_knows, birth_date="1984-03-09")
        assert (answer.status_code, answer.said) == (
            200,
            {"number": nobody_knows.number, "birth_date": "1984-03-09", "birthday": "03-09"},
        )
    refused = say(shop, nobody_knows, birthday="03-10")
    assert (refused.status_code, refused.said["code"]) == (409, "birthday_settled")
    assert "staff" in refused.said["detail"]
    customer = Customer.objects.get(pk=nobody_knows.customer_id)
    assert (customer.birthday, str(customer.birth_date)) == ("03-09", "1984-03-09")
    assert customer.birthday_set_at
    assert customer.birthday_corrected_at


def test_what_was_said_at_the_enrolment_is_corrected_once(shop, club):
    who = factories.member(club, birth_date="1984-03-09")
    assert say(shop, who, birthday="12-25").said["birth_date"] is None
    customer = Customer.objects.get(pk=who.customer_id)
    assert (customer.birthday, customer.birthday_changed_at) == ("12-25", customer.birthday_set_at)
    assert say(shop, who, birth_date="1984-03-09").status_code == 409
    customer.birthday = "03-09"
    customer.save()
    assert say(shop, who, birthday="12-25").status_code == 409


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "birthday", "invalid_value"),
        ({"birthday": "12-25", "birth_date": "1984-12-25"}, "birthday", "invalid_value"),
        ({"birthday": "02-30"}, "birthday", "invalid_day"),
        ({"birth_date": "1984-02-30"}, "birth_date", "invalid_day"),
        ({"birth_date": "2984-02-20"}, "birth_date", "invalid_day"),
        ({"birthdate": "1984-02-20"}, "birthdate", "unknown_field"),
    ],
)
def test_what_is_no_birthday_is_refused_at_its_field(shop, club, nobody_knows, body, field, code):
    answer = say(shop, nobody_knows, **body)
    assert answer.status_code == 400
    assert [(one["pointer"], one["code"]) for one in answer.said["errors"]] == [(f"#/{field}", code)]
    assert Customer.objects.get(pk=nobody_knows.customer_id).birthday_corrected_at is None


def test_a_number_that_nobody_has_is_told(shop, club):
    assert shop.post("members/00000000000/birthday/", {"birthday": "12-25"}).said["code"] == "member_unknown"


def test_an_api_key_reports_no_birthday_as_an_activity(shop, club, nobody_knows):
    sent = {"activity": "birthday", "external_id": "a", "member": {"number": nobody_knows.number}}
    answer = shop.post("transactions/", sent)
    [error] = answer.said["errors"]
    assert (answer.status_code, error["code"], error["pointer"]) == (400, "activity_reserved", "#/activity")


def test_a_partner_that_may_not_know_persons_says_nothing_of_one(club, nobody_knows):
    guest = factories.partner("cafe")
    Participation.objects.create(program=club, partner=guest)
    key = Caller(guest, [name for name in ALL_SCOPES if name != "personal"], name="Till")
    answer = say(key, nobody_knows, birthday="12-25")
    assert (answer.status_code, answer.said["code"]) == (403, "scope_missing")
    assert not Customer.objects.get(pk=nobody_knows.customer_id).birthday
