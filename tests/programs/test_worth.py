"""What are points worth? Money is rounded down, points are rounded up (semantics C2-R4)."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programs import worth
from programs.worth import Worth

CENT = worth.price(Decimal("0.0075"), major=100)


@pytest.mark.parametrize(
    ("offered", "used", "money"),
    [
        pytest.param(1_233, 1_232, 924, id="C2-X3: one point would add nothing and stays"),
        pytest.param(1_232, 1_232, 924, id="C2-X3: as few as that are enough"),
        pytest.param(1_234, 1_234, 925, id="C2-X3: one more buys another cent"),
        (0, 0, 0),
        (1, 0, 0),
    ],
)
def test_points_buy_whole_cents_and_the_rest_stays(offered, used, money):
    assert worth.of_points(offered, CENT) == Worth(points_used=used, money_value=money)


def test_money_costs_whole_points():
    assert worth.of_money(924, CENT) == Worth(points_used=1_232, money_value=924)
    assert worth.of_money(925, CENT) == Worth(points_used=1_234, money_value=925)


def test_the_price_counts_in_the_smallest_units_of_both():
    assert worth.price(Decimal("0.0075"), major=100) == Fraction(3, 4)
    assert worth.price(Decimal("1"), major=1, unit=100) == Fraction(1, 100)


@pytest.mark.parametrize("nothing", ["0", "-1"])
def test_worthless_points_have_no_price(nothing):
    with pytest.raises(ValueError, match="worth nothing"):
        worth.price(Decimal(nothing), major=100)


prices = st.fractions(min_value=Fraction(1, 10_000), max_value=1_000)


@given(st.integers(0, 10**9), prices)
def test_nobody_pays_more_points_than_offered_nor_gets_more_money_than_they_are_worth(points, price):
    bought = worth.of_points(points, price)
    assert 0 <= bought.points_used <= points
    assert bought.money_value <= bought.points_used * price < bought.money_value + price
    assert worth.of_money(bought.money_value, price) == bought


@given(st.integers(0, 10**9), prices)
def test_one_more_than_the_most_points_that_some_money_is_paid_with_buys_more(money, price):
    most = worth.most_points(money, price)
    assert worth.of_points(most, price).money_value <= money < worth.of_points(most + 1, price).money_value
