"""The lines of an order in a file keep their list prices, so that a refund names these or what was paid."""

import pytest

from partners.activity import Refunded, Reversal
from partners.models import Connection
from transactions import ledger
from transactions.models import Journal, JournalLine
from transactions.proof.audit import audit

FIELDS = {"order": "id", "customer": "who", "date": "day", "amount": "sum", "sku": "sku", "line_price": "price"}
HEAD = "id,who,day,sum,sku,price,off,tax\n"
FIRST, SECOND = "#1,kim,2026-03-01,900.00,A,600,,\n", ",,,,B,400,,\n"


def described(**fields):
    return {"enrol": True, "fields": FIELDS | fields}


def lines():
    return list(JournalLine.objects.order_by("position").values_list("amount", "tax"))


def refund(made, position, amount):
    """What a refund of one piece for this many minor units gives."""
    order = Journal.objects.get(external_id="#1")
    back = Reversal(
        f"back-{position}", journal_id=order.pk, lines=(Refunded(position=position, quantity=1, amount=amount),)
    )
    (result,) = ledger.record([back], program_id=made.pk, via=Connection.objects.get())
    assert result.refusal is None, result.refusal
    return result.answer["points"]["points"]


@pytest.mark.parametrize("amounts", [(60000, 40000), (54000, 36000), (60000, 36000)])
def test_a_refund_names_the_list_price_or_what_was_paid(folder, made, amounts):
    assert folder.load(HEAD + FIRST + SECOND, described()).code == 0
    assert lines() == [(60000, 0), (40000, 0)]
    assert [refund(made, position, amount) for position, amount in enumerate(amounts)] == [-540, -360]
    assert list(audit(made)) == []


def test_a_line_with_a_discount_of_its_own_keeps_its_list_price_too(folder, made):
    rows = FIRST.replace("600,,", "600,60,") + SECOND.replace("400,,", "400,40,")
    assert folder.load(HEAD + rows, described(line_discount="off")).code == 0
    payload = Journal.objects.get().payload
    assert [(line["amount"], line["discount"]) for line in payload["lines"]] == [(60000, 6000), (40000, 4000)]
    assert [refund(made, 0, 54000), refund(made, 1, 36000)] == [-540, -360]


def test_the_tax_of_a_line_is_its_share_and_at_most_its_price(folder, made):
    rows = FIRST.replace("900.00", "6.00")[:-1] + "1.00\n" + SECOND
    assert folder.load(HEAD + rows, described(tax="tax")).code == 0
    assert lines() == [(60000, 60), (40000, 40)]


def test_prices_without_tax_are_those_with_it(folder, made):
    rows = FIRST.replace("900.00", "1200.00")[:-1] + "200.00\n" + SECOND
    assert folder.load(HEAD + rows, described(tax="tax")).code == 0
    assert lines() == [(72000, 12000), (48000, 8000)]
