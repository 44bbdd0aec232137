"""What a rule gives once is given once, however many tills ask for it at one moment."""

import pytest

from programs.models import Cap
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.capped import cap, used
from tests.support.crowd import at_once
from tests.support.factories import held, post_one, purchase
from transactions.models import Journal

pytestmark = [pytest.mark.slow, pytest.mark.races, pytest.mark.django_db(transaction=True)]

ROUNDS = 12


@pytest.fixture
def made(transactional_db):
    return factories.program()


@pytest.fixture
def till(made):
    return factories.till(made)


def bonus(made, **conditions):
    """Fifty points for a purchase, beside a point for each euro."""
    params = {"points": "50", "events": "purchase"}
    return factories.rule(made, "bonus", "fixed", params, group="bonus", conditions=conditions)


def buy(made, who, till, amount=1_000):
    return post_one(made, purchase(who, amount), via=till)


def given(who):
    """How often the bonus was given, as the traces of the journals say it."""
    traces = Journal.objects.filter(member=who).values_list("trace", flat=True)
    return sum(row["points"] // 50 for trace in traces for row in trace["rules"] if row["rule"] == "bonus")


def test_two_tills_at_once_get_a_bonus_that_a_member_gets_once_ever(made, till):
    limit = {"scope": Cap.Scope.MEMBER, "period": Cap.Period.EVER, "measure": Cap.Measure.USES}
    cap(made, "once", 1, rule=bonus(made), **limit)
    for _ in range(ROUNDS):
        who = factories.member(made)
        at_once(*[lambda who=who: buy(made, who, till)] * 2)
        assert held(who) == 10 + 10 + 50
        assert given(who) == 1
    assert used("once") == [1] * ROUNDS
    assert_balanced(made)


def test_two_tills_at_once_make_one_first_purchase(made, till):
    bonus(made, purchase_number={"least": 1, "most": 1})
    for _ in range(ROUNDS):
        who = factories.member(made)
        at_once(*[lambda who=who: buy(made, who, till)] * 2)
        assert held(who) == 10 + 10 + 50
        assert given(who) == 1
    assert_balanced(made)


def test_of_many_at_once_each_has_a_number_of_its_own(made, till):
    bonus(made, purchase_number={"least": 3, "most": 5})
    who = factories.member(made)
    at_once(*[lambda: buy(made, who, till)] * 8)
    assert given(who) == 3
    numbers = [trace["seen"]["purchase_number"] for trace in Journal.objects.values_list("trace", flat=True)]
    assert sorted(numbers) == [["1"], ["2"], ["3"], ["4"], ["5"], ["6+"], ["6+"], ["6+"]]
