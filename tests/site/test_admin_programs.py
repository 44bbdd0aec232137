"""A program is configured on its page and on the pages of its rules, without JSON."""

import html
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from programs.models import Cap, ExpiryRule, Program, Rule
from tests.support import factories
from tests.support.admin_forms import all_errors, errors_of, form_of, page, save


@pytest.fixture
def made(db):
    return factories.program("alpine", name="Alpine Club")


@pytest.fixture
def desk(client, marketing):
    client.force_login(marketing)
    return client


def test_a_page_that_is_saved_unchanged_changes_nothing(desk, made):
    before = {rule.code: (rule.params, rule.conditions) for rule in made.rules.all()}
    assert save(desk, page(made)).status_code == 302
    assert {rule.code: (rule.params, rule.conditions) for rule in made.rules.all()} == before
    assert [tier.threshold for tier in made.tier_groups.get().tiers.all()] == [0, 500, 1000]


def test_a_program_is_activated_paused_and_counts_its_versions(desk, made):
    assert save(desk, page(made), status="paused").status_code == 302
    after = Program.objects.get(pk=made.pk)
    assert (after.status, after.version > made.version) == ("paused", True)
    assert f"{after.version}" in desk.get(page(made)).content.decode()
    assert made.history.first().status == "paused"


def test_an_expiry_rule_and_a_tier_are_changed_on_the_page_of_the_program(desk, made):
    changes = {"currencies__0__expiry_rule__0__period": "24", "tier_groups__0__tiers__1__threshold": "600"}
    assert save(desk, page(made), **changes).status_code == 302
    assert ExpiryRule.objects.get().period == 24
    assert made.tier_groups.get().tiers.get(code="silver").threshold == 600


def test_an_expiry_rule_changes_only_knowingly_while_members_hold_points(desk, made):
    factories.post_one(made, factories.purchase(factories.member(made), 1000))
    place = "currencies__0__expiry_rule__0__"
    response = save(desk, page(made), **{f"{place}period": "24"})
    assert "Members hold points, which keep the ends they have" in all_errors(response)
    assert ExpiryRule.objects.get().period == 12
    assert save(desk, page(made), **{f"{place}period": "24", f"{place}for_new_points": "on"}).status_code == 302
    assert ExpiryRule.objects.get().period == 24


@pytest.mark.parametrize(
    ("cut_offs", "words"),
    [("31.12", "“31.12” is no day of the year: write month and day as MM-DD"), ("", "at least one last day")],
)
def test_the_calendar_takes_only_days_of_the_year(desk, made, cut_offs, words):
    place = "currencies__0__expiry_rule__0__"
    response = save(desk, page(made), **{f"{place}model": "calendar", f"{place}cut_offs": cut_offs})
    assert words in all_errors(response)
    assert ExpiryRule.objects.get().model == "fixed"


def test_a_live_program_changes_its_zone_on_a_day_to_come(desk, made):
    assert "Stays Europe/Paris while the program is live" in all_errors(
        save(desk, page(made), time_zone="Asia/Tokyo")
    )
    day = f"{timezone.localdate() + timedelta(days=7)}"
    assert save(desk, page(made), next_time_zone="Asia/Tokyo", next_time_zone_on=day).status_code == 302
    made.refresh_from_db()
    assert (made.time_zone, made.next_time_zone, str(made.next_time_zone_on)) == ("Europe/Paris", "Asia/Tokyo", day)


def test_the_limits_of_transfers_are_set_on_the_page_of_the_program(desk, made):
    limits = {"daily_limit": 200, "daily_count": 3, "yearly_limit": 1000, "yearly_count": 12, "cooling_days": 7}
    changes = {f"currencies__0__transfer_{name}": value for name, value in limits.items()}
    assert save(desk, page(made), **changes).status_code == 302
    currency = made.currencies.get(code="points")
    assert {name: getattr(currency, f"transfer_{name}") for name in limits} == limits
    assert "transfer_yearly_limit" in all_errors(save(desk, page(made), currencies__0__transfer_yearly_limit="0"))


def test_a_tier_is_added_on_the_page_of_the_program(desk, made):
    place = "tier_groups__0__tiers__"
    new = {"sequence": "4", "name": "Platinum", "code": "platinum", "threshold": "5000", "multiplier": "2"}
    new |= {"colour": "#112233", "extension_months": "0"}
    changes = {f"{place}3__{name}": value for name, value in new.items()} | {f"{place}TOTAL_FORMS": "4"}
    response = save(desk, page(made), **changes)
    assert response.status_code == 302
    assert made.tier_groups.get().tiers.get(code="platinum").threshold == 5000


def test_a_ladder_that_does_not_rise_is_refused_on_the_page(desk, made):
    response = save(desk, page(made), tier_groups__0__tiers__2__threshold="400")
    assert "Must be more than the 500 of the tier below it" in all_errors(response)
    assert made.tier_groups.get().tiers.get(code="gold").threshold == 1000


def test_a_second_primary_currency_and_an_expiry_without_a_period_are_refused(desk, made):
    assert "primary" in all_errors(save(desk, page(made), currencies__1__is_primary="on"))
    response = save(desk, page(made), currencies__0__expiry_rule__0__period="0")
    assert "needs a period" in all_errors(response)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"time_zone": "Mars/Base"}, "time_zone"), ({"money": "euro"}, "money"), ({"name": ""}, "name")],
)
def test_wrong_terms_are_refused_at_their_field(desk, made, changes, field):
    assert field in errors_of(save(desk, page(made), **changes))


def test_a_new_program_gets_its_currencies_at_once(desk, made):
    address = reverse("admin:programs_program_add")
    new = {"name": "Lake", "code": "lake", "owner": str(made.owner_id), "currencies__TOTAL_FORMS": "1"}
    currency = form_of(desk, page(made))
    currency = {k: v for k, v in currency.items() if k.startswith("currencies-0-") and "expiry_rule" not in k}
    currency = {
        name.replace("-", "__"): value for name, value in currency.items() if not name.endswith(("-id", "-program"))
    }
    currency |= {"currencies__0__expiry_rule__TOTAL_FORMS": "0", "currencies__0__expiry_rule__INITIAL_FORMS": "0"}
    response = save(desk, address, **new, **currency)
    assert response.status_code == 302
    assert Program.objects.get(code="lake").currencies.get().code == "points"


def test_an_expiry_rule_that_is_added_and_left_as_it_is_shown_is_saved(desk, made):
    points = made.currencies.get(code="points")
    ExpiryRule.objects.filter(currency=points).delete()
    shown = reverse("admin:programs_currency_change", args=[points.pk])
    prefix = next(name for name in form_of(desk, shown) if name.endswith("-TOTAL_FORMS")).removesuffix("TOTAL_FORMS")
    rule = ExpiryRule()
    names = "model period unit period_end rounding rounding_month cut_offs min_validity_days notice_days".split()
    left = {f"{prefix}0-{name}".replace("-", "__"): str(getattr(rule, name)) for name in names}
    left |= {f"{prefix}0-{name}".replace("-", "__"): "0" for name in ("min_age_days", "extension_months")}
    response = save(desk, shown, **left, **{f"{prefix}TOTAL_FORMS".replace("-", "__"): "1"})
    assert response.status_code == 302
    stored = ExpiryRule.objects.get(currency=points)
    assert (stored.model, stored.period, stored.unit) == ("fixed", 12, "month")


def rule_form(client, made, **fields):
    address = f"{reverse('admin:programs_rule_add')}?program={made.pk}"
    points = made.currencies.get(code="points").pk
    base = {"program": str(made.pk), "name": "New", "code": "new", "currency": str(points)}
    return client.post(address, form_of(client, address) | base | fields)


def test_a_rule_is_made_of_the_fields_of_its_kind(desk, made):
    fields = {
        "kind": "per_amount",
        "per_amount_points": "2",
        "per_amount_per": "1.50",
        "per_amount_minimum": "",
        "fixed_points": "nonsense of a field that nobody sees",
        "when_channels": "web, app",
        "when_weekdays": ["6", "7"],
        "when_hours": "17:00-19:00",
        "when_tiers": ["gold"],
        "when_partners": [made.owner.code],
    }
    assert rule_form(desk, made, **fields).status_code == 302
    rule = Rule.objects.get(code="new")
    assert rule.params == {"points": "2", "per": "1.5"}
    assert rule.conditions == {
        "channels": ["web", "app"],
        "weekdays": [6, 7],
        "hours": ["17:00", "19:00"],
        "tiers": ["gold"],
        "partners": [made.owner.code],
    }
    shown = form_of(desk, page(rule))
    assert (shown["per_amount_per"], shown["when_channels"], shown["when_hours"]) == (
        "1.5",
        "web, app",
        "17:00-19:00",
    )
    version = rule.version
    assert save(desk, page(rule)).status_code == 302
    again = Rule.objects.get(code="new")
    assert (again.params, again.conditions) == (rule.params, rule.conditions)
    assert again.version == version + 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "per_amount", "per_amount_points": "0"}, "per_amount_points"),
        ({"kind": "per_amount", "per_amount_points": "x"}, "per_amount_points"),
        ({"kind": "per_amount", "per_amount_per": ""}, "per_amount_per"),
        ({"kind": "fixed", "fixed_events": ""}, "fixed_events"),
        ({"kind": "tier_multiplier", "tier_multiplier_tier_group": "nowhere"}, "tier_multiplier_tier_group"),
        ({"kind": "multiplier", "multiplier_factor": "1"}, "multiplier_factor"),
        ({"kind": "multiplier", "multiplier_factor": "0"}, "multiplier_factor"),
        ({"kind": "per_visit", "per_visit_by_tier": "iron: 2"}, "per_visit_by_tier"),
        ({"kind": "per_visit", "per_visit_by_tier": "gold"}, "per_visit_by_tier"),
        ({"kind": "formula", "formula_formula": "2 *"}, "formula_formula"),
        ({"kind": "per_visit", "when_hours": "17:00"}, "when_hours"),
        ({"kind": "per_visit", "when_hours": "25:00-26:00"}, "when_hours"),
        ({"kind": "per_visit", "when_tiers": ["iron"]}, "when_tiers"),
        ({"kind": "per_visit", "when_weekdays": ["9"]}, "when_weekdays"),
        ({"kind": "per_visit", "when_channels": "w" * 65}, "when_channels"),
        ({"kind": "per_visit", "starts_on": "2026-02-02", "ends_on": "2026-01-01"}, "ends_on"),
        ({"kind": "nonsense"}, "kind"),
        ({"kind": "per_visit", "currency": "999999"}, "currency"),
    ],
)
def test_a_wrong_rule_is_refused_at_its_field(desk, made, fields, field):
    assert field in errors_of(rule_form(desk, made, **fields))
    assert not Rule.objects.filter(code="new").exists()


def test_a_group_gets_another_choice_than_it_has_only_where_it_has_it(desk, made):
    said = factories.rule(made, "said", "fixed", {"points": "5", "events": "visit"}, choice="all")
    wrong = rule_form(desk, made, kind="per_visit", choice="lowest")
    assert errors_of(wrong)["choice"] == ["The rule “said” of the same group says all; a group has one choice."]
    assert rule_form(desk, made, kind="per_visit", choice="lowest", group="other").status_code == 302
    assert save(desk, page(said), choice="newest", stacking="stops").status_code == 302
    said.refresh_from_db()
    assert (said.choice, said.stacking) == ("newest", "stops")


def test_a_rule_offers_and_takes_only_what_its_program_has(desk, made):
    other = factories.program("lake")
    theirs = other.currencies.get(code="points")
    assert "currency" in errors_of(rule_form(desk, made, kind="per_visit", currency=str(theirs.pk)))
    address = reverse("admin:programs_rule_add")
    data = form_of(desk, address) | {"program": str(made.pk), "name": "N", "code": "new", "kind": "per_visit"}
    assert "currency" in errors_of(desk.post(address, data | {"currency": str(theirs.pk)}))


def test_a_rule_is_said_in_words_with_an_example(desk, made):
    rule = factories.rule(
        made, "evening", "fixed", {"points": "20", "events": "visit"}, conditions={"hours": ["17:00", "19:00"]}
    )
    content = desk.get(page(rule)).content.decode()
    assert "Members earn 20 points per visit, from 17:00 to 19:00." in content
    assert "gives a member 20 Points" in content
    multiplier = desk.get(page(made.rules.get(code="multiplier"))).content.decode()
    assert "gives a member of Gold 150 Points" in multiplier
    assert "20 points per visit, from 17:00 to 19:00." in desk.get(page(made)).content.decode()
    double = factories.rule(made, "double", "multiplier", {"factor": "2"})
    assert "gives a member 200 Points" in desk.get(page(double)).content.decode()


def test_the_example_of_a_rule_by_tier_names_each_tier(desk, made):
    params = {"points": "20", "events": "visit", "by_tier": "gold: 50"}
    content = desk.get(page(factories.rule(made, "evening", "fixed", params))).content.decode()
    assert "20 points per visit (50 for gold)" in content
    assert "gives a member of Silver 20 Points" in content
    assert "gives a member of Gold 50 Points" in content


def test_what_a_program_lacks_is_said_on_its_page(desk, made):
    made.rules.filter(code="status").delete()
    assert "nobody can rise" in desk.get(page(made)).content.decode()


def test_a_rule_per_amount_is_switched_to_whole_steps_and_back(desk, made):
    fields = {"kind": "per_amount", "per_amount_points": "10", "per_amount_per": "100"}
    assert rule_form(desk, made, **fields, per_amount_whole_steps="on").status_code == 302
    rule = Rule.objects.get(code="new")
    assert rule.params == {"points": "10", "per": "100", "whole_steps": True}
    shown = desk.get(page(rule)).content.decode()
    assert "150 gives 10, and 99 nothing" in shown
    assert "10 points per full 100 EUR" in shown
    assert save(desk, page(rule)).status_code == 302
    assert Rule.objects.get(code="new").params["whole_steps"] is True
    shown = form_of(desk, page(rule))
    assert shown.pop("per_amount_whole_steps") == "on"
    assert desk.post(page(rule), shown).status_code == 302
    assert Rule.objects.get(code="new").params == {"points": "10", "per": "100"}


def test_the_usual_limit_of_an_event_is_added_from_the_page_of_its_rule(desk, made):
    welcome = factories.rule(made, "welcome", "fixed", {"points": "50", "events": "registration"})
    content = desk.get(page(welcome)).content.decode()
    assert "(“registration”) is told apart from others by the member." in content
    assert "Registration usually counts once for each member, and nothing limits it here." in content
    address = html.unescape(re.search(r'href="([^"]*cap/add/[^"]*)"', content)[1])
    assert desk.post(address, form_of(desk, address)).status_code == 302
    [cap] = Cap.objects.all()
    assert (cap.rule, cap.scope, cap.period, cap.measure, cap.limit) == (welcome, "member", "ever", "uses", 1)
    assert "nothing limits it here" not in desk.get(page(welcome)).content.decode()
