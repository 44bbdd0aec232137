"""Who is enrolled in one notation is found in every other one, and nobody is enrolled twice in two."""

import io
from contextlib import redirect_stderr
from importlib import import_module

import pytest
from django.apps import apps

from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.sql import Session
from members import search
from members.enrolment import AlreadyMember, enrol, enrol_many
from members.lookup import Lookup
from members.models import Card, Customer, ExternalId, Member
from tests.support import factories


@pytest.fixture
def club(db):
    return factories.program("club", country="FR")


@pytest.fixture
def till(club):
    return factories.till(club)


@pytest.fixture
def zoe(club, till):
    customer = Customer(first_name="Zoë", last_name="Müller", email="Zoe@Example.com", phone="+33612345678")
    return enrol(club, customer, channel="store", cards=["c-18", "C-18"], external_id="Zoe@Shop.example", via=till)


def found_by(club, till, reference, country="FR"):
    session = Session()
    with session.together():
        lookup = Lookup(session, club.pk, till.pk, [reference], country=country)
    return lookup.take()[0]


@pytest.mark.parametrize(
    "reference",
    [
        {"phone": "06 12 34 56 78"},
        {"phone": "00 33 6 12 34 56 78"},
        {"phone": "+33 (0)6-12-34-56-78"},
        {"email": "ZOE@example.COM"},
        {"card": "c-18"},
        {"card": "C-18 "},
        {"external_id": "zoe@shop.EXAMPLE"},
    ],
    ids=str,
)
def test_an_identifier_in_any_notation_finds_the_member(club, till, zoe, reference):
    assert found_by(club, till, reference) == zoe.pk


def test_a_number_may_be_typed_with_hyphens(club, till, zoe):
    assert found_by(club, till, {"number": f"{zoe.number[:3]}-{zoe.number[3:]}"}) == zoe.pk


def test_a_national_number_without_a_country_says_what_to_do(club, till, zoe):
    refusal = found_by(club, till, {"phone": "06 12 34 56 78"}, country="")
    assert (refusal.code, refusal.field) == ("invalid_value", "member.phone")
    assert "set the country of the program" in refusal.detail
    # What is surer finds the member all the same.
    assert found_by(club, till, {"phone": "06 12", "email": "zoe@example.com"}, country="") == zoe.pk


@pytest.mark.parametrize(
    "typed",
    [
        "Muller",
        "MÜLLER",
        "Mueller",
        "müller zoe",
        "Zoë Muller",
        "06 12 34 56 78",
        "06 12 3",
        "0033 6 12",
        "+33-612",
        "c-18",
    ],
)
def test_a_search_finds_whatever_is_typed(zoe, typed):
    assert list(search.matching(Member.objects.all(), typed)) == [zoe]


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("Muller", "Müller"),
        ("Mueller", "Müller"),
        ("Weiss", "Weiß"),
        ("Weiß", "WEISS"),
        ("Ørsted", "Orsted"),
        ("Łuczak", "luczak"),
        ("Luczak", "Łuczak"),
        ("İnan", "inan"),
        ("O’Neill", "O'Neill"),
        ("Smith-Jones", "smith jones"),
    ],
)
def test_a_name_is_found_in_another_spelling(club, stored, typed):
    member = factories.member(club, first_name="Ada", last_name=stored)
    assert list(search.matching(Member.objects.all(), typed)) == [member]
    assert list(search.customers(Customer.objects.all(), typed)) == [member.customer]


def test_a_name_that_gets_longer_is_still_kept(club):
    member = factories.member(club, first_name="ß" * 80, last_name="ß" * 80)
    assert list(search.matching(Member.objects.all(), "ß" * 80)) == [member]


def test_a_second_enrolment_in_another_notation_is_refused(club, till, zoe):
    for fields, cards, field in (({"email": "zoe@EXAMPLE.com"}, [], "email"), ({}, ["C-18"], "cards")):
        with pytest.raises(AlreadyMember) as caught:
            enrol(club, Customer(first_name="Z", **fields), channel="store", cards=cards)
        assert caught.value.refusal.field == field
    outcome = enrol_many(
        club,
        {"a": Customer(email="ZOE@example.com"), "b": Customer(first_name="B"), "c": Customer(first_name="C")},
        channel="import",
        via=till,
        enrolled_at=dict.fromkeys("abc", zoe.enrolled_at),
        external_ids={"b": "ZOE@shop.example"},
        cards={"c": "c-18"},
    )
    assert outcome["b"] == zoe
    assert {name: one.field for name, one in outcome.items() if isinstance(one, Refusal)} == {
        "a": "email",
        "c": "card",
    }
    assert Member.objects.count() == 1


def migrate():
    """What the migration says of the rows that are there."""
    said = io.StringIO()
    with redirect_stderr(said):
        import_module("members.migrations.0003_one_notation").bring_to_one_notation(apps, None)
    return said.getvalue().splitlines()


def test_what_is_stored_already_is_brought_to_the_notation(club, till, zoe):
    Customer.objects.update(last_name_key="müller zoë", phone="+33 612345678")
    Card.objects.update(number="c-18")
    ExternalId.objects.update(value="Zoe@Shop.example")
    assert migrate() == []
    customer, card, named = Customer.objects.get(), Card.objects.get(), ExternalId.objects.get()
    assert (customer.last_name_key, customer.phone) == ("muller zoe", "+33612345678")
    assert (card.number, named.value) == ("C-18", "zoe@shop.example")
    assert migrate() == []


def test_two_rows_that_meet_in_one_notation_are_both_kept_and_reported(club, till, zoe):
    other = factories.member(club, email="other@example.com")
    Card.objects.create(member=other, number="c-18")
    ExternalId.objects.create(customer=other.customer, connection=till, value="ZOE@shop.example")
    said = migrate()
    assert len(said) == 2
    assert "“c-18”, is the same as “C-18”" in said[0]
    assert "“ZOE@shop.example”, is the same as “zoe@shop.example”" in said[1]
    # Each is found by exactly what it is called, and what nobody is called so is the first one's.
    assert found_by(club, till, {"card": "c-18"}) == other.pk
    assert found_by(club, till, {"card": "C-18"}) == zoe.pk
    assert found_by(club, till, {"external_id": "ZOE@shop.example"}) == other.pk
    assert found_by(club, till, {"external_id": "Zoe@Shop.Example"}) == zoe.pk


def test_of_two_unlike_rows_the_first_gets_the_notation(club):
    first, second = factories.member(club), factories.member(club)
    Card.objects.create(member=first, number="aB")
    Card.objects.create(member=second, number="Ab")
    assert len(migrate()) == 1
    assert (first.cards.get().number, second.cards.get().number) == ("AB", "Ab")


def test_members_who_turn_out_to_share_a_phone_number_are_reported(club, zoe):
    other = factories.member(club, email="other@example.com")
    Customer.objects.filter(pk=other.customer_id).update(phone="+33 612345678")
    (said,) = migrate()
    assert said.startswith(f"Members {zoe.number}, {other.number} of program club have one phone, +33612345678")
