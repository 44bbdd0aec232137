"""What do multipliers make of the points of other rules? (semantics C5, C7)"""

import pytest

from programs import compiling, document, earning
from programs.rules.base import Facts
from tests.support.examples import compiled, earn, line, points, program, purchase, rule

SHOES = {"categories": ["shoes"]}


def times(code, factor, params=None, **fields):
    return rule(code, "multiplier", {"factor": factor} | (params or {}), **fields)


def running(code, factor, **fields):
    return times(code, factor, {"applies_to": "running", **fields})


BONUS = rule("bonus", "fixed", {"points": "50", "events": "purchase"}, group="bonus")


def test_multipliers_add_their_surplus_to_the_base_and_leave_a_bonus_of_another_group():
    """C7-X1: 100 + 100 + 200 + 50."""
    promotions = [times("double", "2", {"groups": "base"}), times("triple", "3", {"groups": "base"})]
    assert points(purchase(10_000), rule(), BONUS, *promotions) == 450


def test_multipliers_of_the_running_total_compound():
    """C7-X1: 100 times 2 times 3, and 50."""
    promotions = [running("double", "2", groups="base"), running("triple", "3", groups="base")]
    assert points(purchase(10_000), rule(), BONUS, *promotions) == 650


def test_the_running_total_is_what_the_multipliers_of_the_base_made():
    assert points(purchase(10_000), rule(), running("a", "2"), times("b", "3"), times("c", "1.5")) == 700


def test_a_tier_multiplies_the_base_and_not_the_bonus():
    """C5-X1: 120 euro, Gold 1.5, 50 for shoes: 180 + 50."""
    tier = rule("tier", "tier_multiplier", {"groups": "base"})
    assert points(purchase(12_000), rule(), BONUS, tier, tier="gold") == 230


def test_without_groups_everything_is_multiplied():
    assert points(purchase(10_000), rule(), BONUS, times("double", "2")) == 300


def test_a_factor_below_one_takes_points_away_and_never_more_than_there_are():
    assert points(purchase(10_000), rule(), times("half", "0.5")) == 50
    assert points(purchase(10_000), rule(), *[times(code, "0.25") for code in "abc"]) == 0
    assert points(purchase(10_000), rule(), *[times(code, "0.25") for code in "abc"], running("x", "5")) == 0


MIXED = purchase(10_000, line(3_000, "S", category="shoes"), line(5_000, "H", category="hats"))


def test_a_multiplier_of_a_category_multiplies_what_its_lines_earned():
    """30 of 100 points are of shoes; 20 are of money that no line names."""
    assert points(MIXED, rule(), times("double", "2", conditions=SHOES)) == 130


def test_a_multiplier_of_a_category_says_how_much_it_multiplied():
    [row] = earn(MIXED, rule(), times("double", "2", conditions=SHOES)).trace["rules"]
    [by] = row["multiplied_by"]
    assert (row["exact"], row["points"], by["factor"], by["of"]) == ("100", 130, "2", "30")


def test_multipliers_of_different_lines_do_not_touch_each_other():
    both = [times("shoes", "2", conditions=SHOES), times("hats", "3", conditions={"products": ["H"]})]
    assert points(MIXED, rule(), *both) == 100 + 30 + 100


def test_on_a_line_of_both_the_surplus_adds_up_or_compounds():
    shoes = {"conditions": SHOES}
    assert points(MIXED, rule(), times("a", "2", **shoes), times("b", "3")) == 70 * 3 + 30 * 4
    third = times("b", "3", {"applies_to": "running"}, **shoes)
    assert points(MIXED, rule(), times("a", "2", **shoes), third) == 70 + 30 * 6


def test_a_line_that_loses_all_its_points_takes_none_from_the_others():
    thirds = [times(code, "0.25", conditions=SHOES) for code in "abc"]
    assert points(MIXED, rule(), *thirds) == 70


def test_it_multiplies_only_those_of_its_lines_that_the_other_rule_counts():
    hats = rule("hats", params={"points": "1", "per": "1"}, conditions={"categories": ["hats"]})
    assert points(MIXED, hats, times("double", "2", conditions=SHOES)) == 50
    assert "multiplied_by" not in earn(MIXED, hats, times("double", "2", conditions=SHOES)).trace["rules"][0]


@pytest.mark.parametrize(
    ("kind", "params", "expected"),
    [
        pytest.param("per_visit", {"points": "10"}, 10, id="points per visit are of no line"),
        pytest.param("fixed", {"points": "10", "events": "purchase"}, 10, id="fixed points are of no line"),
        pytest.param("per_unit", {"points": "10"}, 40, id="three units of four are shoes"),
        pytest.param(
            "per_amount", {"points": "7", "per": "60", "whole_steps": True}, 9, id="whole steps, shared by money"
        ),
    ],
)
def test_points_are_of_lines_where_they_are_in_proportion(kind, params, expected):
    bought = purchase(8_000, line(3_000, "S", category="shoes", quantity=3), line(5_000, "H", quantity=1))
    double = times("double", "2", conditions=SHOES)
    given = earn(bought, rule(kind=kind, params=params), double)
    whole = {"per_unit": 70}.get(kind, expected)
    assert given.points == {"points": whole}


def test_without_money_in_any_line_a_multiplier_of_lines_multiplies_nothing():
    free = purchase(0, line(0, "S", category="shoes"))
    assert points(free, rule(), times("double", "2", conditions=SHOES)) == 0


def test_lines_that_are_rounded_each_are_multiplied_each():
    """1.99 gives 1 and doubled 3, in each of two lines; the third line is of hats."""
    lines = [line(199, "S", category="shoes"), line(199, "S", category="shoes"), line(199, "H", category="hats")]
    given = points(purchase(597, *lines), rule(), times("double", "2", conditions=SHOES), round_per="line")
    assert given == 3 + 3 + 1


def test_what_caps_cut_is_known_for_each_multiplier():
    cap = {"code": "cap", "name": "Cap", "currency": "points", "limit": 1_000_000, "scope": "transaction"}
    double = times("double", "2", conditions=SHOES)
    wanted = program(rule(), double, running("more", "1.5")) | {"caps": [cap]}
    assert document.check(wanted) == []
    made = compiling.build(document.normal(wanted))
    earned = earning.evaluate(made, earning.basket(MIXED, made), Facts())
    assert [(part.rule, part.points) for part in earned.parts] == [("base", 100), ("double", 30), ("more", 65)]
    assert earned.points == {"points": 195}


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"factor": 0}, "rules[0].params.factor: must be positive"),
        ({"factor": "-2"}, "rules[0].params.factor: must be positive"),
        ({"factor": "1.0"}, "rules[0].params.factor: must not be 1, which changes nothing"),
        ({"factor": 1001}, "rules[0].params.factor: must be at most 1000"),
        ({}, "rules[0].params.factor: is missing"),
        ({"factor": 2, "applies_to": "all"}, "rules[0].params.applies_to: select a valid choice"),
        ({"factor": 2, "groups": "base; x"}, "rules[0].params.groups: “base; x” is no group"),
        ({"factor": 2, "groups": "base,,x"}, "rules[0].params.groups: “” is no group"),
    ],
)
def test_a_factor_that_cannot_be_meant_is_refused_at_its_field(params, why):
    [problem] = document.check(program(rule("a", "multiplier", params)))
    assert str(problem).startswith(why)


def test_a_multiplier_of_a_group_that_nobody_gives_in_is_warned_of():
    found = [str(one) for one in document.lint(program(rule(), times("a", "2", {"groups": "base, shoes"})))]
    why = "multiplies nothing of it: no other rule gives “points” in the group “shoes”"
    assert f"rules[1].params.groups: {why}" in found
    assert not any("“base”" in one for one in found)


def test_one_without_condition_fires_for_everybody():
    assert compiled(rule(), times("a", "2")).listening("purchase").multipliers[0].kind.points(None, None, None) == [2]
