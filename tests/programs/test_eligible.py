"""What of an order may earn when its parts overlap, and what each of its lines has of it? (semantics C2)"""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programs import earning
from tests.support.examples import compiled, line, points, purchase, rule

#: 60.00, of it 10.00 tax in all and 10.00 shipping, which has 2.00 of that tax; one line of 50.00 with 8.00 of tax.
OVERLAP = {"tax": 1_000, "shipping": 1_000}
LINE = line(5_000, "A", tax=800)

EARNS = [
    ({}, 42),
    ({"earns_on_shipping": True}, 50),
    ({"earns_on_tax": True}, 50),
    ({"earns_on_tax": True, "earns_on_shipping": True}, 60),
]


@pytest.mark.parametrize(("earns", "expected"), EARNS)
def test_c2_x4_the_tax_on_shipping_is_taken_off_once(earns, expected):
    order = purchase(6_000, LINE, **OVERLAP, shipping_tax=200)
    assert points(order, rule(), **earns) == expected
    assert points(purchase(6_000, **OVERLAP, shipping_tax=200), rule(), **earns) == expected


@pytest.mark.parametrize(("earns", "expected"), EARNS)
def test_c2_x4_unsaid_it_is_what_the_lines_leave_of_the_tax(earns, expected):
    assert points(purchase(6_000, LINE, **OVERLAP), rule(), **earns) == expected


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((), id="no lines"),
        pytest.param((line(5_000, "A"),), id="lines that say no tax"),
        pytest.param((line(3_000, "A", tax=500),), id="lines that do not name all goods"),
    ],
)
def test_unsaid_and_not_to_be_seen_no_tax_is_on_shipping(lines):
    assert points(purchase(6_000, *lines, **OVERLAP), rule()) == 40
    assert points(purchase(6_000, *lines, **OVERLAP, shipping_tax=200), rule()) == 42


def test_an_order_that_says_its_shipping_has_no_tax_is_believed():
    assert points(purchase(6_000, LINE, **OVERLAP, shipping_tax=0), rule()) == 40


def test_rules_for_a_line_see_no_shipping_and_no_tax_of_it():
    tea = rule("tea", conditions={"products": ["A"]})
    order = purchase(6_000, LINE, **OVERLAP, shipping_tax=200)
    assert [points(order, tea, **earns) for earns, _ in EARNS] == [42, 42, 50, 50]


def lines_of(order, **earns):
    basket = earning.basket(order, compiled(rule(), **earns))
    assert sum(part.eligible for part in basket.lines) == basket.eligible
    return [(part.sku, part.eligible) for part in basket.lines]


def test_c2_x5_rules_for_some_lines_see_their_share_of_a_discount_of_the_order():
    order = purchase(90_000, line(60_000, "A"), line(40_000, "B"))
    assert lines_of(order) == [("A", 54_000), ("B", 36_000)]
    assert points(order, rule("tea", conditions={"products": ["A"]})) == 540


def test_a_discount_belongs_to_the_lines_that_say_so():
    order = purchase(90_000, line(60_000, "A", discount=10_000), line(40_000, "B"))
    assert lines_of(order) == [("A", 50_000), ("B", 40_000)]


def test_what_is_left_of_a_discount_is_spread_over_what_the_lines_say_was_paid():
    order = purchase(81_000, line(60_000, "A", discount=10_000), line(40_000, "B"))
    assert lines_of(order) == [("A", 45_000), ("B", 36_000)]


@pytest.mark.parametrize("shipping", [{}, {"earns_on_shipping": True}])
def test_shipping_that_earns_gives_nothing_to_the_lines_of_a_discounted_order(shipping):
    order = purchase(91_000, line(60_000, "A"), line(40_000, "B"), shipping=1_000)
    assert lines_of(order, **shipping) == [("A", 54_000), ("B", 36_000)] + ([("", 1_000)] if shipping else [])


@pytest.mark.parametrize("total", [9_999, 10_001])
def test_a_cent_between_lines_and_total_belongs_to_the_lines(total):
    order = purchase(total, line(5_000, "A"), line(5_000, "B"))
    assert lines_of(order) == [("A", Fraction(total, 2)), ("B", Fraction(total, 2))]


def test_more_than_rounding_that_no_line_names_stays_apart():
    assert lines_of(purchase(10_003, line(5_000, "A"), line(5_000, "B"))) == [("A", 5_000), ("B", 5_000), ("", 3)]


def test_gift_cards_pay_for_shipping_as_they_pay_for_lines():
    order = purchase(6_000, line(5_000, "A"), shipping=1_000, gift_card=3_000)
    assert lines_of(order, earns_on_shipping=True) == [("A", 2_500), ("", 500)]


money = st.integers(0, 10_000)


@given(st.lists(st.tuples(money, money), max_size=5), money, money, money, money, st.booleans(), st.booleans())
def test_the_parts_are_always_exactly_the_whole(lines, beside, shipping, tax, gift_card, on_tax, on_shipping):
    named = [line(amount, tax=min(amount, tax), discount=0) for amount, tax in lines]
    total = max(0, sum(one.amount for one in named) + shipping + beside - 5_000)
    shipping = min(shipping, total)
    tax = min(tax, total - shipping)
    order = purchase(total, *named, shipping=shipping, tax=tax, gift_card=min(total, gift_card))
    made = compiled(rule(), earns_on_tax=on_tax, earns_on_shipping=on_shipping)
    basket = earning.basket(order, made)
    assert sum(part.eligible for part in basket.lines) == basket.eligible
    assert all(part.eligible >= 0 for part in basket.lines)
    assert 0 <= basket.shipping <= basket.eligible <= total
