"""Staff find a member by what they type; where very many are meant, the nearest ones are shown."""

import pytest

from members import search
from members.models import Card, Customer, Member
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


def carded(program, *numbers):
    """A member for each card, none of whom is called like one."""
    for who, number in zip(named(program, *["Martin"] * len(numbers)), numbers, strict=True):
        Card.objects.create(member=who, number=number)


def cards(members):
    return sorted(card.number for member in members for card in member.cards.all())


def test_a_member_is_found_by_the_start_of_a_card_in_any_letter_case(club):
    carded(club, *[f"ZZ-{n}" for n in range(1, 11)], "AB12-CD", "ab12-ef", "12345")
    everybody = Member.objects.all()
    for text in ("zz-", "ZZ-", " zZ- "):
        assert len(search.matching(everybody, text)) == 10
    assert cards(search.matching(everybody, "zz-1")) == ["ZZ-1", "ZZ-10"]
    assert cards(search.matching(everybody, "ab12")) == ["AB12-CD", "ab12-ef"]
    assert cards(search.matching(everybody, "AB 12")) == ["AB12-CD"]
    assert cards(search.matching(everybody, "1234")) == ["12345"]
    assert cards(search.matching(everybody, "b12")) == []
    # Shorter than what is looked for as a start, so it would have to be the whole number.
    assert cards(search.matching(everybody, "zz")) == []


def test_a_whole_card_comes_before_those_that_begin_with_it(club, monkeypatch):
    monkeypatch.setattr(search, "MOST", 1)
    carded(club, "ZZ-10", "ZZ-1", "ZZ-11")
    assert cards(search.matching(Member.objects.all(), "zz-1")) == ["ZZ-1"]


def test_the_start_of_a_card_is_looked_for_among_those_who_are_listed(club):
    other = factories.program("other")
    carded(club, "ZZ-1")
    carded(other, "ZZ-2")
    assert cards(search.matching(Member.objects.filter(program=other), "zz-")) == ["ZZ-2"]


def test_cards_are_found_by_their_start(club):
    carded(club, "ZZ-1", "zz-2", "Z-3")
    assert sorted(card.number for card in search.cards(Card.objects.all(), "zz")) == ["ZZ-1", "zz-2"]
    assert len(search.cards(Card.objects.all(), " ")) == 3
    assert len(search.cards(Card.objects.all(), "\0")) == 0


@pytest.mark.parametrize("text", ["\0", " \0 ", "Martin\0", "\ud800"])
def test_a_search_for_what_cannot_be_finds_nothing(club, text):
    named(club, "Martin")
    assert len(search.matching(Member.objects.all(), text)) == 0
    assert len(search.customers(Customer.objects.all(), text)) == 0


def test_nothing_typed_finds_everybody_and_blanks_between_commas_nobody(club):
    named(club, "Martin")
    assert len(search.matching(Member.objects.all(), "  ")) == 1
    assert len(search.matching(Member.objects.all(), " , ")) == 0
    assert len(search.customers(Customer.objects.all(), ",")) == 0
