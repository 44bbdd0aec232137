"""What does a refund take back where a rule counts whole steps only?"""

import pytest

from tests.support import factories
from tests.support.factories import held
from tests.support.refunding import buy, refund

pytestmark = pytest.mark.django_db


@pytest.fixture
def made():
    made = factories.program(rules=False)
    factories.rule(made, "steps", "per_amount", {"points": "10", "per": "100", "whole_steps": True})
    return made


def test_a_part_takes_back_the_steps_that_the_rest_does_not_reach(made):
    who = factories.member(made)
    bought = buy(made, who, 250_00)
    assert held(who) == 20
    clawed = [refund(made, bought, amount=amount).answer["clawback"]["points"] for amount in (50_00, 1_00, 99_00)]
    assert clawed == [0, 10, 0]
    assert refund(made, bought, amount=1).answer["clawback"]["points"] == 10
    refund(made, bought)
    assert held(who) == 0


@pytest.mark.parametrize("cuts", [(160_00,), (80_00, 80_00), (1, 159_99), (60_00, 60_00, 40_00)])
def test_any_partition_of_a_refund_ends_alike(made, cuts):
    who = factories.member(made)
    bought = buy(made, who, 350_00)
    for amount in cuts:
        refund(made, bought, amount=amount)
    assert held(who) == 10


def test_the_switch_of_then_counts_not_the_one_of_today(made):
    who = factories.member(made)
    bought = buy(made, who, 250_00)
    rule = made.rules.get()
    rule.params = {"points": "10", "per": "100"}
    rule.save()
    assert refund(made, bought, amount=60_00).answer["clawback"]["points"] == 10
