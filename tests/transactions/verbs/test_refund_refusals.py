"""A refund that cannot be is refused at its field, and nothing is written (C14)."""

import pytest

from partners.activity import Refunded
from tests.support.books_balance import state
from tests.support.factories import at, line, post, reversal
from tests.support.refunding import NOW, buy, refund

pytestmark = pytest.mark.usefixtures("books_balance")


def test_a_refund_in_another_money_is_refused(made, who, count_rows):
    bought = buy(made, who, 10000, "o-1")
    before = count_rows()
    refusal = post(made, reversal(bought.journal_id, amount=100, money="USD"), now=NOW)[0].refusal
    assert (refusal.code, refusal.field) == ("wrong_measure", "currency")
    assert count_rows() == before


REFUSALS = [
    (lambda bought: reversal(bought.journal_id, amount=10001), "refund_too_large", "amount"),
    (lambda bought: reversal(bought.journal_id, amount=0), "refund_empty", "amount"),
    (lambda bought: reversal(bought.journal_id, amount=0, mode="proportional"), "refund_empty", "amount"),
    (lambda bought: reversal(bought.journal_id, lines=(Refunded(0),)), "refund_empty", "lines"),
    (lambda bought: reversal(bought.journal_id, amount=0, lines=(Refunded(0),)), "refund_empty", "lines"),
    (lambda bought: reversal(bought.journal_id, points=1), "wrong_measure", "points"),
    (lambda bought: reversal(10**9), "transaction_unknown", "transaction"),
    (lambda bought: reversal(bought.journal_id, activity_at=at(2026, 2, 2)), "invalid_date", "activity_at"),
    (lambda bought: reversal(bought.journal_id, amount=-1), "invalid_number", "amount"),
    (lambda bought: reversal(bought.journal_id, mode="some"), "invalid_mode", "mode"),
]


@pytest.mark.parametrize(("item", "code", "field"), REFUSALS)
def test_bad_refunds_are_refused_and_nothing_is_written(made, who, count_rows, item, code, field):
    bought = buy(made, who, 10000, lines=(line("a", 10000),))
    before = count_rows()
    refusal = post(made, item(bought), now=NOW)[0].refusal
    assert (refusal.code, refusal.field) == (code, field)
    assert count_rows() == before
    assert state(who) == (100, 0, 0, 0)


def test_a_refund_of_a_refund_and_a_second_full_one_are_refused(made, who, count_rows):
    bought = buy(made, who, 10000)
    undone = refund(made, bought)
    before = count_rows()
    for journal in (bought, undone):
        assert post(made, reversal(journal.journal_id), now=NOW)[0].refusal.code == "not_reversible"
    assert count_rows() == before
