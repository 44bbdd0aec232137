"""Does a line that came back whole still say what the order was about? It does not (semantics C14-R1)."""

import pytest

from partners.activity import Refunded
from tests.support import factories
from tests.support.factories import line, post_one, purchase, reversal, rule


@pytest.fixture
def made(db):
    """It gives a point for each euro, and 500 for an order in which there are shoes."""
    made = factories.program()
    bonus = {"points": "500", "events": "purchase"}
    rule(made, "shoes", "fixed", bonus, group="shoes", conditions={"categories": ["shoes"]})
    return made


@pytest.fixture
def bought(made):
    """Two pairs of shoes for 100.00, and a hat for 40.00."""
    shoes = line("SHOES", 10_000, quantity=2, category="shoes")
    who = factories.member(made)
    return post_one(made, purchase(who, 14_000, lines=(shoes, line("HAT", 4_000, category="hats"))))


def back(made, bought, position, amount, pieces):
    part = Refunded(position=position, amount=amount, quantity=pieces)
    return post_one(made, reversal(bought.journal_id, lines=(part,))).answer["clawback"].get("points", 0)


def test_what_was_given_for_such_a_line_comes_back_with_all_of_it(made, bought):
    assert bought.answer["points"]["points"] == 640
    assert back(made, bought, 0, 10_000, 2) == 600


def test_it_comes_back_with_the_last_piece(made, bought):
    assert back(made, bought, 0, 5_000, 1) == 50
    assert back(made, bought, 0, 5_000, 1) == 550
    assert back(made, bought, 1, 4_000, 1) == 40


def test_it_stays_while_another_such_line_is_left(made):
    lines = (line("BOOTS", 6_000, category="shoes"), line("SHOES", 4_000, category="shoes"))
    bought = post_one(made, purchase(factories.member(made), 10_000, lines=lines))
    assert back(made, bought, 0, 6_000, 1) == 60
    assert back(made, bought, 1, 4_000, 1) == 540


def test_it_stays_where_a_part_of_the_money_is_kept(made, bought):
    """All pieces are back but 10.00, so the line still is one of shoes."""
    assert back(made, bought, 0, 9_000, 2) == 90
    assert back(made, bought, 0, 1_000, 0) == 510


def test_shipping_that_is_kept_keeps_nothing_of_it(made):
    shoes = line("SHOES", 10_000, category="shoes")
    bought = post_one(made, purchase(factories.member(made), 10_500, lines=(shoes,), shipping=500))
    assert bought.answer["points"]["points"] == 600
    assert back(made, bought, 0, 10_000, 1) == 600
