"""Money off that tills are told of: what each rule takes off, and how discounts stand to each other (C2, C5, C7)."""

import pytest

from programs import checks, document
from tests.support.discounted import discount
from tests.support.examples import earn, line, nearest, program, purchase, rule


def earned(rules, *lines, **options):
    """What a purchase of such lines earns, of which its till has taken off what the lines say."""
    lines = lines or (line(10_000),)
    return earn(purchase(sum(one.price for one in lines), *lines), *rules, **options)


def taken(rules, *lines, **options):
    """{rule: minor units} that these rules take off."""
    return {row["rule"]: row["amount"] for row in earned(rules, *lines, **options).trace.get("discounts", ())}


@pytest.mark.parametrize(
    ("params", "listed", "off"),
    [
        ({"percent": "10"}, 10_000, 1_000),
        ({"percent": "10"}, 9_999, 999),
        ({"percent": "0.01"}, 9_999, 0),
        ({"percent": "0.01"}, 10_000, 1),
        ({"percent": "100"}, 9_999, 9_999),
        ({"percent": "12.5", "most": "5"}, 3_999, 499),
        ({"percent": "12.5", "most": "5"}, 4_000, 500),
        ({"percent": "12.5", "most": "5"}, 40_000, 500),
        ({"amount": "5"}, 10_000, 500),
        ({"amount": "5"}, 300, 300),
        ({"amount": "0.009"}, 10_000, 0),
    ],
)
def test_a_part_or_an_amount_comes_off_rounded_down_once(params, listed, off):
    assert taken([discount(**params)], line(listed)) == {"off": off}


def test_it_is_rounded_once_for_all_lines_also_where_points_are_rounded_for_each():
    lines = [line(195), line(195), line(195)]
    assert taken([discount()], *lines, round_per="line") == {"off": 58}


def test_it_counts_the_lines_that_its_conditions_choose():
    rules = [discount(conditions={"categories": ["shoes"]})]
    assert taken(rules, line(10_000, category="shoes"), line(5_000, category="hats")) == {"off": 1_000}
    assert taken(rules, line(5_000, category="hats")) == {}


def test_conditions_on_money_ask_what_the_order_costs_before_any_discount():
    rules = [discount(conditions={"amount": {"least": "50"}})]
    assert taken(rules, line(5_000)) == {"off": 500}
    assert taken(rules, line(4_999)) == {}


def test_what_the_till_has_taken_off_already_counts_as_before():
    rules = [discount(percent=30, conditions={"amount": {"least": "100"}})]
    assert taken(rules, line(10_000)) == taken(rules, line(10_000, discount=3_000)) == {"off": 3_000}


def test_it_counts_tax_but_no_shipping_and_whatever_paid_for_it():
    lines = line(6_000, tax=1_000), line(4_000)
    order = purchase(10_500, *lines, shipping=500, tax=1_000, gift_card=10_500)
    [row] = earn(order, discount()).trace["discounts"]
    assert row["amount"] == 1_000


def test_without_lines_it_counts_what_was_paid_but_for_shipping():
    [row] = earn(purchase(10_500, shipping=500, gift_card=10_500), discount()).trace["discounts"]
    assert row["amount"] == 1_000


def test_nothing_comes_off_what_costs_nothing():
    assert taken([discount()], line(0)) == {}


def test_it_gives_no_points_and_keeps_nobody_from_them():
    made = earned([discount(stacking="exclusive", priority=1), rule("base")])
    assert made.points == {"points": 100}
    assert [row["rule"] for row in made.trace["rules"]] == ["base"]
    [row] = made.trace["discounts"]
    expected = {"rule": "off", "name": "Off", "version": 1, "money": "EUR", "exact": "10", "amount": 1_000}
    assert row == expected


def test_what_is_about_some_lines_says_which():
    rules = [discount(conditions={"categories": ["shoes"]})]
    made = earned(rules, line(100, category="hats"), line(100, category="shoes"))
    assert made.trace["discounts"][0]["lines"] == [1]


# How discounts stand to each other.


def test_of_a_group_the_best_counts_and_groups_add_up():
    rules = [discount("a", percent=10), discount("b", percent=20), discount("c", group="other", amount=5)]
    assert taken(rules) == {"b": 2_000, "c": 500}


@pytest.mark.parametrize(
    ("choice", "left"), [("", {"b"}), ("highest", {"b"}), ("lowest", {"a"}), ("newest", {"a"}), ("all", {"a", "b"})]
)
def test_the_choice_of_a_group_says_which_counts(choice, left):
    rules = [discount("a", choice=choice, starts_on="2025-02-01"), discount("b", percent=20, starts_on="2025-01-01")]
    assert taken(rules).keys() == left


def test_the_choice_of_a_group_of_points_says_nothing_of_discounts_in_it():
    rules = [discount("a", amount=1), discount("b", amount=2)]
    made = [*rules, discount("c", kind="fixed", params={"points": "1", "events": "visit"}, choice="all")]
    assert taken(made) == {"b": 200}


def test_one_that_is_alone_or_stops_others_does_so_among_discounts():
    others = [discount("b", group="b", priority=50), discount("c", group="c", priority=200)]
    assert taken([discount("a", stacking="exclusive"), *others]) == {"a": 1_000}
    assert taken([discount("a", stacking="stops"), *others]) == {"a": 1_000, "b": 1_000}


def test_who_does_not_count_is_named_with_the_money_that_it_would_have_taken_off():
    [beaten] = earned([discount("a"), discount("b", amount=20)]).trace["beaten"]
    assert (beaten["rule"], beaten["exact"], beaten["money"], beaten["by"]) == ("a", "10", "EUR", "b")


def test_the_nearest_that_took_nothing_off_says_what_it_missed():
    rules = [discount(conditions={"amount": {"least": "50"}})]
    assert "45" in nearest(purchase(4_000, line(4_500, discount=500)), *rules)


def test_together_they_take_off_no_more_than_it_costs_and_the_later_ones_have_the_rest():
    rules = [discount("a", group="a", percent=80, priority=2), discount("b", group="b", percent=70, priority=1)]
    assert taken(rules) == {"b": 7_000, "a": 3_000}
    assert taken([*rules, discount("c", group="c", amount=5, priority=3)])["c"] == 0


def test_they_take_off_each_line_no_more_than_it_costs():
    rules = [
        discount("shoes", group="a", percent=100, conditions={"categories": ["shoes"]}, priority=1),
        discount("more", group="b", percent=50, conditions={"categories": ["shoes"]}, priority=2),
        discount("all", group="c", percent=50, priority=3),
    ]
    lines = line(10_000, category="shoes"), line(4_000, category="hats")
    assert taken(rules, *lines) == {"shoes": 10_000, "more": 0, "all": 4_000}


def test_lines_that_are_alike_are_still_two():
    shoes = line(1_000, category="shoes"), line(1_000, category="shoes")
    assert taken([discount(percent=100, conditions={"categories": ["shoes"]})], *shoes) == {"off": 2_000}


# What is refused.


@pytest.mark.parametrize(
    ("params", "path", "words"),
    [
        ({}, "params.percent", "say how many percent are taken off, or which amount"),
        ({"percent": "10", "amount": "5"}, "params.amount", "say either a percent or an amount"),
        ({"amount": "5", "most": "4"}, "params.most", "an amount is its own most"),
        ({"percent": "0"}, "params.percent", "must be at least 0.01"),
        ({"percent": "10.001"}, "params.percent", "decimal place"),
        ({"percent": "100.01"}, "params.percent", "must be at most 100"),
        ({"amount": "0"}, "params.amount", "must be positive"),
        ({"percent": "10", "most": "-1"}, "params.most", "must be positive"),
        ({"percent": "ten"}, "params.percent", "enter a number"),
    ],
)
def test_what_says_no_discount_is_refused_at_its_field(params, path, words):
    [problem] = checks.parameters("discount", params)
    assert problem.path == path
    assert words in problem.message.lower()


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"rule": "off"}, "caps[0].measure", "the rule takes money off and gives no points"),
        ({"rule": "off", "measure": "money"}, "caps[0].measure", "the rule takes money off and gives no points"),
        ({"rule": "base", "measure": "discount"}, "caps[0].measure", "the rule takes no money off"),
    ],
)
def test_a_cap_measures_what_its_rule_gives(fields, path, words):
    made = program(rule("base"), discount(), points={"cost_per_point": "0.01"})
    made["caps"] = [{"code": "c", "name": "C", "currency": "points", "limit": 5} | fields]
    [problem] = document.check(made)
    assert problem.path == path
    assert problem.message.startswith(words)


def test_two_choices_of_one_group_of_discounts_are_refused_whatever_their_currencies():
    rules = [discount("a", choice="all"), discount("b", choice="lowest", currency="status")]
    [problem] = document.check(program(*rules))
    assert problem.path == "rules[1].choice"


def test_it_comes_back_from_a_document_as_it_went_in():
    made = document.normal(program(discount(percent="12.50", most=5, starts_on="2025-01-01")))
    assert made["rules"][0]["params"] == {"percent": "12.5", "most": "5"}
    assert document.normal(made) == made
