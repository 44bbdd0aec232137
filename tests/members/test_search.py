"""Staff find a member by what they type; where very many are meant, the nearest ones are shown."""

import pytest

from members import search
from members.models import Customer, Member
from tests.support import factories


@pytest.fixture
def club(db):
    return factories.program("club")


def named(program, *names):
    return [factories.member(program, first_name="Ada", last_name=name) for name in names]


def names(members):
    return sorted(member.customer.last_name for member in members)


def test_a_member_is_found_by_the_start_of_the_number(club):
    people = named(club, *"abcd")
    for who, number in zip(people, ("1234567897", "1239999990", "124", "9991"), strict=True):
        Member.objects.filter(pk=who.pk).update(number=number)
    everybody = Member.objects.all()
    assert names(search.matching(everybody, "123")) == ["a", "b"]
    assert names(search.matching(everybody, "12 34")) == ["a"]
    assert names(search.matching(everybody, "999")) == ["d"]
    # Shorter than what is looked for as a start, so it would have to be the whole number.
    assert names(search.matching(everybody, "12")) == []


def test_the_start_of_a_name_is_compared_letter_by_letter(club):
    named(club, "Śmith", "smithe", "Sm%th", "Smi_h", "Smith😀", "Asmith")
    everybody = Member.objects.all()
    assert names(search.matching(everybody, "smith")) == ["Smith😀", "smithe", "Śmith"]
    assert names(search.matching(everybody, "sm%")) == ["Sm%th"]
    assert names(search.matching(everybody, "SMI_")) == ["Smi_h"]
    assert names(search.matching(everybody, "śmithe")) == ["smithe"]


def test_of_very_many_the_nearest_are_shown_the_newest_first(club, monkeypatch):
    monkeypatch.setattr(search, "MOST", 2)
    martin, *_ = named(club, "Martin", "Martinson", "Martinez", "Martingale")
    namesake, *_ = named(club, "Martin")
    assert list(search.matching(Member.objects.all(), "martin")) == [namesake, martin]
    assert len(search.customers(Customer.objects.all(), "mart")) == 2


def test_each_way_has_hits_of_its_own(club, monkeypatch):
    monkeypatch.setattr(search, "MOST", 1)
    named(club, "Paul Martin", "Martin Paul")
    assert names(search.matching(Member.objects.all(), "Paul Martin")) == ["Martin Paul", "Paul Martin"]


def test_who_is_meant_is_looked_for_among_those_who_are_listed(club, monkeypatch):
    """Of very many in all programs, no one hides the few of the program that the list shows."""
    monkeypatch.setattr(search, "MOST", 2)
    named(club, *["Martin"] * 5)
    other = factories.program("other")
    named(other, "Martinson")
    assert names(search.matching(Member.objects.filter(program=other), "martin")) == ["Martinson"]


def test_a_search_is_one_statement_and_the_list_another(club, django_assert_num_queries):
    named(club, "Martin")
    with django_assert_num_queries(2):
        assert len(search.matching(Member.objects.all(), "Martin, Ada")) == 1


def test_nothing_typed_finds_everybody_and_blanks_between_commas_nobody(club):
    named(club, "Martin")
    assert len(search.matching(Member.objects.all(), " \0 ")) == 1
    assert len(search.matching(Member.objects.all(), " , ")) == 0
    assert len(search.customers(Customer.objects.all(), ",")) == 0
