"""Who members are is told to the program's owner, and to partners whom the owner lets know; to nobody else."""

import json

import pytest
from django.urls import reverse

from members.models import ExternalId, Member
from partners.models import ApiKey
from programs.models import Participation
from tests.support import factories
from tests.support.admin_forms import form_of
from tests.support.api_caller import ALL_SCOPES, Caller

pytestmark = pytest.mark.django_db
WITHOUT = [name for name in ALL_SCOPES if name != "personal"]
#: Of the person, where it must not be told. What ada is made with, and what a partner enrols.
PERSON = {
    "first_name": "Adamantia",
    "last_name": "Lovelacidou",
    "email": "ada.l@example.com",
    "phone": "+33698765432",
    "birth_date": "1984-03-09",
    "language": "el",
}
CARD = "C-181518"
HIDDEN = ["kind", "company_name", "cards", *PERSON]


@pytest.fixture
def guest(club):
    guest = factories.partner("cafe")
    Participation.objects.create(program=club, partner=guest)
    return guest


@pytest.fixture
def cafe(guest):
    return Caller(guest, WITHOUT, name="Till")


@pytest.fixture
def ada(shop):
    """Enrolled by the owner."""
    answer = shop.post("members/", PERSON | {"cards": [CARD], "external_id": "customer-7"})
    assert answer.status_code == 201
    return Member.objects.get(number=answer.said["number"])


def tells(answer):
    """What of the person an answer holds, wherever it stands."""
    text = json.dumps(answer.said, ensure_ascii=False) + str(dict(answer.headers))
    return [value for value in [*PERSON.values(), CARD] if value in text and len(value) > 2]


def asked(caller, ada):
    """Every answer about one member that a key can ask for, and some in which nothing can be found."""
    fact = {"member": {"number": ada.number}}
    posted = caller.post("transactions/", fact | {"activity": "purchase", "external_id": "o-1", "amount": "90"})
    yield posted
    yield caller.get(f"transactions/{posted.said['id']}/")
    entry = caller.get("entries/", member=ada.number)
    yield entry
    yield caller.get(f"entries/{entry.said['results'][0]['id']}/explanation/")
    yield caller.get("transactions/", member=ada.number)
    yield caller.get(f"members/{ada.number}/")
    yield caller.get(f"members/{ada.number}/", at="2026-01-01T00:00:00Z")
    for name, value in {
        "number": ada.number,
        "card": CARD,
        "email": PERSON["email"],
        "phone": PERSON["phone"],
    }.items():
        yield caller.get("members/lookup/", **{name: value})
    yield caller.post("redemptions/", fact | {"external_id": "r-1", "points": 10})
    yield caller.post("redemptions/", fact | {"external_id": "r-2", "points": 100_000})
    yield caller.post("transactions/", [fact | {"activity": "purchase", "external_id": "o-2", "amount": "many"}])
    yield caller.post("reversals/", {"external_id": "v-1", "order": "o-1"})
    yield caller.post("members/", {"first_name": "Eve", "email": PERSON["email"]})
    yield caller.post("members/", {"first_name": "Eve", "phone": PERSON["phone"]})
    yield caller.post("members/", {"first_name": "Eve", "cards": ["C-9", "C-8"]})


def test_a_partner_is_told_nothing_of_the_person_in_any_answer(cafe, ada):
    for answer in asked(cafe, ada):
        own_word = [PERSON["email"]] if "lookup" in answer.request["PATH_INFO"] else []
        assert [value for value in tells(answer) if value not in own_word] == [], answer.said


@pytest.mark.parametrize("by", ["number", "card", "email"])
def test_what_serving_a_member_takes_is_told(cafe, ada, by):
    value = {"number": ada.number, "card": CARD, "email": PERSON["email"]}[by]
    said = cafe.get("members/lookup/", **{by: value}).said
    assert said["number"] == ada.number
    assert said["status"] == "active"
    assert [row["currency"] for row in said["balances"]] == ["points", "status"]
    assert said["tiers"][0]["tier"] == "base"
    assert not set(said) & set(HIDDEN)


def test_what_another_system_calls_the_person_is_not_told(cafe, ada):
    assert cafe.get(f"members/{ada.number}/").said["external_id"] is None


def test_the_owner_is_told_with_the_scope_to_read_alone(club, ada):
    said = Caller(club.owner, ["read"], name="CRM").get(f"members/{ada.number}/").said
    assert PERSON.items() <= said.items()
    assert said["cards"] == [CARD]


def test_a_partner_whom_the_owner_lets_is_told(guest, ada):
    said = Caller(guest, ["read", "personal"], name="CRM").get("members/lookup/", card=CARD).said
    assert PERSON.items() <= said.items()


def test_the_scope_alone_opens_no_address(guest, ada):
    assert Caller(guest, ["personal"], name="CRM").get(f"members/{ada.number}/").status_code == 403


def test_an_enrolment_is_answered_without_the_person(cafe):
    answer = cafe.post("members/", PERSON | {"cards": [CARD], "external_id": "guest-1"})
    assert answer.status_code == 201
    assert answer.said["external_id"] == "guest-1"
    assert tells(answer) == []


@pytest.mark.parametrize("email", [PERSON["email"], "guess@example.com"])
def test_guesses_about_a_known_person_are_not_answered(cafe, ada, email, guest):
    """The same answer to what is stored and to what is not."""
    ExternalId.objects.create(customer=ada.customer, connection=cafe.connection, value="guest-1")
    second = factories.program("second", owner=factories.partner("other"))
    Participation.objects.create(program=second, partner=guest)
    answer = cafe.post("members/", {"external_id": "guest-1", "email": email}, program="second")
    assert (answer.status_code, answer.said["code"]) == (409, "customer_differs")
    assert "anything about the person" in answer.said["detail"]
    assert cafe.post("members/", {"external_id": "guest-1"}, program="second").status_code == 201


def test_a_kept_answer_is_given_again_only_to_keys_that_may_see_the_same(guest, club):
    crm, till = Caller(guest, ALL_SCOPES, name="System"), Caller(guest, WITHOUT, name="System")
    body = PERSON | {"external_id": "guest-1"}
    first = crm.post("members/", body, idempotency_key="enrol-1")
    assert first.said["email"] == PERSON["email"]
    assert crm.post("members/", body, idempotency_key="enrol-1").said == first.said
    again = till.post("members/", body, idempotency_key="enrol-1")
    assert (again.status_code, again.said["code"]) == (422, "key_reused")
    assert tells(again) == []


def test_the_page_of_a_key_offers_the_scope(client, boss, cafe):
    client.force_login(boss)
    page = f"{reverse('admin:partners_apikey_add')}?connection={cafe.connection.pk}"
    assert "Read who members are" in client.get(page).content.decode()
    client.post(page, form_of(client, page) | {"name": "CRM", "scopes": ["read", "personal"]})
    assert ApiKey.objects.latest("pk").scopes == ["personal", "read"]
