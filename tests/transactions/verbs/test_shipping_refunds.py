"""Shipping comes back by its name: what earned nothing takes nothing, what earned takes what it gave (C2-X4, C14)."""

import pytest

from partners.activity import Refunded
from programs import versions
from programs.models import ExchangeRate
from tests.support.factories import held, line, post, redemption, reversal
from tests.support.refunding import NOW, buy, refund
from transactions.models import Journal

pytestmark = pytest.mark.usefixtures("books_balance")
#: Of 60.00: 10.00 tax in all, 10.00 shipping with 2.00 of that tax, two lines of 25.00.
PARTS = {"tax": 1000, "shipping": 1000, "shipping_tax": 200}
LINES = (line("A", 2500, tax=400), line("B", 2500, tax=400))


def earns(made, **fields):
    for name, value in fields.items():
        setattr(made, name, value)
    made.save()
    versions.forget()


def refused(made, bought, **fields):
    refusal = post(made, reversal(bought.journal_id, **fields), now=NOW)[0].refusal
    return refusal.code, refusal.field


@pytest.mark.parametrize("lines", [LINES, ()], ids=["lines", "none"])
@pytest.mark.parametrize("mode", ["recompute", "proportional"])
def test_c2_x4_shipping_that_earned_nothing_takes_nothing(plain, ada, mode, lines):
    bought = buy(plain, ada, 6000, lines=lines, **PARTS)
    assert held(ada) == 42
    assert refund(plain, bought, shipping=400, mode=mode).answer["points"] == {"points": 0}
    assert refund(plain, bought, shipping=600, mode=mode).answer["points"] == {"points": 0}
    journal = Journal.objects.get(pk=bought.journal_id)
    assert (held(ada), journal.reversed_amount, journal.status) == (42, 1000, "partially_reversed")
    refund(plain, bought, amount=5000, mode=mode)
    assert held(ada) == 0


@pytest.mark.parametrize("mode", ["recompute", "proportional"])
def test_shipping_that_earned_nothing_keeps_nothing_when_all_goods_are_back(plain, ada, mode):
    bought = buy(plain, ada, 6000, lines=LINES, **PARTS)
    assert refund(plain, bought, lines=(Refunded(0, 2500, 1),), mode=mode).answer["points"]["points"] == -21
    assert refund(plain, bought, lines=(Refunded(1, 2500, 1),), mode=mode).answer["points"]["points"] == -21
    assert (held(ada), Journal.objects.get(pk=bought.journal_id).reversed_amount) == (0, 5000)


def test_a_line_and_shipping_come_back_together(plain, ada):
    bought = buy(plain, ada, 6000, lines=LINES, **PARTS)
    made = refund(plain, bought, lines=(Refunded(0, 2500, 1),), shipping=1000)
    assert (made.answer["points"]["points"], held(ada)) == (-21, 21)
    share = Journal.objects.get(pk=made.journal_id).trace["share"]
    assert share == {"lines": [{"position": 0, "amount": 2500, "quantity": 1}], "amount": 0, "shipping": 1000}


SETTINGS = [
    ({"earns_on_shipping": True}, 50, 8),
    ({"earns_on_tax": True}, 50, 0),
    ({"earns_on_tax": True, "earns_on_shipping": True}, 60, 10),
]


@pytest.mark.parametrize("lines", [LINES, ()], ids=["lines", "none"])
@pytest.mark.parametrize(("on", "earned", "taken"), SETTINGS)
def test_c2_x4_shipping_that_earned_takes_what_it_gave(plain, ada, on, earned, taken, lines):
    earns(plain, **on)
    bought = buy(plain, ada, 6000, lines=lines, **PARTS)
    assert held(ada) == earned
    made = refund(plain, bought, shipping=1000, shipping_tax=200)
    assert (made.answer["points"]["points"], held(ada)) == (-taken, earned - taken)
    refund(plain, bought)
    assert held(ada) == 0


def test_a_part_of_the_shipping_takes_what_it_has_without_tax(plain, ada):
    earns(plain, earns_on_shipping=True)
    bought = buy(plain, ada, 6000, lines=LINES, **PARTS)
    assert refund(plain, bought, shipping=500, shipping_tax=0).answer["points"]["points"] == -5
    assert refund(plain, bought, shipping=500, shipping_tax=200).answer["points"]["points"] == -3
    other = buy(plain, ada, 6000, lines=LINES, **PARTS)
    assert refund(plain, other, shipping=500).answer["points"]["points"] == -4


def test_shipping_that_was_paid_with_a_gift_card_in_part_takes_the_rest(plain, ada):
    earns(plain, earns_on_shipping=True, earns_on_tax=True)
    bought = buy(plain, ada, 6000, lines=LINES, gift_card=3000, **PARTS)
    assert held(ada) == 30
    assert refund(plain, bought, shipping=1000).answer["points"]["points"] == -5


def test_shipping_in_foreign_money_takes_what_it_gave_in_the_money_of_the_program(plain, ada):
    earns(plain, earns_on_shipping=True, earns_on_tax=True)
    ExchangeRate.objects.create(program=plain, money="USD", on=NOW.date(), rate="0.5")
    bought = buy(plain, ada, 6000, lines=LINES, money="USD", **PARTS)
    assert held(ada) == 30
    assert refund(plain, bought, shipping=1000).answer["points"]["points"] == -5


def test_points_that_paid_for_the_order_come_back_for_shipping_too(plain, ada):
    buy(plain, ada, 10000)
    bought = buy(plain, ada, 6000, "o-1", lines=LINES, **PARTS)
    post(plain, redemption(ada, 60, order="o-1"), now=NOW)
    assert refund(plain, bought, shipping=1000).answer["restored"] == 10


REFUSED = [
    ({"shipping": 1001}, "refund_too_large", "shipping"),
    ({"shipping": 1000, "amount": 5001}, "refund_too_large", "amount"),
    ({"shipping": 1000, "shipping_tax": 201}, "refund_too_large", "shipping_tax"),
    ({"shipping": 100, "shipping_tax": 101}, "invalid_amount", "shipping_tax"),
    ({"shipping_tax": 1}, "invalid_amount", "shipping_tax"),
    ({"shipping": -1}, "invalid_number", "shipping"),
    ({"shipping": 1, "shipping_tax": -1}, "invalid_number", "shipping_tax"),
    ({"shipping": 0}, "refund_empty", "shipping"),
]


@pytest.mark.parametrize(("named", "code", "field"), REFUSED)
def test_shipping_that_cannot_come_back_is_refused(plain, ada, count_rows, named, code, field):
    bought = buy(plain, ada, 6000, lines=LINES, **PARTS)
    before = count_rows()
    assert refused(plain, bought, **named) == (code, field)
    assert (count_rows(), held(ada)) == (before, 42)


def test_shipping_comes_back_once(plain, ada):
    bought = buy(plain, ada, 6000, lines=LINES, **PARTS)
    refund(plain, bought, shipping=900, shipping_tax=150)
    assert refused(plain, bought, shipping=101) == ("refund_too_large", "shipping")
    assert refused(plain, bought, shipping=100, shipping_tax=51) == ("refund_too_large", "shipping_tax")
    refund(plain, bought, shipping=100, shipping_tax=50)
    assert held(ada) == 42


def test_an_order_without_shipping_and_a_redemption_have_none_to_come_back(plain, ada):
    assert refused(plain, buy(plain, ada, 6000), shipping=1) == ("refund_too_large", "shipping")
    spent = post(plain, redemption(ada, 10), now=NOW)[0]
    assert refused(plain, spent, shipping=1) == ("wrong_measure", "shipping")


@pytest.mark.parametrize("lines", [LINES, ()], ids=["lines", "none"])
@pytest.mark.parametrize(
    ("parts", "taken"),
    [(({"amount": 1000}, {"shipping": 1000}), [7, 2]), (({"shipping": 1000}, {"amount": 1000}), [0, 9])],
    ids=["amount first", "shipping first"],
)
def test_an_amount_belongs_to_all_money_that_is_left_and_to_goods_alone_without_shipping(
    plain, ada, lines, parts, taken
):
    bought = buy(plain, ada, 6000, lines=lines, **PARTS)
    assert [-refund(plain, bought, **part).answer["points"]["points"] for part in parts] == taken
    refund(plain, bought, amount=4000)
    assert held(ada) == 0
