"""A shop's system writes identifiers as it likes: one person stays one person."""

import pytest

from members.models import ExternalId, Member
from programs.models import Program


@pytest.fixture
def french(club):
    Program.objects.filter(pk=club.pk).update(country="FR")
    club.refresh_from_db()
    Program.touch(club.pk)
    return club


def test_a_phone_number_is_stored_and_found_in_any_notation(shop, club):
    answer = shop.post("members/", {"first_name": "P", "phone": "+33 6 12 34 56 79"})
    assert (answer.status_code, answer.said["phone"]) == (201, "+33612345679")
    for typed in ("+33 6 12 34 56 79", "+33-6-12-34-56-79", "0033612345679", "+33 (0)6 12 34 56 79"):
        assert shop.get("members/lookup/", phone=typed).said["number"] == answer.said["number"]


def test_a_national_number_is_one_of_the_country_of_the_program(shop, french):
    answer = shop.post("members/", {"first_name": "P", "phone": "06 12 34 56 79"})
    assert answer.said["phone"] == "+33612345679"
    assert shop.get("members/lookup/", phone="06.12.34.56.79").said["number"] == answer.said["number"]
    bought = {"activity": "purchase", "external_id": "o-1", "amount": "10", "member": {"phone": "0612345679"}}
    assert shop.post("transactions/", bought).said["member"] == answer.said["number"]


def test_a_national_number_without_a_country_is_refused_and_says_what_to_do(shop, ada):
    for answer in (
        shop.post("members/", {"first_name": "P", "phone": "06 12 34 56 79"}),
        shop.get("members/lookup/", phone="06 12 34 56 78"),
        shop.post(
            "transactions/",
            {"activity": "visit", "external_id": "v-1", "member": {"phone": "06 12 34 56 78"}},
        ),
    ):
        assert answer.status_code == 400
        assert "set the country of the program" in answer.said["errors"][0]["detail"]


def test_somebody_who_is_known_may_be_sent_in_another_notation(shop, club):
    sent = {"external_id": "Zoe@Shop.example", "email": "Zoe@Example.com", "phone": "+33612345679", "cards": ["c-7"]}
    first = shop.post("members/", sent)
    assert (first.status_code, first.said["cards"]) == (201, ["C-7"])
    again = sent | {"external_id": "zoe@shop.EXAMPLE", "email": "zoe@example.com", "phone": "0033 612345679"}
    assert shop.post("members/", again).said["code"] == "already_member"
    assert shop.post("members/", again | {"email": "other@example.com"}).said["code"] == "customer_differs"
    assert shop.get("members/lookup/", external_id="ZOE@shop.example").said["number"] == first.said["number"]
    assert shop.get("members/lookup/", card="c-7").said["number"] == first.said["number"]
    assert (ExternalId.objects.get().value, Member.objects.count()) == ("zoe@shop.example", 1)
