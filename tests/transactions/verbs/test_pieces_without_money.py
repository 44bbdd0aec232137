"""What is left of an order is money and pieces: once its money is back, or where it had none, each piece still
gives and takes its own points."""

import pytest

from partners.activity import Refunded
from tests.support import factories
from tests.support.factories import held, line, post, reversal
from tests.support.refunding import NOW, buy, refund
from transactions.models import Journal

pytestmark = pytest.mark.usefixtures("books_balance")
#: Nothing was paid for any of them.
FREE = (line("A", 600, quantity=2), line("B", 400))
#: One line of 5.00, and a gift that costs 3.00 in the shop.
GIFT = (line("A", 500), line("GIFT", 300, discount=300))


@pytest.fixture
def pieces(plain):
    """Ten points for each piece, and none for money."""
    plain.rules.update(is_active=False)
    factories.rule(plain, "pieces", "per_unit", {"points": "10"}, group="pieces")
    return plain


def status(bought):
    return Journal.objects.get(pk=bought.journal_id).status


def taken(made, bought, *lines, **fields):
    return -refund(made, bought, lines=lines, **fields).answer["points"]["points"]


def refused(made, bought, **fields):
    refusal = post(made, reversal(bought.journal_id, **fields), now=NOW)[0].refusal
    return refusal.code, refusal.field


@pytest.mark.parametrize("mode", ["recompute", "proportional"])
def test_each_piece_of_an_order_without_money_takes_its_own_points(pieces, ada, mode):
    bought = buy(pieces, ada, 0, lines=FREE)
    assert held(ada) == 30
    assert taken(pieces, bought, Refunded(0, 300, 1), mode=mode) == 10
    assert status(bought) == "partially_reversed"
    assert taken(pieces, bought, Refunded(0, 0, 1), mode=mode) == 10
    assert taken(pieces, bought, Refunded(1, 400, 1), mode=mode) == 10
    assert (held(ada), status(bought)) == (0, "reversed")


def test_a_gift_that_is_kept_keeps_its_points_when_all_money_is_back(pieces, ada):
    bought = buy(pieces, ada, 500, lines=GIFT)
    assert taken(pieces, bought, Refunded(0, 500, 1)) == 10
    journal = Journal.objects.get(pk=bought.journal_id)
    assert (held(ada), journal.status, journal.reversed_amount) == (10, "partially_reversed", 500)
    assert taken(pieces, bought, Refunded(1, 300, 1)) == 10
    assert (held(ada), status(bought)) == (0, "reversed")


def test_a_gift_that_comes_back_first_takes_its_own_points(pieces, ada):
    bought = buy(pieces, ada, 500, lines=GIFT)
    assert taken(pieces, bought, Refunded(1, 300, 1)) == 10
    assert taken(pieces, bought, Refunded(0, 500, 1)) == 10
    assert (held(ada), status(bought)) == (0, "reversed")


@pytest.mark.parametrize("amount", [500, 0])
def test_without_a_quantity_a_line_is_back_whole_and_no_other(pieces, ada, amount):
    bought = buy(pieces, ada, amount, lines=GIFT)
    assert taken(pieces, bought, Refunded(0, 500)) == 10
    assert (held(ada), status(bought)) == (10, "partially_reversed")
    assert taken(pieces, bought, Refunded(1, 300)) == 10
    assert status(bought) == "reversed"


def test_without_a_quantity_all_pieces_that_are_left_of_a_line_are_back(pieces, ada):
    bought = buy(pieces, ada, 900, lines=(line("A", 900, quantity=3),))
    assert taken(pieces, bought, Refunded(0, 300, 1)) == 10
    assert taken(pieces, bought, Refunded(0, 600)) == 20
    assert status(bought) == "reversed"


def test_the_last_money_of_a_line_of_which_an_amount_took_some_brings_its_pieces_back(pieces, ada):
    bought = buy(pieces, ada, 500, lines=(line("A", 500, quantity=2),))
    assert -refund(pieces, bought, amount=300).answer["points"]["points"] == 0
    assert taken(pieces, bought, Refunded(0, 200)) == 20
    assert status(bought) == "reversed"


def test_a_piece_that_was_paid_back_and_kept_keeps_its_points(pieces, ada):
    bought = buy(pieces, ada, 1000, lines=(line("A", 500), line("B", 500)))
    refund(pieces, bought, amount=500)
    assert taken(pieces, bought, Refunded(0, 500, 1)) == 10
    assert (held(ada), status(bought)) == (10, "partially_reversed")


@pytest.mark.parametrize("everything", [{}, {"amount": 500}])
def test_everything_takes_the_pieces_too(pieces, ada, everything):
    bought = buy(pieces, ada, 500, lines=GIFT)
    assert -refund(pieces, bought, **everything).answer["points"]["points"] == 20
    assert status(bought) == "reversed"


def test_everything_that_is_left_may_be_pieces_only(pieces, ada):
    bought = buy(pieces, ada, 500, lines=GIFT)
    taken(pieces, bought, Refunded(0, 500, 1))
    assert -refund(pieces, bought).answer["points"]["points"] == 10
    assert (held(ada), status(bought)) == (0, "reversed")


def test_shipping_alone_brings_no_piece_back(pieces, ada):
    bought = buy(pieces, ada, 1000, lines=(line("GIFT", 300, discount=300),), shipping=1000)
    assert -refund(pieces, bought, shipping=1000).answer["points"]["points"] == 0
    assert (held(ada), status(bought)) == (10, "partially_reversed")


def test_no_piece_comes_back_twice(pieces, ada, count_rows):
    bought = buy(pieces, ada, 500, lines=GIFT)
    taken(pieces, bought, Refunded(0, 500, 1))
    before = count_rows()
    assert refused(pieces, bought, lines=(Refunded(0, 0, 1),)) == ("refund_too_large", "lines[0]")
    assert refused(pieces, bought, lines=(Refunded(0, 0),)) == ("refund_empty", "lines")
    assert refused(pieces, bought, amount=1) == ("refund_too_large", "amount")
    assert count_rows() == before


def test_an_order_without_money_gives_back_no_piece_twice(pieces, ada):
    bought = buy(pieces, ada, 0, lines=FREE)
    taken(pieces, bought, Refunded(0))
    assert held(ada) == 10
    assert refused(pieces, bought, lines=(Refunded(0),)) == ("refund_empty", "lines")
    assert refused(pieces, bought, shipping=0) == ("refund_empty", "shipping")
    assert taken(pieces, bought, Refunded(1)) == 10


def test_in_proportion_to_money_a_piece_without_money_keeps_nothing(pieces, ada):
    bought = buy(pieces, ada, 500, lines=GIFT)
    assert taken(pieces, bought, Refunded(0, 500, 1), mode="proportional") == 20
    assert status(bought) == "partially_reversed"
    assert taken(pieces, bought, Refunded(1, 300, 1), mode="proportional") == 0
    assert status(bought) == "reversed"


def test_points_that_paid_come_back_with_the_money_of_the_order(plain, ada):
    factories.rule(plain, "pieces", "per_unit", {"points": "10"}, group="pieces")
    buy(plain, ada, 10000)
    bought = buy(plain, ada, 500, "o-1", lines=GIFT)
    post(plain, factories.redemption(ada, 60, order="o-1"), now=NOW)
    answer = refund(plain, bought, lines=(Refunded(0, 500, 1),)).answer
    assert (answer["restored"], answer["points"]["points"]) == (60, -15)
    assert refund(plain, bought, lines=(Refunded(1, 300, 1),)).answer["restored"] == 0
