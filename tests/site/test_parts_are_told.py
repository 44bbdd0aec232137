"""What a purchase said of its amount, tax, shipping and what paid beside money, can be read again at each door."""

import pytest
from django.urls import reverse

from tests.support import factories
from tests.support.api_caller import Caller
from tests.support.api_life import bought, purchase, put, rate
from transactions.models import Journal

PARTS = {"tax": "10.00", "shipping": "10.00", "shipping_tax": "2.00", "gift_card": "5.00", "points_value": "1.50"}


def told(caller, id):
    said = caller.get(f"transactions/{id}/").said
    return {name: said[name] for name in PARTS}


def test_each_part_is_told_as_it_was_reported(shop, ada):
    assert told(shop, bought(shop, "o1", "60.00", **PARTS)) == PARTS


def test_what_was_not_said_is_null(shop, ada):
    nothing = dict.fromkeys(PARTS)
    assert told(shop, bought(shop, "o1", "60.00")) == nothing
    assert told(shop, bought(shop, "o2", "60.00", tax="0.00", gift_card="0")) == nothing
    said = bought(shop, "o3", "60.00", tax="1", shipping="5", shipping_tax="0")
    assert told(shop, said) == nothing | {"tax": "1.00", "shipping": "5.00", "shipping_tax": "0.00"}


def test_parts_have_the_decimals_of_their_money(shop, club, ada):
    rate(club, "JPY", "0.01")
    assert told(shop, bought(shop, "o1", "6000", currency="JPY", tax="545"))["tax"] == "545"


def test_what_points_paid_by_the_same_fact_is_told(shop, club, ada):
    put(club, point_value="0.01")
    bought(shop, "o1", "200.00")
    made = bought(shop, "o2", "60.00", redeem={"points": 150})
    assert told(shop, made) == dict.fromkeys(PARTS) | {"points_value": "1.50"}


def test_what_waits_tells_them_as_well(shop, ada):
    made = shop.post("transactions/", purchase("o1", amount="60.00", hold="Look", **PARTS)).said["id"]
    assert told(shop, made) == PARTS


def test_a_reversal_and_a_redemption_have_none(shop, ada):
    made = bought(shop, "o1", "60.00", **PARTS)
    back = shop.post("reversals/", {"external_id": "r1", "order": "o1", "shipping": "10.00"}).said["id"]
    assert told(shop, back) == dict.fromkeys(PARTS)
    spent = {"external_id": "s1", "member": {"card": "C-1815"}, "points": 5}
    assert told(shop, shop.post("redemptions/", spent).said["id"]) == dict.fromkeys(PARTS)
    assert told(shop, made) == PARTS


def test_a_key_that_may_not_see_the_amount_sees_no_part(shop, club, ada):
    made = bought(shop, "o1", "60.00", **PARTS)
    cafe = factories.partner("cafe")
    club.participations.create(partner=cafe)
    assert Caller(cafe, ["read"]).get(f"transactions/{made}/").status_code == 404


@pytest.mark.parametrize("parts", [{"tax": 1000, "shipping": 1000, "shipping_tax": 200, "gift_card": 500}, {}])
def test_the_page_of_a_purchase_shows_the_parts_that_it_said(desk, lively_shop, parts):
    lively_shop._post(factories.purchase(lively_shop.ada, 6000, "order-parts", **parts))
    journal = Journal.objects.get(external_id="order-parts")
    page = desk.get(reverse("admin:transactions_journal_change", args=[journal.pk])).content.decode()
    shown = ["Of which tax 10.00 EUR", "Of which shipping 10.00 EUR", "Tax on shipping 2.00 EUR"]
    shown.append("Paid with gift cards 5.00 EUR")
    assert [text in page for text in shown] == [bool(parts)] * 4
    assert "Paid with points" not in page
