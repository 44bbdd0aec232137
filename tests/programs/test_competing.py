"""Which of several rules count? Groups, exclusive rules and rules that stop others. (semantics C5-R1, C7)"""

import pytest

from programs import compiling, document, earning
from programs.rules.base import Facts
from tests.support.examples import compiled, earn, points, program, purchase, rule


def fixed(code, number, **fields):
    return rule(code, "fixed", {"points": str(number), "events": "purchase"}, **fields)


def times(code, factor, **fields):
    return rule(code, "multiplier", {"factor": str(factor)}, **fields)


def fired(*rules, **options):
    return {row["rule"] for row in earn(purchase(10_000), *rules, **options).trace["rules"]}


def beaten(*rules):
    return {row["rule"]: (row["by"], row.get("why")) for row in earn(purchase(10_000), *rules).trace["beaten"]}


# Groups.


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("", 8), ("highest", 8), ("lowest", 5), ("newest", 6), ("all", 19)],
)
def test_a_group_has_a_choice(choice, expected):
    """C7-R4"""
    rules = [fixed("a", 5, choice=choice), fixed("b", 8, starts_on="2025-01-01")]
    assert points(purchase(10_000), *rules, fixed("c", 6, starts_on="2025-02-01")) == expected


def test_what_one_rule_says_holds_for_its_group_also_while_it_is_switched_off():
    rules = [fixed("a", 5, choice="lowest", is_active=False), fixed("b", 8), fixed("c", 6)]
    assert points(purchase(10_000), *rules) == 6


def test_it_holds_for_no_other_group_and_no_other_currency():
    rules = [
        fixed("a", 5, choice="all"),
        fixed("b", 8),
        fixed("c", 1, group="other"),
        fixed("d", 2, group="other"),
        fixed("e", 3, currency="status"),
        fixed("f", 4, currency="status"),
    ]
    assert earn(purchase(10_000), *rules).points == {"points": 5 + 8 + 2, "status": 4}


def test_of_equally_new_rules_the_one_of_the_lower_priority_number_counts():
    assert fired(fixed("a", 5, choice="newest", priority=9), fixed("b", 4, priority=8)) == {"b"}


def test_the_trace_tells_by_which_choice_a_rule_was_beaten():
    assert beaten(fixed("a", 5, choice="lowest"), fixed("b", 8)) == {"b": ("a", "lowest")}
    assert beaten(fixed("a", 5), fixed("b", 8)) == {"a": ("b", None)}


PROMOTIONS = [times("double", 2, group="promo"), times("triple", 3, group="promo"), fixed("bonus", 50, group="promo")]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        pytest.param("highest", 300, id="C7-X1: exclusive in the group, 3x is best"),
        pytest.param("newest", 150, id="C7-X1: newest wins, and +50 is the newest"),
        pytest.param("lowest", 150, id="+50 gives least"),
        pytest.param("", (100 + 50) * 4, id="multipliers add up, and multiply the bonus, too"),
        pytest.param("all", (100 + 50) * 4, id="all of them"),
    ],
)
def test_in_a_group_that_lets_one_count_a_multiplier_stands_against_a_bonus(choice, expected):
    bonus = PROMOTIONS[2] | {"choice": choice, "starts_on": "2025-03-01"}
    assert points(purchase(10_000), rule(), *PROMOTIONS[:2], bonus) == expected


def test_multipliers_of_such_a_group_are_told_as_beaten_by_what_they_would_have_added():
    bonus = PROMOTIONS[2] | {"choice": "highest"}
    rows = earn(purchase(10_000), rule(), *PROMOTIONS[:2], bonus).trace["beaten"]
    assert {row["rule"]: row["exact"] for row in rows} == {"double": "100", "bonus": "50"}
    assert {row["by"] for row in rows} == {"triple"}


# Exclusive rules.


def test_an_exclusive_rule_that_gives_is_alone_whatever_others_give():
    """C7-R3"""
    rules = [rule(), fixed("bonus", 5, stacking="exclusive", group="bonus"), fixed("more", 7, group="more")]
    assert points(purchase(10_000), *rules) == 5
    assert beaten(*rules) == {"base": ("bonus", "exclusive"), "more": ("bonus", "exclusive")}


def test_of_exclusive_rules_the_first_by_priority_wins():
    """C7-R3"""
    rules = [
        fixed("a", 90, stacking="exclusive", priority=2),
        fixed("b", 5, stacking="exclusive", priority=1, group="b"),
        fixed("c", 70, priority=0),
    ]
    assert fired(*rules) == {"b"}


def test_an_exclusive_rule_that_gives_nothing_excludes_nobody():
    silent = fixed("a", 5, stacking="exclusive", conditions={"channels": ["web"]}, group="a")
    assert points(purchase(10_000), rule(), silent) == 100
    free = rule("free", stacking="exclusive", group="free", conditions={"products": ["none"]})
    assert points(purchase(10_000), rule(), free) == 100
    assert points(purchase(0), rule("zero", stacking="exclusive", group="z"), fixed("b", 4)) == 4


def test_it_excludes_no_rule_of_another_currency_and_no_multiplier():
    rules = [
        fixed("a", 5, stacking="exclusive"),
        rule(),
        rule("status", currency="status"),
        times("double", 2, group="double"),
    ]
    assert earn(purchase(10_000), *rules).points == {"points": 10, "status": 100}


def test_an_exclusive_multiplier_excludes_other_multipliers():
    rules = [rule(), times("a", 2, stacking="exclusive", priority=5), times("b", 3), times("c", 4, priority=1)]
    assert points(purchase(10_000), *rules) == 200
    assert beaten(*rules) == {"b": ("a", "exclusive"), "c": ("a", "exclusive")}


# Rules that stop others.


def test_a_rule_that_stops_keeps_those_ahead_of_it_and_of_the_same_priority():
    rules = [
        fixed("ahead", 1, priority=1, group="a"),
        fixed("stop", 2, priority=2, group="b", stacking="stops"),
        fixed("beside", 4, priority=2, group="c"),
        fixed("behind", 8, priority=3, group="d"),
        fixed("last", 16, priority=4, group="e", stacking="stops"),
    ]
    assert fired(*rules) == {"ahead", "stop", "beside"}
    assert beaten(*rules) == {"behind": ("stop", "stops"), "last": ("stop", "stops")}


def test_a_rule_that_gives_nothing_stops_nobody():
    silent = fixed("a", 5, stacking="stops", priority=1, group="a", conditions={"channels": ["web"]})
    assert points(purchase(10_000), rule(), silent) == 100


def test_a_better_rule_of_its_group_does_not_undo_what_it_stops():
    rules = [
        fixed("better", 9, priority=1),
        fixed("stop", 2, priority=2, stacking="stops"),
        fixed("behind", 8, priority=3, group="d"),
    ]
    assert fired(*rules) == {"better"}


def test_an_exclusive_rule_goes_before_one_that_stops():
    rules = [
        fixed("stop", 2, priority=1, group="a", stacking="stops"),
        fixed("alone", 3, priority=2, group="b", stacking="exclusive"),
    ]
    assert fired(*rules) == {"alone"}


def test_a_multiplier_that_stops_keeps_other_multipliers_behind_it_out():
    rules = [rule(), times("a", 2, stacking="stops", priority=1), times("b", 3)]
    assert points(purchase(10_000), *rules) == 200


# Documents.


def test_rules_of_one_group_say_one_choice():
    wrong = program(fixed("a", 1, choice="all"), fixed("b", 2, choice="all"), fixed("c", 3, choice="lowest"))
    [problem] = document.check(wrong)
    assert str(problem) == "rules[2].choice: the rule “a” of the same group says all; a group has one choice"
    assert document.check(program(fixed("a", 1, choice="all"), fixed("b", 2, choice="lowest", group="b"))) == []
    apart = program(fixed("a", 1, choice="all"), fixed("b", 2, choice="lowest", currency="status"))
    assert document.check(apart) == []


def test_a_rule_for_an_occasion_says_no_choice():
    birthday = rule("a", "occasion", {"occasion": "birthday", "points": "5"}, choice="all")
    [problem] = document.check(program(birthday))
    assert str(problem).startswith("rules[0].choice: of rules for occasions of a group the one that gives most")


@pytest.mark.parametrize("field", ["stacking", "choice"])
def test_what_is_no_choice_is_refused(field):
    [problem] = document.check(program(rule(**{field: "sometimes"})))
    assert str(problem).startswith(f"rules[0].{field}: ")


def test_a_version_of_before_that_does_not_say_it_counts_as_before():
    wanted = document.normal(program(fixed("a", 5), fixed("b", 8)))
    for spec in wanted["rules"]:
        assert (spec.pop("stacking"), spec.pop("choice")) == ("stackable", "")
    made = compiling.build(wanted)
    assert earning.evaluate(made, earning.basket(purchase(1), made), Facts()).points == {"points": 8}
    assert made.rules[0].stacking == compiled(fixed("a", 5)).rules[0].stacking
