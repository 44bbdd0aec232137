"""A refund counts by the rate of the tier that was held before the purchase (C14-R1, C16-R2)."""

import pytest

from tests.support import factories
from tests.support.factories import held
from tests.support.refunding import buy, refund

pytestmark = pytest.mark.usefixtures("books_balance")


@pytest.fixture
def by_tier(made):
    made.rules.filter(code__in=["spend", "multiplier"]).delete()
    factories.rule(made, "spend", "per_amount", {"points": "1", "per": "1", "by_tier": "silver: 2, gold: 3"})


def test_the_tier_that_a_purchase_reaches_does_not_raise_its_own_rate(made, who, by_tier):
    """C5-X1"""
    buy(made, who, 50000)
    assert held(who) == 500
    buy(made, who, 10000)
    assert held(who) == 700


def test_what_a_refund_takes_is_what_the_tier_of_then_had_got(made, who, by_tier):
    first = buy(made, who, 50000)
    buy(made, who, 60000)
    assert held(who) == 500 + 1200
    refund(made, first, amount=10000)
    assert held(who) == 400 + 1200
