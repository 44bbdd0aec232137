"""However many tills ask at one moment, they take off no more than a budget has (C8)."""

from functools import partial

import pytest

from tests.support import factories
from tests.support.capped import cap, used
from tests.support.crowd import at_once
from tests.support.discounted import buy, off, spent, told
from tests.support.promoting import promotion

pytestmark = [pytest.mark.slow, pytest.mark.races, pytest.mark.django_db(transaction=True)]

TILLS = 8


def test_tills_that_race_for_the_last_of_a_budget_take_off_all_of_it_and_no_more(transactional_db):
    made = factories.program()
    offer = promotion(made)
    off(made, promotion=offer)
    cap(made, "budget", 6500, measure="discount", scope="program", period="ever", promotion=offer)
    members = [factories.member(made) for _ in range(TILLS)]
    results = at_once(*[partial(buy, made, one, 10_000) for one in members])
    amounts = sorted(told(result)["off"] for result in results)
    assert amounts == ["0.00", "10.00", "10.00", "10.00", "10.00", "10.00", "10.00", "5.00"]
    assert (spent(), used("budget")) == (6500, [6500])
