"""Lines at list price, under a discount of the order or rounded apart from it, come back with what was paid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners import paid
from partners.activity import Activity, Refunded
from tests.support.factories import held, line, post, reversal, rule
from tests.support.refunding import NOW, buy, refund, rewrite
from transactions.models import Journal

pytestmark = pytest.mark.usefixtures("books_balance")
#: 900.00 paid for lines of 600.00 and 400.00.
LINES = (line("A", 60000), line("B", 40000))


def share(result):
    """(amount, quantity) that were counted for each line of a refund."""
    return [
        (one["amount"], one["quantity"]) for one in Journal.objects.get(pk=result.journal_id).trace["share"]["lines"]
    ]


@pytest.fixture
def bought(plain, ada):
    return buy(plain, ada, 90000, lines=LINES)


def refused(made, bought, **fields):
    refusal = post(made, reversal(bought.journal_id, **fields), now=NOW)[0].refusal
    return refusal and (refusal.code, refusal.field)


@pytest.mark.parametrize("quantity", [0, 1])
@pytest.mark.parametrize(("first", "second"), [(60000, 40000), (54000, 36000), (60000, 36000), (54000, 40000)])
def test_c2_x5_a_line_takes_its_share_of_what_was_paid_by_either_name(plain, ada, bought, first, second, quantity):
    answer = refund(plain, bought, lines=(Refunded(0, first, quantity),)).answer
    journal = Journal.objects.get(pk=bought.journal_id)
    assert (answer["points"]["points"], held(ada), journal.reversed_amount) == (-540, 360, 54000)
    answer = refund(plain, bought, lines=(Refunded(1, second, quantity),)).answer
    journal.refresh_from_db()
    assert (answer["points"]["points"], held(ada), journal.status) == (-360, 0, "reversed")


def test_c2_x5_both_lines_in_one_refund_take_all(plain, ada, bought):
    refund(plain, bought, lines=(Refunded(0, 60000, 1), Refunded(1, 40000, 1)))
    assert (held(ada), Journal.objects.get(pk=bought.journal_id).status) == (0, "reversed")


def test_pieces_at_list_price_take_their_share_and_the_last_ones_the_rest(plain, ada):
    bought = buy(plain, ada, 1000, lines=(line("A", 1300, quantity=3),))
    parts = [refund(plain, bought, lines=(Refunded(0, amount, 1),)) for amount in (433, 433, 434)]
    assert [share(part) for part in parts] == [[(333, 1)], [(333, 1)], [(334, 1)]]
    assert (held(ada), Journal.objects.get(pk=bought.journal_id).status) == (0, "reversed")


@pytest.mark.parametrize("each", [333, 334])
def test_pieces_whose_price_is_rounded_come_back_to_the_last_cent(plain, ada, each):
    bought = buy(plain, ada, 1000, lines=(line("A", 1000, quantity=3),))
    for _ in range(3):
        refund(plain, bought, lines=(Refunded(0, each, 1),))
    assert (held(ada), Journal.objects.get(pk=bought.journal_id).status) == (0, "reversed")


@pytest.mark.parametrize("total", [9999, 10001, 10000])
def test_a_cent_between_lines_and_total_leaves_nothing_behind(plain, ada, total):
    bought = buy(plain, ada, total, lines=(line("A", 3333), line("B", 3333), line("C", 3334)))
    for position, amount in enumerate((3333, 3333, 3334)):
        refund(plain, bought, lines=(Refunded(position, amount, 1),))
    journal = Journal.objects.get(pk=bought.journal_id)
    assert (held(ada), journal.reversed_amount, journal.status) == (0, total, "reversed")


@pytest.mark.parametrize("shares", [(3333, 3333, 3334), (3334, 3333, 3333)])
def test_a_sender_may_round_its_shares_to_the_other_side(plain, ada, shares):
    bought = buy(plain, ada, 10000, lines=(line("A", 5000), line("B", 5000), line("C", 5000)))
    for position, amount in enumerate(shares):
        refund(plain, bought, lines=(Refunded(position, amount, 1),))
    assert (held(ada), Journal.objects.get(pk=bought.journal_id).status) == (0, "reversed")


def test_a_part_of_a_line_is_what_was_paid_for_it(plain, ada, bought):
    assert refund(plain, bought, lines=(Refunded(0, 10000),)).answer["points"]["points"] == -100
    assert refund(plain, bought, lines=(Refunded(0, 44000),)).answer["points"]["points"] == -440
    assert held(ada) == 360


def test_no_line_gives_back_more_than_was_paid_for_it(plain, ada, bought, count_rows):
    refund(plain, bought, lines=(Refunded(0, 10000),))
    before = count_rows()
    assert refused(plain, bought, lines=(Refunded(0, 60000, 1),)) == ("refund_too_large", "lines[0]")
    assert refused(plain, bought, lines=(Refunded(0, 44002),)) == ("refund_too_large", "lines[0]")
    assert refused(plain, bought, lines=(Refunded(1, 40000, 1), Refunded(1, 1))) == ("refund_too_large", "lines[1]")
    assert refused(plain, bought, lines=(Refunded(1, 40000, 2),)) == ("refund_too_large", "lines[0]")
    assert count_rows() == before


def test_a_discount_that_names_its_line_comes_back_with_that_line(plain, ada):
    bought = buy(plain, ada, 90000, lines=(line("A", 60000, discount=10000), line("B", 40000)))
    assert refund(plain, bought, lines=(Refunded(0, 60000, 1),)).answer["points"]["points"] == -500
    assert refund(plain, bought, lines=(Refunded(1, 40000, 1),)).answer["points"]["points"] == -400
    assert held(ada) == 0


def test_a_rule_for_some_lines_gives_and_takes_by_their_share(plain, ada):
    tea = {"group": "tea", "conditions": {"products": ["A"]}}
    rule(plain, "tea", "per_amount", {"points": "10", "per": "1"}, **tea)
    bought = buy(plain, ada, 90000, lines=LINES)
    assert bought.answer["points"]["points"] == 900 + 5400
    assert refund(plain, bought, lines=(Refunded(0, 60000, 1),)).answer["points"]["points"] == -540 - 5400
    assert held(ada) == 360


def test_proportional_refunds_go_by_what_was_paid_as_well(plain, ada, bought):
    refund(plain, bought, lines=(Refunded(0, 60000, 1),), mode="proportional")
    assert held(ada) == 360
    refund(plain, bought, lines=(Refunded(1, 40000, 1),), mode="proportional")
    assert held(ada) == 0


def test_money_beside_the_lines_is_shared_by_those_that_are_left(plain, ada, bought):
    refund(plain, bought, lines=(Refunded(0, 60000, 1),), amount=18000)
    assert held(ada) == 180
    refund(plain, bought)
    assert held(ada) == 0


def test_a_line_that_was_free_in_the_end_comes_back_for_nothing_and_brings_its_pieces(plain, ada):
    rule(plain, "pieces", "per_unit", {"points": "7"}, group="pieces")
    bought = buy(plain, ada, 0, lines=(line("A", 500),))
    assert held(ada) == 7
    assert refund(plain, bought, lines=(Refunded(0, 0, 1),)).answer["points"]["points"] == -7


def test_a_refund_of_before_that_counted_the_list_price_hinders_no_further_one(plain, ada, bought):
    """Once the list price itself was taken off the order: more than the line had cost."""
    part = refund(plain, bought, lines=(Refunded(0, 54000, 1),))
    trace = Journal.objects.get(pk=part.journal_id).trace
    trace["share"]["lines"][0]["amount"] = 60000
    rewrite(part.journal_id, trace=trace)
    rewrite(bought.journal_id, reversed_amount=60000)
    assert refund(plain, bought, lines=(Refunded(1, 10000),)).answer["points"]["points"] == -100
    refund(plain, bought, lines=(Refunded(1, 20000),))
    assert (held(ada), Journal.objects.get(pk=bought.journal_id).status) == (0, "reversed")


def test_goods_that_come_back_for_no_money_take_no_money(plain, ada):
    bought = buy(plain, ada, 1, lines=(line("A", 2),))
    refund(plain, bought, lines=(Refunded(0, 0, 1),))
    journal = Journal.objects.get(pk=bought.journal_id)
    assert (journal.reversed_amount, journal.status) == (0, "partially_reversed")


amounts = st.integers(1, 10**6)


@given(st.lists(st.tuples(amounts, st.integers(1, 9)), min_size=1, max_size=6), st.integers(0, 10**6), st.booleans())
def test_all_pieces_at_either_price_are_always_all_that_was_paid(lines, discount, by_list_price):
    listed = sum(amount for amount, _ in lines)
    order = Activity(
        "purchase",
        "o",
        {},
        amount=max(0, listed - discount),
        lines=tuple(line("", amount, quantity=pieces) for amount, pieces in lines),
    )
    assert sum(paid.for_lines(order)) == order.amount
    for left in paid.left_of_lines(order, ()):
        price = left.line.amount if by_list_price else left.paid
        whole, back = left.all_pieces, 0
        for piece in range(whole):
            named = Refunded(0, price * (piece + 1) // whole - price * piece // whole, 1)
            counted = left.counted(named)
            assert counted <= left.money
            back, left = back + counted, left.less(Refunded(0, counted, 1))
        assert (left.money, left.pieces, back) == (0, 0, left.paid)
