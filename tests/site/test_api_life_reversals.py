"""Purchases and redemptions are taken back over HTTP, whole or in part, late or early."""

import pytest

from tests.support.api_life import bought, rate, spend
from tests.support.factories import held

pytestmark = pytest.mark.django_db


class TestReversals:
    def test_a_part_of_the_money_comes_back(self, shop, ada):
        path = f"transactions/{bought(shop)}/reversal/"
        answer = shop.post(path, {"external_id": "r-1", "amount": "30.00", "reason": "A scratch"})
        assert (answer.status_code, answer.said["points"]["points"]) == (201, -30)
        assert held(ada) == 70
        assert shop.post(path, {"external_id": "r-1", "amount": "30.00", "reason": "A scratch"}).status_code == 200
        shop.post(path, {"external_id": "r-2", "amount": "30.00"})
        assert held(ada) == 40
        assert shop.post(path).said["points"]["points"] == -40

    def test_lines_come_back(self, shop, ada):
        lines = [{"sku": "A", "quantity": 2, "amount": "60.00"}, {"sku": "B", "amount": "40.00"}]
        path = f"transactions/{bought(shop, lines=lines)}/reversal/"
        answer = shop.post(path, {"external_id": "r-1", "lines": [{"position": 0, "quantity": 1, "amount": "30"}]})
        assert (answer.status_code, answer.said["points"]["points"], held(ada)) == (201, -30, 70)

    def test_proportional_and_spent_points_are_told(self, shop, ada):
        path = f"transactions/{bought(shop)}/reversal/"
        shop.post("redemptions/", spend(points=80))
        answer = shop.post(path, {"external_id": "r", "amount": "50.00", "mode": "proportional"}).said
        assert answer["clawback"]["points"] == 50
        assert answer["unrecovered"].get("points", 0) + -answer["points"]["points"] == 50

    def test_what_paid_for_the_order_may_stay_spent(self, shop, ada):
        bought(shop, "order-0")
        first = bought(shop)
        shop.post("redemptions/", spend(points=50, order="order-1"))
        answer = shop.post(f"transactions/{first}/reversal/", {"keeps_redemption": True}).said
        assert answer["restored"] == 0
        assert held(ada) == 50

    def test_some_points_of_a_redemption_come_back(self, shop, ada):
        bought(shop)
        spent = shop.post("redemptions/", spend()).said["id"]
        answer = shop.post(f"transactions/{spent}/reversal/", {"external_id": "r", "points": 15})
        assert (answer.status_code, answer.said["points"], held(ada)) == (201, {"points": 15}, 75)

    def test_amounts_have_the_decimals_of_the_order(self, shop, club, ada):
        rate(club, "JPY", "0.01")
        path = f"transactions/{bought(shop, amount='10000', currency='JPY')}/reversal/"
        assert held(ada) == 100
        assert shop.post(path, {"external_id": "r", "amount": "5000.50"}).said["errors"][0]["pointer"] == "#/amount"
        assert shop.post(path, {"external_id": "r", "amount": "5000"}).said["points"]["points"] == -50
        by_order = {"external_id": "r2", "order": "order-1", "amount": "2500"}
        assert shop.post("reversals/", by_order).said["points"]["points"] == -25

    def test_a_refund_names_the_order_as_its_sender_does(self, shop, ada):
        first = bought(shop)
        answer = shop.post("reversals/", {"external_id": "r-1", "order": "order-1", "amount": "25.00"})
        assert (answer.status_code, answer.said["reverses"], held(ada)) == (201, first, 75)

    def test_a_refund_ahead_of_its_order_waits_for_it(self, shop, ada):
        body = {"external_id": "r-1", "order": "order-1", "amount": "25.00"}
        answer = shop.post("reversals/", body)
        assert (answer.status_code, answer.said["status"], answer.said["state"]) == (202, "kept", "pending")
        assert "not here yet" in answer.said["detail"]
        assert shop.post("reversals/", body).said["status"] == "replayed"
        bought(shop)
        assert held(ada) == 75
        assert shop.get(f"transactions/{answer.said['id']}/").said["status"] == "processed"

    @pytest.mark.parametrize("part", [{"amount": "50.00"}, {"currency": "EUR"}])
    def test_a_refund_ahead_of_its_order_is_in_the_money_of_the_program_or_says_so(self, shop, club, ada, part):
        rate(club, "USD", "0.92")
        early = shop.post("reversals/", {"external_id": "r-1", "order": "order-1"} | part).said["id"]
        bought(shop, currency="USD")
        told = shop.get(f"transactions/{early}/").said
        assert (told["status"], held(ada)) == ("failed", 92)
        assert told["detail"] == "The order was paid in USD, and the refund is in EUR."

    def test_all_of_an_order_comes_back_in_whichever_money(self, shop, club, ada):
        rate(club, "USD", "0.92")
        shop.post("reversals/", {"external_id": "r-1", "order": "order-1"})
        bought(shop, currency="USD")
        assert held(ada) == 0
