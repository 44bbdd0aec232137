"""A household that shares points, and members with lots to spend."""

import pytest

from members.models import Relation
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.currencies import change
from tests.support.expiring import expiry
from tests.support.factories import at, held, post_one, purchase
from tests.support.refunding import buy
from tests.support.stage import kept
from transactions.models import Lot


@kept
def home(made):
    return factories.member(made, kind="group", company_name="The Lovelaces")


@pytest.fixture
def tie(made, who, home):
    yield Relation.objects.create(member=who, group=home, percent=30)
    assert_balanced(made)


@kept
def three(made, who):
    """Lots A 100 until 31 March, B 50 until 30 April 2026, C 80 for ever."""
    post_one(made, purchase(who, 10000, activity_at=at(2025, 3, 10)), now=at(2025, 3, 10))
    post_one(made, purchase(who, 5000, activity_at=at(2025, 4, 10)), now=at(2025, 4, 10))
    expiry(made, model="never")
    post_one(made, purchase(who, 8000, activity_at=at(2025, 5, 10)), now=at(2025, 5, 10))
    return Lot.objects.filter(member=who).order_by("pk")


@kept
def rich(made, who):
    """A member with 500 points."""
    post_one(made, purchase(who, 50000, activity_at=at(2026, 1, 10)), now=at(2026, 1, 10))
    return who


@kept
def worth(made, who):
    """Points are worth a cent; the member has 1,000 of them, and silver by as many status points."""
    change(made, point_value="0.01")
    buy(made, who, 60_000, "first")
    buy(made, who, 32_000, "second")
    assert held(who) == 600 + 400
    return made
