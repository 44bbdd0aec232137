"""Each condition holds those whom it says, and nobody else."""

from datetime import timedelta

import pytest

from members.models import Consent, Member, Tag
from programs.segments import registry
from tests.support import factories
from tests.support.factories import at
from tests.support.segments import assert_held, held, segment
from tests.support.stage import kept

#: Wednesday at noon in Paris.
NOW = at(2026, 3, 4, 11)


@kept
def made(db):
    owner = factories.partner("shop")
    factories.store(owner, "lyon")
    return factories.program("club", owner=owner)


@kept
def ada(made):
    who = factories.member(made, enrolled_at=at(2024, 2, 10), birth_date="1984-03-09", language="fr")
    factories.post_one(made, factories.purchase(who, 60000, activity_at=at(2026, 2, 20)))
    return who


@kept
def bob(made):
    who = factories.member(made, enrolled_at=at(2026, 3, 1), birthday="02-29", language="pt-BR")
    factories.post_one(made, factories.purchase(who, 1000, activity_at=at(2026, 3, 2)))
    return who


@kept
def eve(made):
    return factories.member(made, enrolled_at=at(2025, 6, 1))


@pytest.mark.parametrize(
    ("conditions", "names"),
    [
        ({"tier": {"group": "main", "tiers": ["silver", "gold"]}}, "ada"),
        ({"tier": {"group": "main", "tiers": ["base"]}}, "bob eve"),
        ({"balance": {"currency": "points", "at_least": 10}}, "ada bob"),
        ({"balance": {"currency": "points", "at_most": 10}}, "bob eve"),
        ({"balance": {"currency": "points", "at_least": "10.5", "at_most": 10_000}}, "ada"),
        ({"lifetime_earned": {"currency": "points", "at_least": 600}}, "ada"),
        ({"lifetime_redeemed": {"currency": "points", "at_most": 0}}, "ada bob eve"),
        ({"enrolled": {"first_day": "2025-06-01", "last_day": "2025-06-01"}}, "eve"),
        ({"enrolled": {"last_day": "2025-06-01"}}, "ada eve"),
        ({"enrolled_for": {"at_most": 3}}, "bob"),
        ({"enrolled_for": {"at_most": 2}}, ""),
        ({"enrolled_for": {"at_least": 3}}, "ada bob eve"),
        ({"enrolled_for": {"at_least": 4}}, "ada eve"),
        ({"birthday_month": {"months": ["3", "12"]}}, "ada"),
        ({"birthday_within": {"days": 5}}, "ada"),
        ({"birthday_within": {"days": 4}}, ""),
        ({"language": {"languages": ["fr", "pt"]}}, "ada bob"),
        ({"language": {"languages": ["pt-BR"]}}, "bob"),
        ({"enrolled_over": {"channels": ["store"]}}, "ada bob eve"),
        ({"enrolled_over": {"channels": ["web", "app"]}}, ""),
    ],
)
def test_a_condition_holds_those_whom_it_says(made, ada, bob, eve, conditions, names):
    assert_held(made, conditions, names, now=NOW, ada=ada, bob=bob, eve=eve)


def test_birthdays_of_29_february_are_on_the_28th_of_other_years(made, bob):
    on_the_day = {"birthday_within": {"days": 0}}
    assert held(made, on_the_day, now=at(2026, 2, 28)) == {bob.pk}
    assert not held(made, on_the_day, now=at(2028, 2, 28))
    assert held(made, on_the_day, now=at(2028, 2, 29)) == {bob.pk}


def test_the_last_word_about_a_channel_counts(made, ada, bob, eve):
    for who, words in ((ada, (True, False)), (bob, (False, True))):
        for day, is_given in enumerate(words, start=1):
            said_at = at(2026, 1, day)
            Consent.objects.create(customer=who.customer, channel="email", is_given=is_given, said_at=said_at)
    assert held(made, {"consent": {"channel": "email", "said": "given"}}) == {bob.pk}
    assert held(made, {"consent": {"channel": "email", "said": "refused"}}) == {ada.pk}
    assert held(made, {"consent": {"channel": "email", "said": "unsaid"}}) == {eve.pk}


def test_of_several_tags_one_is_enough(made, ada, bob, eve):
    Tag.objects.create(customer=ada.customer, name="vip")
    Tag.objects.create(customer=bob.customer, name="golf")
    assert held(made, {"tags": {"names": ["vip", "golf", "chess"]}}) == {ada.pk, bob.pk}


def test_the_home_store_is_that_of_the_owner_unless_a_partner_is_named(made, ada, bob):
    cafe = factories.partner("cafe")
    Member.objects.filter(pk=ada.pk).update(home_store=made.owner.stores.get())
    Member.objects.filter(pk=bob.pk).update(home_store=factories.store(cafe, "lyon"))
    assert held(made, {"home_store": {"stores": ["lyon"]}}) == {ada.pk}
    assert held(made, {"home_store": {"stores": ["cafe/lyon"]}}) == {bob.pk}


def test_conditions_are_combined_by_all_any_and_not(made, ada, bob, eve):
    speaks, new = {"language": {"languages": ["fr"]}}, {"enrolled_for": {"at_most": 10}}
    assert held(made, {"any": [speaks, new]}, now=NOW) == {ada.pk, bob.pk}
    assert held(made, {"all": [speaks, new]}, now=NOW) == set()
    assert held(made, {"not": {"any": [speaks, new]}}, now=NOW) == {eve.pk}
    assert held(made, {"all": [{"not": speaks}, {"any": [{"not": new}]}]}, now=NOW) == {eve.pk}


def test_a_segment_can_be_made_of_another_one(made, ada, bob, eve):
    segment(made, "new", {"enrolled_for": {"at_most": 10}})
    old = segment(made, "old", {"not": {"segment": {"code": "new"}}})
    assert held(made, old.conditions, now=NOW) == {ada.pk, eve.pk}
    made.segments.filter(code="new").update(is_active=False)
    assert held(made, old.conditions, now=NOW) == {ada.pk, bob.pk, eve.pk}


def test_who_was_merged_closed_or_erased_is_in_no_segment(made, ada, bob, eve):
    everybody = {"balance": {"currency": "points", "at_least": 0}}
    Member.objects.filter(pk=ada.pk).update(status="merged", merged_into=eve)
    Member.objects.filter(pk=bob.pk).update(status="closed")
    eve.customer.erased_at = NOW
    eve.customer.save()
    assert held(made, everybody, now=NOW) == set()
    assert held(made, {"not": everybody}, now=NOW) == set()


def test_members_of_other_programs_are_in_no_segment(made, ada):
    other = factories.program()
    factories.member(other, language="fr")
    assert held(made, {"language": {"languages": ["fr"]}}) == {ada.pk}


def test_what_is_named_and_gone_holds_nobody(made, ada):
    for conditions in (
        {"tier": {"group": "other", "tiers": ["gold"]}},
        {"tier": {"group": "main", "tiers": ["platinum"]}},
        {"balance": {"currency": "miles", "at_least": 0}},
        {"home_store": {"stores": ["nowhere"]}},
        {"segment": {"code": "nothing"}},
        {"earned": {"currency": "miles", "days": 3, "at_least": 0}},
    ):
        assert held(made, conditions) == set()


def test_each_condition_says_itself_and_has_a_place_of_its_own():
    kinds = registry.conditions().values()
    assert len({kind.place for kind in kinds}) == len(kinds) >= 19
    assert all(kind.label and kind.family for kind in kinds)


def test_days_are_those_of_the_program(made):
    late = factories.member(made, enrolled_at=at(2026, 3, 1, 23, 30))
    enrolled = {"enrolled": {"first_day": "2026-03-02", "last_day": "2026-03-02"}}
    assert held(made, enrolled) == {late.pk}
    assert held(made, {"enrolled_for": {"at_most": 2}}, now=NOW + timedelta(hours=1)) == {late.pk}
