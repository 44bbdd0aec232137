"""How far a member is with the rules that count, over HTTP and on the member's page."""

import pytest
from django.urls import reverse

from programs.models import Rule
from tests.support import factories
from tests.support.admin_forms import errors_of, form_of, page
from tests.support.api_caller import Caller
from tests.support.counting import COFFEES, coffees
from tests.support.factories import at, post_one
from tests.support.stage import kept

ADD = "/admin/programs/rule/add/"


@pytest.fixture
def desk(client, marketing):
    client.force_login(marketing)
    return client


@kept
def who(club):
    return factories.member(club, enrolled_at=at(2020, 1, 1))


@kept
def counting(club, who):
    """A target, each second visit, and a streak; the member has three coffees and two days in a row."""
    conditions = {"categories": ["coffee"]}
    factories.rule(club, "five", "target", COFFEES, name="Five", group="five", conditions=conditions)
    factories.rule(club, "nth", "every_nth", {"every": 2, "points": 5, "times": 1}, name="Second", group="nth")
    factories.rule(club, "days", "streak", {"length": 7, "periods": "days", "points": 70}, name="Week", group="days")
    club.refresh_from_db()
    for day in (1, 2):
        item = coffees(who, day, activity_at=at(2026, 3, day))
        post_one(club, item, now=at(2026, 3, 2))


def progress(shop, who):
    answer = shop.get(f"members/{who.number}/progress/")
    assert answer.status_code == 200, answer.said
    return answer.said["results"]


def test_each_rule_says_what_is_counted_and_what_is_missing(shop, who, counting, now_is):
    now_is(at(2026, 3, 3))
    five, second, week = progress(shop, who)
    assert five == {
        "rule": "five",
        "name": "Five",
        "kind": "target",
        "sentence": "Members earn 50 points for every 5 units on coffee.",
        "counts": "units",
        "counted": "3",
        "needed": "5",
        "to_go": "2",
        "rewarded": 0,
        "streak": None,
        "last_on": None,
    }
    assert (second["counts"], second["to_go"], second["rewarded"]) == ("times", None, 1)
    assert (week["counted"], week["to_go"], week["streak"], week["last_on"]) == ("2", "5", 2, "2026-03-02")


def test_a_streak_that_was_not_gone_on_with_is_over(shop, who, counting, now_is):
    now_is(at(2026, 3, 4))
    week = progress(shop, who)[2]
    assert (week["counted"], week["to_go"], week["streak"], week["last_on"]) == ("0", "7", 0, "2026-03-02")


def test_who_has_done_nothing_has_everything_to_go(shop, club, counting):
    found = progress(shop, factories.member(club))
    assert [(one["counted"], one["to_go"]) for one in found] == [("0", "5"), ("0", "2"), ("0", "7")]


def test_what_is_over_or_switched_off_is_not_told(shop, club, who, counting):
    rule = Rule.objects.get(program=club, code="five")
    rule.ends_on = "2026-03-31"
    rule.save()
    Rule.objects.get(program=club, code="nth").delete()
    assert [one["rule"] for one in progress(shop, who)] == ["days"]


def test_where_no_rule_counts_there_is_none(shop, who):
    assert progress(shop, who) == []


def test_other_partners_read_it_with_the_key_that_reads_members(cafe, who, counting):
    assert len(progress(cafe, who)) == 3


def test_nobody_is_told_of_a_member_of_another_program_or_without_the_scope(club, who, counting):
    strange = Caller(factories.program("other").owner)
    assert strange.get(f"members/{who.number}/progress/").said["code"] == "member_unknown"
    earner = Caller(club.owner, scopes=["earn"])
    assert earner.get(f"members/{who.number}/progress/").said["code"] == "scope_missing"


def test_the_page_of_a_member_says_it(client, boss, who, counting):
    client.force_login(boss)
    response = client.get(reverse("admin:members_member_change", args=[who.pk]))
    [table] = [panel for panel in response.context["panels"] if getattr(panel, "title", "") == "Progress"]
    assert [row[2] for row in table.rows] == ["-", "-", "0 days, the last one from 2 March 2026"]
    assert [row[1] for row in table.rows] == [
        "3 of 5 units, 2 to go",
        "0 of 2 times, given as often as it can be",
        "0 of 7 days, 7 to go",
    ]
    assert "Members earn 50 points for every 5 units on coffee." in response.content.decode()


def rule_form(desk, made, **fields):
    data = form_of(desk, f"{ADD}?program={made.pk}")
    points = str(made.currencies.get(code="points").pk)
    base = {"program": str(made.pk), "name": "New", "code": "new", "currency": points, "group": "new"}
    return desk.post(f"{ADD}?program={made.pk}", data | base | fields)


@pytest.mark.parametrize(
    ("kind", "sent", "kept_as"),
    [
        (
            "target",
            {"counts": "money", "every": "500", "points": "50", "times": "2"},
            {"counts": "money", "every": "500", "points": "50", "times": 2, "events": "purchase"},
        ),
        ("every_nth", {"every": "10", "points": "5"}, {"every": 10, "points": "5", "events": "purchase, visit"}),
        (
            "streak",
            {"length": "4", "periods": "weeks", "points": "9"},
            {"length": 4, "periods": "weeks", "points": "9", "events": "purchase, visit"},
        ),
    ],
)
def test_marketing_makes_such_a_rule_in_the_form(desk, club, kind, sent, kept_as):
    fields = {f"{kind}_{name}": value for name, value in sent.items()}
    response = rule_form(desk, club, kind=kind, **fields)
    assert response.status_code == 302, errors_of(response)
    assert Rule.objects.get(code="new").params == kept_as


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("target", "every", "0"),
        ("target", "times", "0"),
        ("target", "by_tier", "iron: 5"),
        ("every_nth", "every", "1"),
        ("streak", "length", "1"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(desk, club, kind, field, value):
    assert f"{kind}_{field}" in errors_of(rule_form(desk, club, kind=kind, **{f"{kind}_{field}": value}))
    assert not Rule.objects.filter(code="new").exists()


def test_a_whole_purchase_has_no_halves(desk, club):
    wrong = rule_form(desk, club, kind="target", target_counts="purchases", target_every="2.5")
    assert errors_of(wrong)["target_every"] == ["Purchases are counted whole: write a whole number."]


@pytest.mark.parametrize(
    ("code", "example"),
    [
        ("five", "gives a new member nothing yet: 1 of 5 units, 4 to go."),
        ("nth", "gives a new member nothing yet: 1 of 2 times, 1 to go."),
        ("days", "gives a new member nothing yet: 1 day in a row, 6 to go."),
    ],
)
def test_the_page_of_the_rule_has_an_example(desk, club, counting, code, example):
    assert example in desk.get(page(Rule.objects.get(program=club, code=code))).content.decode()
