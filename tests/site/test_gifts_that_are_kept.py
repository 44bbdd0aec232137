"""Over HTTP and at the counter, a returned piece takes its own points, when no money of its order is left."""

import pytest

from tests.support import factories
from tests.support.admin_dialogs import refunded
from tests.support.api_life import bought
from tests.support.factories import held

pytestmark = pytest.mark.django_db
FREE = [{"quantity": 2, "amount": "6"}, {"quantity": 1, "amount": "4"}]


def test_each_piece_of_a_free_order_comes_back_over_http(shop, club, ada):
    factories.rule(club, "pieces", "per_unit", {"points": "10"}, group="pieces")
    made = bought(shop, "o1", "0", lines=FREE)
    before = held(ada)
    for name, line, kept in (
        ("r1", {"position": 0, "quantity": 1, "amount": "3"}, 20),
        ("r2", {"position": 0, "quantity": 1, "amount": "3"}, 10),
        ("r3", {"position": 1, "quantity": 1, "amount": "4"}, 0),
    ):
        answer = shop.post("reversals/", {"external_id": name, "order": "o1", "lines": [line]})
        assert (answer.status_code, answer.said["points"]["points"]) == (201, -10), answer.said
        assert before - held(ada) == 30 - kept
    assert shop.get(f"transactions/{made}/").said["status"] == "reversed"


def test_a_gift_is_offered_at_the_counter_after_all_money_is_back(desk, lively_shop):
    factories.rule(lively_shop.program, "pieces", "per_unit", {"points": "10"}, group="pieces")
    lines = (factories.line("TEA", 500), factories.line("GIFT", 300, discount=300))
    sold = lively_shop._post(factories.purchase(lively_shop.ada, 500, "order-gift", lines=lines))
    before = held(lively_shop.ada)
    refunded(desk, sold, line_0="1")
    assert sold.status == "partially_reversed"
    kept = held(lively_shop.ada)
    refunded(desk, sold, line_1="1")
    assert (sold.status, kept - held(lively_shop.ada) >= 10) == ("reversed", True)
    assert before > kept
