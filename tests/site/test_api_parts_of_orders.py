"""Over HTTP, an order says each of its parts once, tax on shipping and discounts too, and each comes back by name."""

import pytest

from tests.support.api_life import bought, purchase
from tests.support.factories import held

pytestmark = pytest.mark.django_db

#: 60.00 with 10.00 of tax in all and 10.00 of shipping, which has 2.00 of that tax; a line of 50.00 with 8.00.
PARTS = {
    "tax": "10.00",
    "shipping": "10.00",
    "shipping_tax": "2.00",
    "lines": [{"sku": "A", "amount": "50.00", "tax": "8.00"}],
}
DISCOUNTED = [{"sku": "A", "quantity": 1, "amount": "600.00"}, {"sku": "B", "quantity": 1, "amount": "400.00"}]


def back(external_id, order, **fields):
    return {"external_id": external_id, "order": order} | fields


@pytest.mark.parametrize(
    ("shipping", "tax", "points"), [(False, False, 42), (True, False, 50), (False, True, 50), (True, True, 60)]
)
def test_c2_x4_an_order_whose_parts_overlap(shop, club, ada, shipping, tax, points):
    club.earns_on_shipping, club.earns_on_tax = shipping, tax
    club.save()
    answer = shop.post("transactions/", purchase(amount="60.00", **PARTS))
    assert (answer.status_code, answer.said["points"]["points"]) == (201, points)


def test_c2_x5_lines_at_list_price_come_back_with_their_share_of_what_was_paid(shop, ada):
    bought(shop, "o1", "900.00", lines=DISCOUNTED)
    held_before, steps = held(ada), []
    for name, line in (("r1", (0, "600.00")), ("r2", (1, "400.00"))):
        lines = [{"position": line[0], "quantity": 1, "amount": line[1]}]
        answer = shop.post("reversals/", back(name, "o1", lines=lines))
        assert answer.status_code == 201, answer.said
        steps.append(held_before - held(ada))
    assert (held_before, steps) == (900, [540, 900])
    told = shop.get(f"transactions/{answer.said['id']}/").said["explanation"]["share"]
    assert told == {"lines": [{"position": 1, "quantity": 1, "amount": "360.00"}], "amount": "0.00"}


def test_c2_x5_named_by_what_was_paid_it_is_the_same(shop, ada):
    bought(shop, "o2", "900.00", lines=DISCOUNTED)
    lines = [{"position": 0, "quantity": 1, "amount": "540.00"}]
    assert shop.post("reversals/", back("r3", "o2", lines=lines)).said["points"]["points"] == -540
    assert held(ada) == 360


def test_a_line_tells_the_discount_that_belongs_to_it(shop, ada):
    lines = [{"sku": "A", "amount": "60.00", "discount": "10.00"}, {"sku": "B", "amount": "40.00"}]
    made = bought(shop, "o3", "90.00", lines=lines)
    told = shop.get(f"transactions/{made}/").said["lines"]
    assert [(line["amount"], line["discount"]) for line in told] == [("60.00", "10.00"), ("40.00", "0.00")]
    shop.post("reversals/", back("r4", "o3", lines=[{"position": 0, "amount": "60.00"}]))
    assert held(ada) == 40


def test_what_is_left_of_a_line_is_said_when_more_would_come_back(shop, ada):
    bought(shop, "o4", "900.00", lines=DISCOUNTED)
    answer = shop.post("reversals/", back("r5", "o4", lines=[{"position": 0, "amount": "570.00"}]))
    assert (answer.status_code, answer.said["errors"][0]["pointer"]) == (409, "#/lines/0")
    assert "540.00 EUR" in answer.said["detail"]
    assert held(ada) == 900


@pytest.mark.parametrize("by_order", [True, False])
def test_shipping_comes_back_by_its_name(shop, ada, by_order):
    made = bought(shop, "o5", "60.00", **PARTS)
    part = {"shipping": "10.00", "shipping_tax": "2.00"}
    if by_order:
        answer = shop.post("reversals/", back("r6", "o5", **part))
    else:
        answer = shop.post(f"transactions/{made}/reversal/", {"external_id": "r6"} | part)
    assert (answer.status_code, answer.said["points"], held(ada)) == (201, {"points": 0, "status": 0}, 42)
    share = shop.get(f"transactions/{answer.said['id']}/").said["explanation"]["share"]
    assert share == {"lines": [], "amount": "0.00"} | part


def test_shipping_may_come_back_before_its_order(shop, ada):
    answer = shop.post("reversals/", back("r7", "o6", shipping="10.00"))
    assert (answer.status_code, answer.said["state"]) == (202, "pending")
    bought(shop, "o6", "60.00", **PARTS)
    assert held(ada) == 42
    refused = shop.post("reversals/", back("r8", "o6", shipping="0.01"))
    assert (refused.status_code, refused.said["code"], refused.said["errors"][0]["pointer"]) == (
        409,
        "refund_too_large",
        "#/shipping",
    )


def test_shipping_of_a_part_needs_a_name_of_its_own(shop, ada):
    made = bought(shop, "o7", "60.00", **PARTS)
    answer = shop.post(f"transactions/{made}/reversal/", {"shipping": "10.00"})
    assert (answer.status_code, answer.said["errors"][0]["pointer"]) == (400, "#/external_id")
