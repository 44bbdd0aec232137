"""Of tills that meet at a target, one reaches it; and nothing that was counted is lost."""

from collections import Counter

import pytest

from tests.support import factories
from tests.support.counting import back, coffee_shop, coffees, reached
from tests.support.crowd import at_once
from tests.support.factories import held, post, post_one, reversal

pytestmark = [pytest.mark.slow, pytest.mark.races, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(transactional_db):
    return coffee_shop()


@pytest.fixture
def eve(shop):
    return factories.member(shop)


def test_two_tills_at_the_target_give_once(shop, eve):
    till = factories.till(shop)
    for number in range(10):
        post_one(shop, coffees(eve, 4 if number == 0 else 3), via=till)
        items = [coffees(eve, 1) for _ in range(2)]
        results = at_once(*[lambda item=item: post(shop, item, via=till)[0] for item in items])
        given = Counter(result.answer["points"].get("points", 0) for result in results)
        assert given == {50: 1, 0: 1}
        assert (held(eve), reached(eve)) == (
            50 * (number + 1),
            (6000 + 5000 * number, number + 1, 5000 * (number + 1)),
        )


def test_nothing_that_is_counted_at_one_moment_is_lost(shop, eve):
    till = factories.till(shop)
    results = at_once(*[lambda: post(shop, coffees(eve, 1), via=till)[0] for _ in range(24)])
    assert sum(result.answer["points"].get("points", 0) for result in results) == held(eve) == 200
    assert reached(eve) == (24000, 4, 20000)


def test_refunds_that_meet_come_to_the_end_that_any_order_has(shop, eve):
    till = factories.till(shop)
    bought = [post_one(shop, coffees(eve, 4), via=till) for _ in range(4)]
    undo = [back(one, 2) for one in bought] + [reversal(one.journal_id) for one in bought]
    at_once(*[lambda item=item: post(shop, item, via=till)[0] for item in undo])
    for one in bought:
        post(shop, reversal(one.journal_id), via=till)
    assert (held(eve), reached(eve)) == (0, (0, 0, 0))
