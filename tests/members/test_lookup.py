"""A member is found by any of their identifiers, the most certain first, and never by chance."""

import pytest

from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.sql import Session
from members.enrolment import enrol
from members.lookup import Lookup
from members.models import Card, Customer, ExternalId
from tests.support import factories


@pytest.fixture
def made(db):
    return factories.program()


@pytest.fixture
def till(made):
    return factories.till(made)


@pytest.fixture
def ada(made, till):
    customer = Customer(first_name="Ada", last_name="Lovelace", email="Ada@Example.com", phone="+33612345678")
    return enrol(made, customer, channel="store", cards=["C-1", "C-2"], external_id="crm-7", via=till)


@pytest.fixture
def find(made, till):
    """A function that gives the member id or the Refusal of each reference."""

    def find(*references, via=till):
        session = Session()
        with session.together():
            lookup = Lookup(session, made.pk, via.pk, references)
        return lookup.take()

    return find


@pytest.mark.parametrize(
    "reference",
    [
        {"card": "C-1"},
        {"card": "C-2"},
        {"card": " C-1 "},
        {"card": "C -1"},
        {"external_id": "crm-7"},
        {"external_id": " crm-7 "},
        {"email": "Ada@Example.com"},
        {"email": " ADA@EXAMPLE.COM "},
        {"phone": "+33612345678"},
        {"phone": "+33 6 12 34 56 78"},
    ],
    ids=str,
)
def test_each_identifier_finds_the_member(ada, find, reference):
    assert find(reference) == [ada.pk]


def test_the_number_may_be_typed_in_groups(ada, find):
    grouped = " ".join([ada.number[:3], ada.number[3:6], ada.number[6:]])
    assert find({"number": ada.number}, {"number": grouped}) == [ada.pk, ada.pk]


def test_the_most_certain_identifier_decides(made, ada, find):
    other = factories.member(made, email="other@example.com")
    assert find({"email": "other@example.com", "number": ada.number}) == [ada.pk]
    assert find({"email": "other@example.com", "card": "unknown"}) == [other.pk]


def test_empty_identifiers_are_not_looked_for(made, find):
    factories.member(made, email="", phone="")
    refusal = find({"email": "", "phone": ""})[0]
    assert (refusal.code, refusal.field) == ("member_missing", "member")


def test_identifiers_of_blanks_find_nobody(made, find):
    factories.member(made, email="", phone="")
    assert [refusal.code for refusal in find({"email": " "}, {"phone": " "})] == ["member_unknown"] * 2


def test_a_card_that_was_taken_back_finds_nobody(ada, find):
    Card.objects.filter(number="C-1").update(is_active=False)
    assert find({"card": "C-1"})[0].code == "member_unknown"
    assert find({"card": "C-2"}) == [ada.pk]


def test_an_external_id_is_that_of_its_connection(made, ada, find):
    other = factories.till(made, "import")
    assert find({"external_id": "crm-7"}, via=other)[0].code == "member_unknown"
    newcomer = factories.member(made)
    ExternalId.objects.create(customer=newcomer.customer, connection=other, value="crm-7")
    assert find({"external_id": "crm-7"}, via=other) == [newcomer.pk]


def test_members_of_another_program_are_not_found(made, ada, find):
    other = factories.program(owner=made.owner)
    stranger = factories.member(other, email="stranger@example.com")
    found = find({"email": "stranger@example.com"}, {"number": stranger.number})
    assert [refusal.code for refusal in found] == ["member_unknown"] * 2
    # Ada is in both programs: each finds its own membership.
    enrol(other, ada.customer, channel="web")
    assert find({"email": "ada@example.com"}) == [ada.pk]


def test_two_members_with_one_address_are_not_confused(made, ada, find):
    twin = factories.member(made)
    Customer.objects.filter(pk=twin.customer_id).update(email_key="ada@example.com", phone="+33612345678")
    by_mail, by_phone, by_card = find({"email": "ada@example.com"}, {"phone": "+33612345678"}, {"card": "C-1"})
    assert (by_mail.code, by_mail.field) == ("member_ambiguous", "member.email")
    assert (by_phone.code, by_phone.field) == ("member_ambiguous", "member.phone")
    assert by_card == ada.pk


def test_many_references_are_answered_in_their_order(made, find, django_assert_num_queries):
    people = [factories.member(made) for _ in range(20)]
    references = [{"number": person.number} for person in people] + [{"email": "nobody@example.com"}]
    with django_assert_num_queries(2):
        found = find(*references)
    assert found[:-1] == [person.pk for person in people]
    assert isinstance(found[-1], Refusal)


@pytest.mark.parametrize("value", ["'; DROP TABLE x; --", "{1,2}", 'a"b', "a\\b", "NULL", "%", "é😀"])
def test_odd_texts_are_only_texts(made, till, find, value):
    member = factories.member(made)
    ExternalId.objects.create(customer=member.customer, connection=till, value=value)
    assert find({"external_id": value}, {"external_id": value + "x"})[0] == member.pk
