"""A rule asks on its page for segments, for what was bought before, and for what other rules give."""

import pytest
from django.urls import reverse

from programs.models import Rule, Segment
from tests.support import factories
from tests.support.admin_forms import errors_of, form_of, page, save
from tests.support.segments import segment

VIP = {"tags": {"names": ["vip"]}}
FIXED = {"points": "20", "events": "purchase"}


@pytest.fixture
def desk(client, marketing):
    client.force_login(marketing)
    return client


@pytest.fixture
def made(db):
    made = factories.program("club")
    segment(made, "vip", VIP, name="Regulars")
    return made


def add(desk, made, **fields):
    address = reverse("admin:programs_rule_add") + f"?program={made.pk}"
    currency = str(made.currencies.get(code="points").pk)
    base = {"program": str(made.pk), "name": "New", "code": "new", "currency": currency, "kind": "per_visit"}
    return desk.post(address, form_of(desk, address) | base | fields)


def test_each_condition_has_its_field_and_stays_as_it_is(desk, made):
    given = {
        "when_segments": ["vip"],
        "when_purchase_number": "1 to 1",
        "when_days_since_last": "30 to",
        "when_only_if": ["review", "spend"],
        "per_visit_by_segment": "vip: 20",
    }
    assert add(desk, made, **given).status_code == 302
    rule = Rule.objects.get(code="new")
    assert rule.conditions == {
        "segments": ["vip"],
        "purchase_number": {"least": "1", "most": "1"},
        "days_since_last": {"least": "30"},
        "only_if": ["review", "spend"],
    }
    assert rule.params["by_segment"] == "vip: 20"
    assert save(desk, page(rule)).status_code == 302
    again = Rule.objects.get(code="new")
    assert (again.params, again.conditions) == (rule.params, rule.conditions)
    content = desk.get(page(rule)).content.decode()
    # PostgreSQL keeps the names of an object in an order of its own.
    for said in (
        "for members of the segment vip",
        "on the first purchase",
        "at least 30 days after the last purchase",
        "only if the rule review or spend gives something",
    ):
        assert said in content


def test_only_what_the_program_has_is_offered(desk, made):
    other = factories.program("lake")
    segment(other, "theirs", VIP)
    shown = desk.get(reverse("admin:programs_rule_add") + f"?program={made.pk}")
    fields = shown.context["adminform"].form.fields
    assert dict(fields["when_segments"].choices) == {"vip": "Regulars"}
    assert set(dict(fields["when_only_if"].choices)) == {"spend", "status", "review"}


@pytest.mark.parametrize(
    ("fields", "field", "why"),
    [
        (
            {"when_segments": ["moon"]},
            "when_segments",
            "None called moon is a segment of the program.",
        ),
        (
            {"per_visit_by_segment": "moon: 2"},
            "per_visit_by_segment",
            "None called moon is a segment of the program.",
        ),
        (
            {"when_purchase_number": "0 to 1"},
            "when_purchase_number",
            "Least must be a whole number from 1 to 1000.",
        ),
        (
            {"when_only_if": ["moon"]},
            "when_only_if",
            "None called moon is a rule of the program.",
        ),
        (
            {"when_only_if": ["multiplier"]},
            "when_only_if",
            "“multiplier” gives no points by itself; name rules that do.",
        ),
        ({"when_only_if": ["new"]}, "when_only_if", "The rule would wait for itself: new → new."),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_field(desk, made, fields, field, why):
    assert errors_of(add(desk, made, **fields))[field] == [why]
    assert not Rule.objects.filter(code="new").exists()


def test_rules_cannot_wait_for_each_other_in_a_circle(desk, made):
    factories.rule(made, "a", "fixed", FIXED, conditions={"only_if": ["review"]})
    review = made.rules.get(code="review")
    response = save(desk, page(review), when_only_if=["a"])
    assert errors_of(response)["when_only_if"] == ["The rule would wait for itself: review → a → review."]


def test_a_segment_that_rules_ask_for_says_so_and_cannot_be_deleted(desk, made, boss):
    desk.force_login(boss)
    vip = Segment.objects.get()
    delete = reverse("admin:programs_segment_delete", args=[vip.pk])
    assert desk.get(delete).status_code == 200
    asking = factories.rule(made, "asking", "fixed", FIXED, conditions={"not": {"segments": ["vip"]}}, name="Asking")
    assert "Rules and promotions ask for it: Asking." in desk.get(page(vip)).content.decode()
    assert desk.post(delete, {"post": "yes"}).status_code == 403
    asking.conditions, asking.params = {}, FIXED | {"by_segment": "vip: 30"}
    asking.save()
    assert desk.post(delete, {"post": "yes"}).status_code == 403
    asking.params = FIXED
    asking.save()
    assert desk.post(delete, {"post": "yes"}).status_code == 302


def test_a_rule_that_others_wait_for_says_so_and_stays(desk, made, boss):
    desk.force_login(boss)
    review = made.rules.get(code="review")
    assert desk.get(reverse("admin:programs_rule_delete", args=[review.pk])).status_code == 200
    factories.rule(made, "a", "fixed", FIXED, conditions={"only_if": ["review"]}, name="Thanks")
    assert "Rules wait for it: Thanks." in desk.get(page(review)).content.decode()
    assert desk.post(reverse("admin:programs_rule_delete", args=[review.pk]), {"post": "yes"}).status_code == 403
    response = save(desk, page(review), code="opinion")
    assert errors_of(response)["code"] == ["Must stay, because rules wait for it: Thanks."]
    assert save(desk, page(review), name="Opinion").status_code == 302


def test_the_example_of_a_rule_fits_what_it_asks_of_a_member(desk, made):
    conditions = {"segments": ["vip"], "purchase_number": {"most": 3}, "days_since_last": {"least": 5}}
    asking = factories.rule(made, "asking", "fixed", FIXED, conditions=conditions)
    assert "gives a member 20 Points" in desk.get(page(asking)).content.decode()


def test_the_example_of_a_rule_that_waits_has_the_others_beside_it(desk, made):
    waiting = factories.rule(made, "waiting", "fixed", FIXED, conditions={"only_if": ["spend"]}, group="x")
    assert "gives a member 120 Points" in desk.get(page(waiting)).content.decode()
    never = factories.rule(made, "never", "fixed", FIXED, conditions={"only_if": ["review"]}, group="y")
    assert "Example" not in desk.get(page(never)).content.decode()
