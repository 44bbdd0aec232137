"""What a multiplier gave goes back with the lines that it was about (C7, C14)."""

import pytest

from partners.activity import Refunded
from tests.support import factories
from tests.support.factories import held, line
from tests.support.refunding import buy, refund
from transactions.models import Journal
from transactions.proof import sentences

pytestmark = pytest.mark.usefixtures("books_balance")

MIXED = (line("S", 3000, category="shoes"), line("H", 5000, category="hats"))


@pytest.fixture
def bought(made, who):
    """30 points for shoes and as many again, 50 for hats, 20 for what no line names."""
    shoes = {"conditions": {"categories": ["shoes"]}, "group": "double"}
    factories.rule(made, "double", "multiplier", {"factor": "2"}, **shoes)
    bought = buy(made, who, 10000, lines=MIXED)
    assert held(who) == 130
    return bought


def test_the_line_takes_its_surplus_along(made, who, bought):
    assert refund(made, bought, lines=(Refunded(0, amount=3000),)).answer["clawback"]["points"] == 60
    assert held(who) == 70


def test_another_line_leaves_the_surplus(made, who, bought):
    assert refund(made, bought, lines=(Refunded(1, amount=5000),)).answer["clawback"]["points"] == 50
    assert held(who) == 80


def test_a_part_of_the_line_takes_its_part_of_the_surplus(made, who, bought):
    assert refund(made, bought, lines=(Refunded(0, amount=1000),)).answer["clawback"]["points"] == 20


def test_the_rest_takes_all_that_is_left(made, who, bought):
    refund(made, bought, lines=(Refunded(0, amount=3000),))
    refund(made, bought)
    assert held(who) == 0


def test_it_is_explained_how_much_was_multiplied(made, bought):
    trace = Journal.objects.get(pk=bought.journal_id).trace
    said = " ".join(sentences.explain(trace, {}))
    assert "exactly 100, 30 of them times 2 by “Double” (rule double, version 1)." in said
