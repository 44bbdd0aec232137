"""What is sold by weight: over HTTP and in the admin quantities have up to three decimals."""

import pytest
from django.urls import reverse

from tests.support import factories
from tests.support.admin_dialogs import address, deed, errors, refunded
from tests.support.admin_forms import form_of
from tests.support.api_life import bought, purchase
from tests.support.factories import held
from transactions.models import Journal

ADD = "admin:transactions_journal_add"
WEIGHED = {"sku": "CHEESE", "category": "dairy", "quantity": "0.35", "amount": "7.00"}


@pytest.mark.parametrize("sent", ["0.35", "0.350"])
def test_a_weighed_line_is_told_as_a_plain_number(shop, ada, sent):
    id = bought(shop, amount="7.00", lines=[WEIGHED | {"quantity": sent}])
    told = shop.get(f"transactions/{id}/").said
    numbers = {"quantity": 0.35, "amount": "7.00", "tax": "0.00", "discount": "0.00"}
    assert told["lines"] == [
        {"sku": "CHEESE", "category": "dairy"} | numbers | {"labels": [], "attributes": {}},
    ]


def test_a_number_a_text_and_more_zeros_are_the_same_fact(shop, ada):
    body = purchase(amount="7.00", lines=[WEIGHED])
    assert shop.post("transactions/", body).status_code == 201
    raw = b'{"activity": "purchase", "external_id": "order-1", "member": {"card": "C-1815"}, "amount": "7.00",'
    raw += b'"lines": [{"sku": "CHEESE", "category": "dairy", "quantity": 0.350, "amount": "7.00"}]}'
    answer = shop.call("POST", "transactions/", raw)
    assert (answer.status_code, answer.said["status"]) == (200, "replayed")


@pytest.mark.parametrize("sent", [2, "2", "2.000"])
def test_whole_pieces_stay_whole_numbers(shop, ada, sent):
    id = bought(shop, amount="7.00", lines=[WEIGHED | {"quantity": sent}])
    quantity = shop.get(f"transactions/{id}/").said["lines"][0]["quantity"]
    assert (quantity, type(quantity)) == (2, int)


@pytest.mark.parametrize("sent", ["0.3505", "-0.1", "1000000.001", 1000001, "1e3", " 1", "+1", "", True, [1], {}])
def test_what_is_no_quantity_is_refused_with_what_to_send(shop, nothing_written, sent):
    answer = shop.post("transactions/", purchase(amount="7.00", lines=[WEIGHED | {"quantity": sent}]))
    (error,) = answer.said["errors"]
    assert (answer.status_code, error["pointer"], error["code"]) == (400, "#/lines/0/quantity", "invalid_number")
    assert error["detail"] == "Send a number from 0 to 1,000,000 with at most 3 decimals."


def test_a_part_of_a_weighed_line_comes_back_over_http(shop, club, ada):
    factories.rule(club, "kilos", "per_unit", {"points": "100", "fractions": True}, group="dairy")
    id = bought(shop, amount="7.00", lines=[WEIGHED])
    assert held(ada) == 7 + 35
    back = {"external_id": "r-1", "lines": [{"position": 0, "quantity": "0.1", "amount": "2.00"}]}
    made = shop.post(f"transactions/{id}/reversal/", back).said
    assert made["clawback"]["points"] == 2 + 10
    told = shop.get(f"transactions/{made['id']}/").said["explanation"]["share"]
    assert told == {"amount": "0.00", "lines": [{"position": 0, "quantity": 0.1, "amount": "2.00"}]}
    again = {"external_id": "r-2", "lines": [{"position": 0, "quantity": "0.251", "amount": "1.00"}]}
    assert shop.post(f"transactions/{id}/reversal/", again).said["code"] == "refund_too_large"


def test_a_weight_is_entered_at_the_counter(desk, lively_shop):
    page = f"{reverse(ADD)}?member={lively_shop.ada.pk}"
    line = {"lines-0-sku": "CHEESE", "lines-0-quantity": "0.350", "lines-0-amount": "7.00"}
    response = desk.post(reverse(ADD), form_of(desk, page) | {"amount": "7.00"} | line)
    row = Journal.objects.latest("pk").lines.get()
    assert (row.quantity, row.thousandths) == (0, 350)
    assert "<td" in (shown := desk.get(response.url).content.decode())
    assert "0.35" in shown
    wrong = desk.post(reverse(ADD), form_of(desk, page) | {"amount": "7.00"} | line | {"lines-0-quantity": "0.3505"})
    assert "Write a number from 0 to 1,000,000 with at most 3 decimals." in wrong.content.decode()


def test_a_part_of_a_weighed_line_comes_back_at_the_counter(desk, lively_shop):
    lines = (factories.line("CHEESE", 700, quantity=0, thousandths=350), factories.line("TEA", 300, quantity=2))
    sold = lively_shop._post(factories.purchase(lively_shop.ada, 1000, "order-weighed", lines=lines))
    fields = desk.get(address("transactions_journal_refund", sold)).context["form"].fields
    assert "up to 0.35 of 0.35, 7.00 EUR together" in fields["line_0"].help_text
    assert "up to 2 of 2 pieces" in fields["line_1"].help_text
    too_much = errors(deed(desk, "transactions_journal_refund", sold, line_0="0.351", reason="Mould"))
    assert "less than or equal to 0.35" in str(too_much["line_0"])
    preview, made = refunded(desk, sold, line_0="0.1")
    assert "Comes back: 0.1 × CHEESE (2.00 EUR)." in preview
    assert made.trace["share"]["lines"] == [{"position": 0, "amount": 200, "quantity": 0, "thousandths": 100}]
    preview, made = refunded(desk, sold, line_0="0.25", line_1="1")
    assert [line["amount"] for line in made.trace["share"]["lines"]] == [500, 150]
    fields = desk.get(address("transactions_journal_refund", sold)).context["form"].fields
    assert [name for name in fields if name.startswith("line_")] == ["line_1"]
