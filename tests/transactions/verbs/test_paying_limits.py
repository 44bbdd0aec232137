"""Points and gift cards pay for a purchase, and for no more than it costs."""

import pytest

from partners.activity import Activity
from programs.models import ExchangeRate
from tests.support.factories import held, post, purchase
from tests.support.paying import pays, refused
from tests.support.refunding import NOW, buy

pytestmark = pytest.mark.usefixtures("books_balance")


@pytest.mark.parametrize(
    ("amount", "gift_card", "points"), [(1_000, 1_000, 500), (1_000, 501, 500), (499, 0, 500), (0, 0, 1)]
)
def test_points_pay_no_more_than_is_left_to_pay(worth, who, count_rows, amount, gift_card, points):
    before = count_rows()
    item = purchase(who, amount, gift_card=gift_card, activity_at=NOW, **pays(points))
    assert refused(worth, item) == ("outside_limits", "redeem.points")
    assert (count_rows(), held(who)) == (before, 1000)


def test_it_is_said_what_is_left_to_pay(worth, who):
    item = purchase(who, 1_000, gift_card=700, activity_at=NOW, **pays(500))
    detail = post(worth, item, now=NOW)[0].refusal.detail
    assert detail == "The points pay 5.00 EUR, and 3.00 are left. Redeem fewer of them."


def test_gift_cards_and_points_may_pay_all_of_it(worth, who):
    answer = buy(worth, who, 1_000, gift_card=500, **pays(500)).answer
    assert (answer["points"], answer["redeemed"]["money_value"], held(who)) == ({}, "5.00", 500)


def test_in_foreign_money_what_is_left_is_compared_in_it(worth, who):
    ExchangeRate.objects.create(program=worth, money="USD", on=NOW.date(), rate="0.5")
    item = purchase(who, 1_000, money="USD", gift_card=1, activity_at=NOW, **pays(500))
    assert refused(worth, item) == ("outside_limits", "redeem.points")
    assert buy(worth, who, 1_000, money="USD", **pays(500)).answer["redeemed"]["money_value"] == "5.00"


@pytest.mark.parametrize(
    ("paid", "field"),
    [
        ({"gift_card": 1_001}, "gift_card"),
        ({"points_value": 1_001}, "points_value"),
        ({"gift_card": 600, "points_value": 401}, "points_value"),
        ({"gift_card": 600, **pays(500), "points_value": 401}, "points_value"),
    ],
)
def test_what_paid_by_other_means_is_part_of_the_amount(worth, who, count_rows, paid, field):
    before = count_rows()
    assert refused(worth, purchase(who, 1_000, activity_at=NOW, **paid)) == ("invalid_amount", field)
    assert count_rows() == before


def test_without_an_amount_nothing_paid_for_it(made, who):
    assert refused(made, purchase(who, None, gift_card=1, activity_at=NOW)) == ("invalid_amount", "gift_card")


def test_other_means_may_pay_all_of_it(made, who):
    assert buy(made, who, 1_000, gift_card=600, points_value=400).answer["points"] == {}


@pytest.mark.parametrize("amount", [None, 1_000])
@pytest.mark.parametrize("kind", ["visit", "review", "delivered"])
def test_points_pay_for_purchases_only(worth, who, count_rows, kind, amount):
    before = count_rows()
    item = Activity(kind, "e-1", {"number": who.number}, activity_at=NOW, amount=amount, **pays(50))
    assert refused(worth, item) == ("invalid_redemption", "redeem")
    assert (count_rows(), held(who)) == (before, 1000)
