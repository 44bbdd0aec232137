"""A refund works out a formula again, for what is left of the order (C14-R1)."""

import pytest

from partners.activity import Refunded
from tests.support import factories
from tests.support.factories import held, line
from tests.support.refunding import buy, refund

pytestmark = pytest.mark.usefixtures("books_balance")


def test_what_is_left_has_its_money_its_units_its_lines_and_the_attributes_of_before(made, who):
    made.rules.exclude(code="status").delete()
    formula = "eligible + quantity * 1000 + lines * 10000 + attributes.nights * 100000"
    factories.rule(made, "all", "formula", {"formula": formula})
    lines = (line("A", 6000, quantity=2), line("B", 4000))
    bought = buy(made, who, 10000, lines=lines, attributes={"nights": "3"})
    assert held(who) == 323100
    refund(made, bought, lines=(Refunded(0, amount=3000, quantity=1),))
    assert held(who) == 322070
    refund(made, bought, lines=(Refunded(1, amount=4000, quantity=1),))
    assert held(who) == 311030
    refund(made, bought)
    assert held(who) == 0
