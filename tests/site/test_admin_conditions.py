"""Each condition of a rule has a field on its page, made from the registry; trees of them are JSON in one more."""

import json

import pytest
from django.urls import reverse

from programs.models import Rule
from programs.rules import conditions
from tests.support import factories
from tests.support.admin_forms import errors_of, form_of, page, save


@pytest.fixture
def made(db):
    return factories.program("club")


@pytest.fixture
def desk(client, admin_user):
    client.force_login(admin_user)
    return client


def posted(client, made, **fields):
    address = f"{reverse('admin:programs_rule_add')}?program={made.pk}"
    currency = str(made.currencies.get(code="points").pk)
    base = {"program": str(made.pk), "name": "New", "code": "new", "currency": currency}
    kind = {"kind": "per_visit", "per_visit_points": "5"}
    return client.post(address, form_of(client, address) | base | kind | fields)


#: What is typed into the field of a condition, and what it means.
TYPED = [
    ("when_labels", "sale, last", {"labels": ["sale", "last"]}),
    ("when_line_attributes", "colour: red, blue; n: 4", {"line_attributes": {"colour": ["red", "blue"], "n": ["4"]}}),
    ("when_attributes", "gift: true", {"attributes": {"gift": [True]}}),
    ("when_attributes", '{"n": ["a, b"]}', {"attributes": {"n": ["a, b"]}}),
    ("when_attributes", '{"n": [1.50]}', {"attributes": {"n": ["1.50"]}}),
    ("when_amount", "10.00 to 99.99", {"amount": {"least": "10.00", "most": "99.99"}}),
    ("when_quantity", "2 to", {"quantity": {"least": "2"}}),
    ("when_quantity", "to 10", {"quantity": {"most": "10"}}),
    (
        "when_dates",
        "2026-12-01 to 2026-12-24, 06-01 to 06-30",
        {"dates": [["2026-12-01", "2026-12-24"], ["06-01", "06-30"]]},
    ),
    ("when_dates", "12-24", {"dates": [["12-24", "12-24"]]}),
    ("not_labels", "sale", {"not": {"labels": ["sale"]}}),
    (
        "further_conditions",
        '{"any": [{"channels": ["web"]}, {"weekdays": [6]}]}',
        {"any": [{"channels": ["web"]}, {"weekdays": [6]}]},
    ),
    ("further_conditions", '{"not": {"tiers": ["gold"]}}', {"not": {"tiers": ["gold"]}}),
]


@pytest.mark.parametrize(("field", "typed", "expected"), TYPED)
def test_what_is_typed_is_stored_and_shown_and_saved_again_as_it_is(desk, made, field, typed, expected):
    assert posted(desk, made, **{field: typed}).status_code == 302
    rule = Rule.objects.get(code="new")
    assert rule.conditions == expected
    assert form_of(desk, page(rule))[field]
    assert save(desk, page(rule)).status_code == 302
    assert Rule.objects.get(code="new").conditions == expected


def test_several_exclusions_leave_out_what_is_any_of_them(desk, made):
    assert posted(desk, made, not_labels="sale", not_products="A, B", when_channels="web").status_code == 302
    rule = Rule.objects.get(code="new")
    assert rule.conditions == {
        "channels": ["web"],
        "not": {"any": [{"labels": ["sale"]}, {"products": ["A", "B"]}]},
    }
    shown = form_of(desk, page(rule))
    assert (shown["not_labels"], shown["not_products"], shown["further_conditions"]) == ("sale", "A, B", "")


def test_an_exclusion_that_no_field_can_say_stands_in_the_further_field(desk, made):
    both = {"not": {"labels": ["sale"], "products": ["A"]}}
    rule = factories.rule(made, "r", "per_visit", {"points": "5"}, conditions=both)
    shown = form_of(desk, page(rule))
    assert not shown.get("not_labels")
    assert json.loads(shown["further_conditions"]) == both


def test_below_the_further_field_stands_what_it_means(desk, made):
    tree = {"any": [{"channels": ["web"]}, {"not": {"labels": ["sale"]}}]}
    rule = factories.rule(made, "r", "per_visit", {"points": "5"}, conditions=tree)
    content = desk.get(page(rule)).content.decode()
    assert "It says now: only either by web or not on lines labelled sale." in content
    assert "Members earn 5 points per visit, either by web or not on lines labelled sale." in content
    assert "either by web" in desk.get(reverse("admin:programs_rule_changelist")).content.decode()


WRONG = [
    ({"when_amount": "10"}, "when_amount", "Write the least and the most, like 2 to 10"),
    ({"when_amount": "10 to 9"}, "when_amount", "Least 10 is above most 9"),
    ({"when_quantity": "some to many"}, "when_quantity", "Least must be a number from 0"),
    ({"when_labels": "x" * 1_000}, "when_labels", "Must be a list of 1 to 1000 labels of lines"),
    ({"when_attributes": "colour"}, "when_attributes", "Write each attribute once, with its values"),
    ({"when_attributes": "{"}, "when_attributes", "It is no JSON"),
    ({"when_attributes": "colour:"}, "when_attributes", "“colour” must be a list of 1 to 1000 values"),
    ({"when_dates": "2026-12-24 to 2026-12-01"}, "when_dates", "2026-12-24 to 2026-12-01 ends before it begins"),
    ({"when_dates": "soon"}, "when_dates", "“soon”, “soon” are not two days"),
    ({"not_labels": "x" * 65}, "not_labels", "Must be a list of 1 to 1000 labels of lines"),
    ({"not_labels": "sale", "not_products": "x" * 65}, "not_products", "Must be a list of 1 to 1000 SKUs"),
    (
        {"not_labels": "sale", "further_conditions": '{"not": {"codes": ["X"]}}'},
        "further_conditions",
        "in one place only",
    ),
    ({"further_conditions": "[]"}, "further_conditions", "Write an object with all, any or not"),
    ({"further_conditions": '{"channels": ["web"]}'}, "further_conditions", "Write an object with all, any or not"),
    ({"further_conditions": '{"any": [{"moon": 1}]}'}, "further_conditions", "any[0].moon: unknown condition"),
    ({"further_conditions": '{"any": []}'}, "further_conditions", "any: must be a list of 1 to 100"),
    ({"further_conditions": "nonsense"}, "further_conditions", "It is no JSON"),
    ({"further_conditions": '{"any": [{}], "any": []}'}, "further_conditions", "“any” stands twice"),
    ({"when_attributes": '{"a": [1], "a": [2]}'}, "when_attributes", "“a” stands twice"),
    ({"when_attributes": '{"a": ' + "[" * 5_000}, "when_attributes", "It is no JSON"),
    ({"when_channels": "[" * 5_000}, "when_channels", "Separate the values by commas"),
    (
        {"further_conditions": '{"any": [{"tiers": ["iron"]}]}'},
        "further_conditions",
        "any[0].tiers: none called iron",
    ),
    (
        {"further_conditions": '{"not": {"not": {"not": {"not": {"codes": ["X"]}}}}}'},
        "further_conditions",
        "not.not.not.not: conditions lie at most 3 levels",
    ),
    (
        {"kind": "fixed", "fixed_points": "5", "fixed_events": "registration", "when_products": "A"},
        "when_products",
        "Asks for lines, and “registration” has none",
    ),
]


@pytest.mark.parametrize(("fields", "field", "words"), WRONG)
def test_what_cannot_be_meant_is_refused_at_its_field(desk, made, fields, field, words):
    found = errors_of(posted(desk, made, **fields))
    assert found.keys() == {field}
    assert words in " ".join(found[field])
    assert not Rule.objects.filter(code="new").exists()


def test_every_condition_has_a_field(desk, made):
    shown = desk.get(reverse("admin:programs_rule_add")).content.decode()
    assert not [key for key in conditions.registry if f'name="when_{key}"' not in shown]
