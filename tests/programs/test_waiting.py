"""A rule may give something only if another one does: it is judged after that one, and never keeps it out."""

import pytest

from programs import document
from tests.support.examples import compiled, earn, line, nearest, points, program, purchase, rule
from transactions.proof import sentences

SHOES = {"categories": ["shoes"]}
WITH_SHOES = purchase(1_000, line(600, category="shoes"), line(400, category="hats"))
HATS = purchase(1_000, line(1_000, category="hats"))


def fixed(code, number, **fields):
    return rule(code, "fixed", {"points": str(number), "events": "purchase"}, **({"group": code} | fields))


def after(code, number, *others, **fields):
    """A rule that gives so many points only if one of the others gives something."""
    return fixed(code, number, conditions={"only_if": list(others)}, **fields)


BUYS_SHOES = fixed("shoes", 5, conditions=SHOES)


def beaten(earned):
    return [(row["rule"], row["by"], row.get("why")) for row in earned.trace.get("beaten", [])]


def test_it_gives_only_where_the_other_one_does():
    rules = BUYS_SHOES, after("more", 100, "shoes")
    assert points(WITH_SHOES, *rules) == 105
    earned = earn(HATS, *rules)
    assert earned.points == {}


def test_what_was_missing_is_said():
    assert nearest(HATS, fixed("a", 1, ends_on="2025-01-01"), after("more", 100, "a")) == (
        "none of these rules gave anything: a"
    )


def test_one_of_several_is_enough():
    rules = BUYS_SHOES, fixed("hats", 1, conditions={"categories": ["hats"]}), after("more", 100, "hats", "shoes")
    assert points(HATS, *rules) == 101


def test_it_may_wait_for_a_rule_of_another_currency():
    assert points(WITH_SHOES, fixed("status", 1, currency="status"), after("more", 100, "status")) == 100


def test_they_may_stand_in_a_row_in_whatever_order():
    rules = after("a", 1, "b"), after("b", 10, "c"), after("c", 100, "shoes"), BUYS_SHOES
    assert points(WITH_SHOES, *rules) == 116
    assert points(HATS, *rules) == 0


def test_a_rule_that_loses_in_its_group_gives_nothing():
    rules = fixed("small", 5, group="g"), fixed("large", 9, group="g"), after("more", 100, "small")
    assert points(HATS, *rules) == 9


def test_a_rule_that_is_stopped_gives_nothing():
    rules = fixed("alone", 9, stacking="exclusive"), fixed("small", 5), after("more", 100, "small", currency="status")
    assert earn(HATS, *rules).points == {"points": 9}


def test_a_rule_that_is_rounded_to_nothing_gives_nothing():
    rules = rule("tenth", params={"points": "1", "per": "100"}), after("more", 100, "tenth")
    assert points(HATS, *rules) == 0
    assert points(purchase(10_000), *rules) == 101


def test_a_rule_out_of_season_gives_nothing():
    assert points(HATS, fixed("old", 5, ends_on="2025-03-02"), after("more", 100, "old")) == 0


def test_it_competes_with_all_others_of_its_group():
    rules = BUYS_SHOES, fixed("rival", 50, group="g"), after("more", 100, "shoes", group="g")
    earned = earn(WITH_SHOES, *rules)
    assert earned.points == {"points": 105}
    assert beaten(earned) == [("rival", "more", None)]
    assert points(HATS, *rules) == 50


def test_of_equal_ones_that_of_the_lower_priority_wins_as_ever():
    early = after("early", 50, "shoes", group="g", priority=1)
    earned = earn(WITH_SHOES, BUYS_SHOES, fixed("late", 50, group="g", priority=2), early)
    assert [row["rule"] for row in earned.trace["rules"]] == ["early", "shoes"]


def test_it_never_keeps_out_the_one_that_it_waits_for():
    """The best of the group would be the one that is nothing without the other."""
    rules = fixed("small", 5, group="g"), after("large", 100, "small", group="g")
    earned = earn(HATS, *rules)
    assert earned.points == {"points": 5}
    assert beaten(earned) == [("large", "small", "awaited")]
    said = sentences.explain(earned.trace, compiled(*rules).currencies)
    assert said[-1].endswith("but rule small counts, for which it waits, and both together cannot be as it asks.")


def test_neither_does_one_that_lets_no_other_give():
    rules = fixed("small", 5), after("alone", 100, "small", stacking="exclusive")
    earned = earn(HATS, *rules)
    assert earned.points == {"points": 5}
    assert beaten(earned) == [("alone", "small", "awaited")]


def test_who_falls_back_lets_count_what_it_had_beaten():
    rules = (
        fixed("small", 5, group="g"),
        after("large", 100, "small", group="g"),
        after("third", 7, "large"),
        fixed("fourth", 3, conditions={"not": {"only_if": ["large"]}}),
    )
    assert points(HATS, *rules) == 5 + 3


def test_it_may_ask_that_another_one_gives_nothing():
    rules = BUYS_SHOES, fixed("consolation", 1, conditions={"not": {"only_if": ["shoes"]}})
    assert points(WITH_SHOES, *rules) == 5
    assert points(HATS, *rules) == 1


def test_it_may_be_one_condition_of_several():
    rules = BUYS_SHOES, fixed("more", 100, conditions={"any": [{"only_if": ["shoes"]}, {"codes": ["X"]}]})
    assert points(WITH_SHOES, *rules) == 105
    assert points(HATS, *rules) == 0
    assert points(purchase(1_000, code="X"), *rules) == 100


def test_it_counts_the_lines_that_its_own_conditions_choose():
    hats = rule("hats", group="hats", conditions={"only_if": ["shoes"], "categories": ["hats"]})
    assert points(WITH_SHOES, BUYS_SHOES, hats) == 5 + 4


def test_a_multiplier_may_wait_too():
    double = rule("double", "multiplier", {"factor": "2"}, conditions={"only_if": ["shoes"]}, group="x")
    assert points(WITH_SHOES, rule(), BUYS_SHOES, double) == 30
    assert points(HATS, rule(), BUYS_SHOES, double) == 10


def test_a_multiplier_of_lines_multiplies_those_only():
    only = {"only_if": ["shoes"], "categories": ["hats"]}
    double = rule("double", "multiplier", {"factor": "2"}, conditions=only, group="x")
    assert points(WITH_SHOES, rule(), BUYS_SHOES, double) == 10 + 4 + 5


def test_activity_without_points_may_wait_too():
    alive = rule("alive", "no_points", {"events": "purchase"}, conditions={"only_if": ["shoes"]})
    assert earn(WITH_SHOES, BUYS_SHOES, alive).alive == {"points"}
    assert earn(HATS, rule(), BUYS_SHOES, alive).alive == frozenset()


def refused(*rules):
    return [str(problem) for problem in document.check(program(*rules))]


AT = "rules[0].conditions.only_if"
WRONG = [
    ([after("a", 1, "b", "moon")], [f"{AT}: none called b, moon is a rule of the program"]),
    ([after("a", 1, "a")], [f"{AT}: the rule would wait for itself: a → a"]),
    (
        [after("a", 1, "b"), after("b", 1, "c"), after("c", 1, "a")],
        [
            f"{AT}: the rule would wait for itself: a → b → c → a",
            f"{AT.replace('0', '1')}: the rule would wait for itself: b → c → a → b",
            f"{AT.replace('0', '2')}: the rule would wait for itself: c → a → b → c",
        ],
    ),
    (
        [after("a", 1, "double"), rule("double", "multiplier", {"factor": "2"})],
        [f"{AT}: “double” gives no points by itself; name rules that do"],
    ),
    (
        [after("a", 1, "alive"), rule("alive", "no_points", {"events": "visit"})],
        [f"{AT}: “alive” gives no points by itself; name rules that do"],
    ),
    (
        [fixed("a", 1, conditions={"only_if": []})],
        [f"{AT}: must be a list of 1 to 1000 codes of rules that give points"],
    ),
    (
        [fixed("a", 1, conditions={"not": {"only_if": ["b"]}})],
        ["rules[0].conditions.not.only_if: none called b is a rule of the program"],
    ),
]


@pytest.mark.parametrize(("rules", "words"), WRONG)
def test_what_cannot_be_waited_for_is_refused(rules, words):
    assert refused(*rules) == words


def test_a_rule_may_wait_for_one_that_stands_behind_it():
    assert refused(after("a", 1, "b"), fixed("b", 1)) == []
