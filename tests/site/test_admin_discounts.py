"""A rule that takes money off is made on the page of rules, where nobody has to choose a currency for it."""

import pytest
from django.urls import reverse

from programs.models import Cap, Currency, Rule
from tests.support import factories
from tests.support.admin_forms import errors_of, form_of, page


@pytest.fixture
def made(db):
    return factories.program("club")


@pytest.fixture
def desk(client, admin_user):
    client.force_login(admin_user)
    return client


def posted(desk, made, **fields):
    address = f"{reverse('admin:programs_rule_add')}?program={made.pk}"
    base = {"program": str(made.pk), "name": "New", "code": "new", "kind": "discount", "currency": ""}
    return desk.post(address, form_of(desk, address) | base | fields)


def test_it_has_the_primary_currency_unless_another_one_is_chosen(desk, made):
    assert posted(desk, made, discount_percent="10", discount_most="20").status_code == 302
    rule = Rule.objects.get(code="new")
    assert rule.currency == made.currencies.get(code="points")
    assert rule.params == {"percent": "10", "most": "20"}


def test_a_rule_that_gives_points_still_needs_one(desk, made):
    answer = posted(desk, made, kind="per_visit", per_visit_points="5")
    assert "currency" in errors_of(answer)


def test_a_program_without_a_currency_needs_one_first(desk, made):
    made.rules.all().delete()
    made.tier_groups.all().delete()
    Currency.objects.filter(program=made).delete()
    answer = posted(desk, made, discount_percent="10")
    words = "The program has no currency yet: add one first, any will do for a discount."
    assert errors_of(answer) == {"__all__": [words]}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "discount_percent"),
        ({"discount_percent": "101"}, "discount_percent"),
        ({"discount_percent": "10", "discount_amount": "5"}, "discount_amount"),
        ({"discount_amount": "5", "discount_most": "5"}, "discount_most"),
    ],
)
def test_what_says_no_discount_is_refused_beside_its_field(desk, made, fields, field):
    assert list(errors_of(posted(desk, made, **fields))) == [field]


def test_its_page_says_what_it_takes_off(desk, made):
    posted(desk, made, discount_percent="10", when_categories="shoes", stacking="exclusive")
    text = desk.get(page(Rule.objects.get(code="new"))).content.decode()
    assert "10 % off" in text
    assert "If it gives, no other discount does." in text
    assert "gives a member 10.00 EUR off." in text


def test_a_budget_of_money_off_is_said_in_money(desk, made):
    posted(desk, made, discount_amount="5")
    rule = Rule.objects.get(code="new")
    address = f"{reverse('admin:programs_cap_add')}?program={made.pk}"
    fields = {"program": str(made.pk), "name": "Budget", "code": "budget", "rule": str(rule.pk)}
    fields |= {"currency": str(rule.currency_id), "measure": "discount", "limit": "20.00"}
    fields |= {"scope": "program", "period": "ever"}
    assert desk.post(address, form_of(desk, address) | fields).status_code == 302
    cap = Cap.objects.get(code="budget")
    assert cap.limit == 2000
    assert "At most 20.00 EUR off" in desk.get(page(cap)).content.decode()
    wrong = desk.post(address, form_of(desk, address) | fields | {"code": "other", "measure": "points"})
    assert "measure" in errors_of(wrong)
