"""Any number explains itself: the journal keeps which rule, version, inputs and outputs gave it."""

from tests.support.factories import line, post_one, purchase, rule
from transactions.models import Journal


def trace_of(made, item):
    return Journal.objects.get(pk=post_one(made, item).journal_id).trace


def test_each_rule_that_gave_points_is_named_with_its_version_and_numbers(made, who):
    trace = trace_of(made, purchase(who, 1250, tax=50))
    assert trace["version"] == made.version
    assert trace["eligible"] == "12"
    assert trace["tiers"] == {"main": "base"}
    fired = {row["rule"]: row for row in trace["rules"]}
    assert set(fired) == {"spend", "status"}
    assert fired["spend"] == {
        "rule": "spend",
        "name": "Spend",
        "version": 1,
        "kind": "per_amount",
        "currency": "points",
        "exact": "12",
        "points": 12,
    }


def test_the_multiplier_of_the_tier_is_named(made, who):
    post_one(made, purchase(who, 50000))
    fired = {row["rule"]: row for row in trace_of(made, purchase(who, 1000))["rules"]}
    assert fired["spend"]["points"] == 12
    assert fired["spend"]["multiplied_by"] == [
        {"rule": "multiplier", "name": "Multiplier", "version": 1, "factor": "1.25"}
    ]
    assert "multiplied_by" not in fired["status"]


def test_the_nearest_rule_that_did_not_fire_says_why(made, who):
    made.rules.filter(code__in=["review", "multiplier"]).delete()
    rule(made, "shoes", "per_unit", {"points": "10"}, group="shoes", conditions={"categories": ["shoes"]})
    trace = trace_of(made, purchase(who, 1000, lines=(line("B-1", 1000, category="books"),)))
    assert trace["nearest"]["rule"] == "shoes"
    assert trace["nearest"]["why"]


def test_a_rule_that_lost_to_a_better_one_of_its_group_is_named(made, who):
    rule(made, "double", "per_amount", {"points": "2", "per": "1"})
    trace = trace_of(made, purchase(who, 1000))
    assert [row["points"] for row in trace["rules"] if row["currency"] == "points"] == [20]
    assert trace["beaten"][0] | {"name": ""} == {
        "rule": "spend",
        "name": "",
        "version": 1,
        "exact": "10",
        "by": "double",
    }


def test_a_rule_that_was_changed_has_its_next_version(made, who):
    spend = made.rules.get(code="spend")
    spend.params = {"points": "3", "per": "1"}
    spend.save()
    fired = {row["rule"]: row for row in trace_of(made, purchase(who, 1000))["rules"]}
    assert (fired["spend"]["version"], fired["spend"]["points"]) == (2, 30)
