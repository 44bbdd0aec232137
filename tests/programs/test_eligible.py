"""What of an order may earn when its parts overlap, and what each of its lines has of it? (semantics C2)"""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners import paid
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


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((line(10_000, "A", tax=1_600),), id="a discount of the order"),
        pytest.param((line(5_500, "A", tax=800, discount=500),), id="a discount of its line"),
        pytest.param((line(6_000, "A", tax=960), line(4_000, "B", tax=640)), id="two lines"),
        pytest.param((line(5_001, "A", tax=800),), id="a cent of rounding"),
    ],
)
def test_a_line_has_the_tax_of_what_was_paid_for_it(lines):
    assert points(purchase(6_000, *lines, **OVERLAP), rule()) == 42


@pytest.mark.parametrize(
    ("lines", "tax", "assumed"),
    [
        pytest.param((line(2_000, tax=300), line(3_000)), 1_000, 0, id="a line that does not say its tax"),
        pytest.param((line(2_000, tax=300), line(3_000)), 451, 151, id="books and their shipping at another rate"),
        pytest.param((line(2_000, tax=300), line(3_000)), 452, 0, id="more than the highest rate of the lines"),
        pytest.param((line(5_000, tax=200),), 413, 213, id="the highest rate of any country"),
        pytest.param((line(5_000, tax=200),), 414, 0, id="more than that"),
        pytest.param((line(5_000, tax=1_500),), 1_800, 300, id="a line with a higher rate still"),
        pytest.param((line(5_000, tax=800), line(0)), 1_000, 200, id="a gift says no tax"),
        pytest.param((line(5_000, tax=800),), 700, 0, id="less than that of the lines"),
    ],
)
def test_tax_on_shipping_is_assumed_where_shipping_can_have_it(lines, tax, assumed):
    assert paid.shipping_tax(purchase(6_000, *lines, tax=tax, shipping=1_000)) == assumed


def test_lines_that_leave_more_tax_than_shipping_can_have_leave_none_on_it():
    assert points(purchase(6_000, line(2_000, tax=300), line(3_000), **OVERLAP), rule()) == 40


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


@pytest.mark.parametrize(("shipping", "expected"), [(False, 20), (True, 30)])
def test_what_earns_bears_gift_cards_and_shipping_that_earns_nothing_bears_none(shipping, expected):
    order = purchase(6_000, line(5_000, "A"), shipping=1_000, gift_card=3_000)
    assert points(order, rule(), earns_on_shipping=shipping) == expected
    assert points(purchase(6_000, shipping=1_000, gift_card=3_000), rule(), earns_on_shipping=shipping) == expected


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
