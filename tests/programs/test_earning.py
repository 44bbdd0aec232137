"""In which order are rules evaluated, what adds up, and where is it rounded? (semantics C2, C5)"""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programs import compiling, document, earning, rounding
from programs.rules.base import plain
from tests.support.examples import compiled, earn, line, nearest, points, program, purchase, rule

FIVE = purchase(995, *[line(199)] * 5)


def fixed(code, number, **fields):
    return rule(code, "fixed", {"points": str(number), "events": "purchase"}, **fields)


def test_the_best_rule_of_a_group_wins():
    """C5-R1"""
    earned = earn(purchase(1_000), fixed("small", 5), fixed("large", 8), fixed("middle", 6))
    assert earned.points == {"points": 8}
    assert [row["rule"] for row in earned.trace["rules"]] == ["large"]
    assert {row["rule"]: row["by"] for row in earned.trace["beaten"]} == {"small": "large", "middle": "large"}


def test_groups_add_up():
    """C5-R1"""
    earned = earn(purchase(1_000), fixed("a", 5, group="one"), fixed("b", 8, group="two"))
    assert earned.points == {"points": 13}
    assert "beaten" not in earned.trace


def test_currencies_are_apart_even_in_one_group():
    earned = earn(purchase(1_000), fixed("a", 5), fixed("b", 8, currency="status"))
    assert earned.points == {"points": 5, "status": 8}


@pytest.mark.parametrize(
    ("first", "second", "winner"),
    [
        pytest.param({"priority": 20}, {"priority": 10}, "second", id="the lower priority number"),
        pytest.param({}, {}, "first", id="else the code in alphabetical order"),
    ],
)
def test_of_rules_that_give_the_same_the_first_in_order_wins(first, second, winner):
    earned = earn(purchase(1_000), fixed("second", 5, **second), fixed("first", 5, **first))
    assert [row["rule"] for row in earned.trace["rules"]] == [winner]
    assert earned.points == {"points": 5}


def test_a_better_rule_wins_whatever_its_priority():
    assert points(purchase(1_000), fixed("a", 5, priority=1), fixed("b", 6, priority=9)) == 6


def test_an_inactive_rule_is_not_asked():
    earned = earn(purchase(1_000), fixed("off", 50, is_active=False))
    assert earned.points == {}
    assert "nearest" not in earned.trace


def test_multipliers_add_their_surplus_and_do_not_compound():
    """C7-R2: 10 points at 1.5 and 1.5 are 10 + 5 + 5, not 22.5."""
    twice = [rule("one", "tier_multiplier"), rule("two", "tier_multiplier")]
    earned = earn(purchase(1_000), rule(), *twice, tier="gold")
    assert earned.points == {"points": 20}
    assert [by["rule"] for by in earned.trace["rules"][0]["multiplied_by"]] == ["one", "two"]


def test_a_multiplier_touches_only_its_own_currency():
    rules = [rule(), rule("status", currency="status"), rule("tier", "tier_multiplier")]
    assert earn(purchase(1_000), *rules, tier="gold").points == {"points": 15, "status": 10}


def test_a_multiplier_alone_gives_nothing():
    assert earn(purchase(1_000), rule("tier", "tier_multiplier"), tier="gold").points == {}


def test_it_is_rounded_once_after_the_multiplier():
    """C2-X2: base 4 at 1.5 is 6; and 3.5 at 1.5 is 5.25, not 3 at 1.5."""
    both = [rule(), rule("tier", "tier_multiplier")]
    assert points(purchase(400), *both, tier="gold") == 6
    assert points(purchase(350), *both, tier="gold") == 5


def test_an_order_is_rounded_as_a_whole_or_line_by_line():
    """C2-X1: five lines of 1.99 at one point for each euro."""
    assert points(FIVE, rule()) == 9
    assert points(FIVE, rule(), round_per="line") == 5


ROUNDED = [
    # mode, 1.50, 2.50, 2.01, 2.99
    ("floor", 1, 2, 2, 2),
    ("half_up", 2, 3, 2, 3),
    ("half_even", 2, 2, 2, 3),
    ("ceil", 2, 3, 3, 3),
]


@pytest.mark.parametrize(("mode", "a", "b", "c", "d"), ROUNDED)
def test_each_currency_rounds_in_its_own_way(mode, a, b, c, d):
    """C2-R2"""
    given = [points(purchase(cents), rule(), points={"rounding": mode}) for cents in (150, 250, 201, 299)]
    assert given == [a, b, c, d]


def test_points_with_decimals_count_in_their_smallest_unit():
    """C2-R1: two decimals, 2.99 points are 299."""
    assert points(purchase(299), rule(), points={"decimals": 2}) == 299
    assert points(purchase(299), rule(params={"points": "1", "per": "3"}), points={"decimals": 2}) == 99


@pytest.mark.parametrize(("money", "amount", "expected"), [("JPY", 120, 120), ("EUR", 120, 1), ("KWD", 1_200, 1)])
def test_money_counts_in_the_minor_unit_of_its_currency(money, amount, expected):
    assert points(purchase(amount), rule(), money=money) == expected


EVERYTHING = ("earns_on_tax", "earns_on_shipping", "earns_on_gift_cards", "earns_on_points")
BASE = purchase(10_000, tax=2_000, shipping=500, gift_card=1_000, points_value=300)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 6_200),
        ({"earns_on_tax": True}, 8_200),
        ({"earns_on_shipping": True}, 6_700),
        ({"earns_on_gift_cards": True}, 7_200),
        ({"earns_on_points": True}, 6_500),
        ({"earns_on_tax": True, "earns_on_shipping": True, "earns_on_gift_cards": True}, 9_700),
        (dict.fromkeys(EVERYTHING, True), 10_000),
    ],
)
def test_the_base_is_what_was_paid_without_tax_shipping_gift_cards_and_points(options, expected):
    """C2-!: what is paid with points earns only where the program says so."""
    made = compiled(rule(), **options)
    assert earning.basket(BASE, made).eligible == expected


def test_a_version_of_before_that_does_not_say_it_earns_nothing_on_points():
    wanted = document.normal(program(rule()))
    assert wanted["program"].pop("earns_on_points") is False
    assert earning.basket(BASE, compiling.build(wanted)).eligible == 6_200


def test_the_base_is_never_negative():
    made = compiled(rule())
    assert earning.basket(purchase(100, gift_card=90, points_value=90), made).eligible == 0


def test_each_line_bears_its_share_of_what_was_paid_by_other_means():
    half_paid = purchase(1_000, line(300, "A"), line(700, "B"), gift_card=500)
    basket = earning.basket(half_paid, compiled(rule()))
    assert [part.eligible for part in basket.lines] == [150, 350]


def test_what_no_line_names_earns_as_a_line_of_its_own():
    basket = earning.basket(purchase(1_000, line(600, "A")), compiled(rule()))
    assert [(part.sku, part.eligible, part.quantity) for part in basket.lines] == [("A", 600, 1), ("", 400, 0)]
    assert points(purchase(1_000, line(600, "A")), rule()) == 10


def test_a_line_earns_without_its_tax():
    taxed = purchase(1_200, line(1_200, "A", tax=200), tax=200)
    assert earning.basket(taxed, compiled(rule())).lines[0].eligible == 1_000
    assert earning.basket(taxed, compiled(rule(), earns_on_tax=True)).lines[0].eligible == 1_200


def test_the_trace_explains_the_number():
    """C5-R2"""
    earned = earn(purchase(1_234, tax=34), rule(), rule("tier", "tier_multiplier"), tier="gold")
    assert earned.trace == {
        "version": 0,
        "eligible": "12",
        "local": "2025-03-03T12:30+01:00",
        "tiers": {"main": "gold"},
        "rules": [
            {
                "rule": "base",
                "name": "Base",
                "version": 1,
                "kind": "per_amount",
                "currency": "points",
                "exact": "12",
                "points": 18,
                "multiplied_by": [{"rule": "tier", "name": "Tier", "version": 1, "factor": "1.5"}],
            }
        ],
    }


def test_the_nearest_miss_is_the_rule_with_the_fewest_open_ends():
    far = fixed("far", 5, conditions={"channels": ["web"], "codes": ["X"]}, group="a")
    near = fixed("near", 5, conditions={"channels": ["till"], "codes": ["X"]}, group="b")
    over = fixed("over", 5, ends_on="2025-01-01", group="c")
    earned = earn(purchase(1_000, channel="till"), far, near, over)
    assert earned.trace["nearest"] == {
        "rule": "near",
        "name": "Near",
        "version": 1,
        "why": "code is not given, needs X",
    }


def test_a_rule_whose_conditions_all_hold_is_nearer_than_one_with_an_open_end():
    open_end = rule("a", conditions={"channels": ["web"]})
    too_small = rule("b", params={"points": "1", "per": "1", "minimum": "90"}, conditions={"channels": ["till"]})
    assert nearest(purchase(100, channel="till"), open_end, too_small).startswith("the eligible amount")


def test_of_equally_near_rules_the_first_in_order_is_named():
    pair = [fixed(code, 5, conditions={"channels": ["web"]}) for code in ("b", "a")]
    assert earn(purchase(1_000), *pair).trace["nearest"]["rule"] == "a"


def test_a_rule_of_another_kind_of_activity_is_never_the_nearest():
    review = rule("review", "fixed", {"points": "5", "events": "review"})
    visit = rule("visit", "per_visit", {"points": "5", "counts": "visit"})
    web = rule("web", conditions={"channels": ["web"], "codes": ["X"]})
    assert earn(purchase(1_000, channel="till"), review, visit, web).trace["nearest"]["rule"] == "web"
    assert "nearest" not in earn(purchase(1_000), review, visit).trace
    # A multiplier has nothing to multiply where nothing could have been given.
    assert "nearest" not in earn(purchase(1_000), review, rule("tier", "tier_multiplier")).trace
    assert earn(purchase(0, kind="review"), review, visit, web).points == {"points": 5}


def test_a_currency_that_gets_nothing_is_not_named():
    earned = earn(purchase(0), rule())
    assert earned.points == {}
    assert earned.trace["rules"][0]["points"] == 0


def test_a_rule_that_is_over_says_when():
    assert nearest(purchase(100), fixed("over", 5, ends_on="2025-01-01")) == "it ended on 2025-01-01"
    assert nearest(purchase(100), fixed("early", 5, starts_on="2026-01-01")) == "it starts on 2026-01-01"


exact = st.fractions(min_value=-(10**6), max_value=10**6)


@given(exact)
def test_rounding_stays_within_one_and_knows_its_direction(number):
    low, high = rounding.round_to(number, "floor"), rounding.round_to(number, "ceil")
    assert low <= number <= high
    assert high - low == (0 if number.denominator == 1 else 1)
    for mode in ("half_up", "half_even"):
        assert abs(rounding.round_to(number, mode) - number) <= Fraction(1, 2)
    assert rounding.round_to(number, "half_even") == round(number)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8), st.integers(0, 10**6))
def test_lines_always_share_exactly_what_may_earn(amounts, gift_card):
    bought = purchase(sum(amounts), *[line(amount) for amount in amounts], gift_card=gift_card)
    basket = earning.basket(bought, compiled(rule()))
    assert sum(part.eligible for part in basket.lines) == basket.eligible == max(0, sum(amounts) - gift_card)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8))
def test_rounding_down_line_by_line_never_gives_more_than_the_order(amounts):
    bought = purchase(sum(amounts), *[line(amount) for amount in amounts])
    whole = points(bought, rule())
    assert whole - len(amounts) < points(bought, rule(), round_per="line") <= whole


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (5, "5"),
        (Fraction(5, 2), "2.5"),
        (Fraction(1, 3), "0.333333"),
        (Fraction(1, 10**7), "0"),
        (Fraction(-1, 2), "-0.5"),
    ],
)
def test_exact_numbers_are_written_short(number, text):
    assert plain(number) == text
