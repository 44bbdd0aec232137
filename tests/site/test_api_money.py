"""Money in answers is text with the decimals of its currency, and a reversal tells the till what to pay out."""

import re

import pytest

from loyalty_site.lib.schema_objects import named
from members.models import Member
from tests.support import factories
from tests.support.api_life import bought, purchase, put, spend
from tests.support.capped import cap
from transactions.api.schemas import answers

pytestmark = pytest.mark.django_db
#: Amounts that answers hold at any depth.
AMOUNTS = re.compile(r"(^|_)(amount|value|tax|shipping|discount)$")


def test_points_that_paid_for_a_line_are_told_with_what_they_had_paid(shop, club, ada):
    put(club, point_value="0.01")
    bought(shop, "o0", "200.00")
    paid = shop.post("redemptions/", spend("v1", 88, order="o1")).said
    assert paid["money_value"] == "0.88"
    lines = [{"sku": "A", "quantity": 1, "amount": "36.09"}, {"sku": "B", "quantity": 1, "amount": "40.00"}]
    order = shop.post("transactions/", purchase("o1", "76.09", points_value="0.88", lines=lines)).said
    assert order["points"]["points"] == 75
    back = {"external_id": "r1", "order": "o1", "lines": [{"position": 0, "quantity": 1, "amount": "36.09"}]}
    refund = shop.post("reversals/", back).said
    assert (refund["restored"], refund["restored_value"]) == (41, "0.41")
    assert shop.post("reversals/", back).said["restored_value"] == "0.41"
    told = shop.get(f"transactions/{refund['id']}/").said["explanation"]["share"]
    assert told == {"amount": "0.00", "lines": [{"position": 0, "quantity": 1, "amount": "36.09"}]}
    rest = shop.post("reversals/", {"external_id": "r2", "order": "o1"}).said
    assert (rest["restored"], rest["restored_value"]) == (47, "0.47")


@pytest.mark.parametrize(
    ("money", "point_value", "points", "text"),
    [("EUR", "0.01", 88, "0.88"), ("EUR", "0.5", 1, "0.50"), ("JPY", "1", 88, "88"), ("KWD", "0.001", 16, "0.016")],
)
def test_each_money_has_its_decimals(db, money, point_value, points, text):
    made = factories.program(money=money)
    put(made, point_value=point_value)
    who = factories.member(made)
    factories.post_one(made, factories.purchase(who, 10**7, money=money))
    spent = factories.post_one(made, factories.redemption(who, points))
    assert spent.answer["money_value"] == text
    returned = factories.post_one(made, factories.reversal(spent.journal_id)).answer
    assert (returned["restored_value"], returned["unrecovered_value"]) == (text, {})


def test_parts_of_a_redemption_are_worth_what_the_whole_was(shop, club, ada):
    put(club, point_value="0.0075")
    bought(shop)
    spent = shop.post("redemptions/", spend("v", 9)).said
    assert spent["money_value"] == "0.06"
    parts = [
        shop.post(f"transactions/{spent['id']}/reversal/", {"external_id": f"p{n}", "points": 3}).said
        for n in range(3)
    ]
    assert [part["restored_value"] for part in parts] == ["0.02", "0.02", "0.02"]


def test_what_came_back_is_worth_what_it_paid_then(club, shop, ada):
    put(club, point_value="0.01")
    bought(shop)
    spent = shop.post("redemptions/", spend("v", 40)).said["id"]
    club.refresh_from_db()
    currency = club.currencies.get(code="points")
    currency.point_value = "0.02"
    currency.save()
    assert shop.post(f"transactions/{spent}/reversal/").said["restored_value"] == "0.40"
    assert shop.post("redemptions/", spend("v2", 40)).said["money_value"] == "0.80"


def test_points_without_a_money_value_are_told_so(shop, ada):
    bought(shop)
    spent = shop.post("redemptions/", spend("v", 40)).said
    assert spent["money_value"] is None
    assert shop.post(f"transactions/{spent['id']}/reversal/").said["restored_value"] is None


def test_an_adjustment_taken_back_tells_the_worth_of_what_is_spent(shop, club, ada):
    put(club, point_value="0.01")
    given = shop.post("adjustments/", {"external_id": "a", "member": {"card": "C-1815"}, "points": 50, "reason": "!"})
    shop.post("redemptions/", spend("v", 40))
    answer = shop.post(f"transactions/{given.said['id']}/reversal/").said
    assert (answer["unrecovered"], answer["unrecovered_value"]) == ({"points": 40}, {"points": "0.40"})
    assert Member.objects.get().balances.get(currency__code="points").available == 0


def test_what_a_cap_of_money_used_up_inside_is_no_part_of_an_answer(shop, club, ada):
    put(club, cost_per_point="0.01")
    cap(club, "budget", 40, measure="money", scope="program", period="ever")
    order = shop.post("transactions/", purchase("o", "100.00")).said
    told = shop.get(f"transactions/{order['id']}/").said["explanation"]["caps"]
    assert told.keys() == {"cuts", "rooms"}
    assert (order["points"]["points"], told["rooms"]) == (40, {"budget": 40})


def test_no_answer_draws_money_as_a_number():
    assert {"Posting", "Replaced", "Transaction"} <= named.keys()
    drawn = [
        (name, field, str(kind.schema()))
        for name, component in named.items()
        if component.__class__.__name__ == "Answer"
        for field, kind in component.fields.items()
        if AMOUNTS.search(field)
    ]
    assert len(drawn) >= 8
    assert [each[:2] for each in drawn if "integer" in each[2]] == []
    assert answers.POSTING.fields["money_value"].null
