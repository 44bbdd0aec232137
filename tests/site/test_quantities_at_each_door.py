"""A quantity is the same number, within the same limit, over the API, at the counter and in a file."""

import pytest
from django.urls import reverse

from loyalty_site.lib import quantities
from partners.activity import Activity, Refunded
from tests.support import factories
from tests.support.admin_dialogs import deed, errors
from tests.support.admin_forms import form_of
from tests.support.api_life import purchase
from tests.support.importing import PLAIN, Folder
from transactions.models import Journal, JournalLine

ADD = "admin:transactions_journal_add"
WHAT = "a number from 0 to 1,000,000 with at most 3 decimals."
#: What no door takes.
NONE = ["1e2", "1000000.001", "1000001", "2147483.648", "0.3505", "-1", "1_0", "٣", "NaN"]
#: What each door takes, in thousandths.
SOME = [("1000000", 10**9), ("999999.999", 999_999_999), ("0.35", 350), ("2.0", 2000), ("0", 0)]


@pytest.fixture
def counter(desk, lively_shop):
    """Enters a purchase of one line with this quantity."""
    page = f"{reverse(ADD)}?member={lively_shop.ada.pk}"
    line = {"lines-0-sku": "CHEESE", "lines-0-amount": "7.00"}

    def enter(quantity):
        return desk.post(
            reverse(ADD), form_of(desk, page) | {"amount": "7.00"} | line | {"lines-0-quantity": quantity}
        )

    return enter


@pytest.fixture
def imports(db, tmp_path):
    """Imports a purchase of one line with this quantity."""
    folder = Folder(tmp_path, factories.program())
    mapping = {"enrol": True, "fields": PLAIN["fields"] | {"sku": "what", "quantity": "n"}}
    return lambda text: folder.load(f"who,day,sum,what,n\n1,2026-03-01,7.00,CHEESE,{text}\n", mapping)


def bought():
    return [line.in_thousandths for line in JournalLine.objects.all()]


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_quantity_is_refused_at_the_counter(counter, text):
    before = Journal.objects.count()
    shown = counter(text).content.decode()
    assert f"Write {WHAT}" in shown
    assert Journal.objects.count() == before


@pytest.mark.parametrize(("text", "thousandths"), SOME)
def test_what_is_one_is_taken_at_the_counter(counter, text, thousandths):
    assert counter(text).status_code == 302
    assert Journal.objects.latest("pk").lines.get().in_thousandths == thousandths


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_quantity_is_refused_by_the_import(imports, text):
    run = imports(text)
    assert (run.code, [row["field"].rpartition(".")[2] for row in run.report]) == (1, ["quantity"])
    assert "whole number" not in run.report[0]["problem"]
    assert bought() == []


@pytest.mark.parametrize("text", ["1000000.001", "1000001", "2147483.648"])
def test_the_import_says_what_a_quantity_can_be(imports, text):
    assert imports(text).report[0]["problem"] == f"Send {WHAT}"


@pytest.mark.parametrize(("text", "thousandths"), SOME)
def test_what_is_one_is_taken_by_the_import(imports, text, thousandths):
    assert imports(text).code == 0
    assert bought() == [thousandths]


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_quantity_is_refused_over_http(shop, ada, nothing_written, text):
    line = {"sku": "CHEESE", "quantity": text, "amount": "7.00"}
    answer = shop.post("transactions/", purchase(amount="7.00", lines=[line]))
    (error,) = answer.said["errors"]
    assert (answer.status_code, error["pointer"], error["detail"]) == (400, "#/lines/0/quantity", f"Send {WHAT}")


@pytest.mark.parametrize("text", NONE)
def test_the_one_reader_of_quantities_takes_none_of_them(text):
    with pytest.raises(quantities.money.BadNumber, match="Write a number from 0 to 1,000,000"):
        quantities.parse(text)


@pytest.mark.parametrize("part", [{"quantity": 10**6, "thousandths": 1}, {"quantity": 10**6 + 1}, {"quantity": -1}])
def test_the_ledger_holds_the_same_limit(lively_shop, part):
    fact = Activity(
        "purchase", "o-1", {"number": lively_shop.ada.number}, amount=700, lines=(factories.line(**part),)
    )
    back = factories.reversal(1, lines=(Refunded(0, 0, part["quantity"], part.get("thousandths", 0)),))
    for item in (fact, back):
        refusal = factories.post(lively_shop.program, item)[0].refusal
        assert (refusal.code, refusal.field, refusal.detail) == (
            "invalid_number",
            "lines[0].quantity",
            f"Send {WHAT}",
        )


@pytest.mark.parametrize("text", ["1e0", "1_0", "0.5"])
def test_pieces_that_come_back_are_typed_as_they_are(desk, lively_shop, text):
    lines = (factories.line("TEA", 3000, quantity=20),)
    sold = lively_shop._post(factories.purchase(lively_shop.ada, 3000, "order-tea", lines=lines))
    said = errors(deed(desk, "transactions_journal_refund", sold, line_0=text, reason="Back"))
    assert "Write a" in str(said["line_0"])


def test_what_is_left_of_a_weighed_line_is_said_in_decimals(lively_shop):
    lines = (factories.line("CHEESE", 3000, quantity=1, thousandths=500), factories.line("TEA", 900, quantity=3))
    sold = lively_shop._post(factories.purchase(lively_shop.ada, 3900, "order-kilo", lines=lines))
    back = (Refunded(0, 2000, 1), Refunded(1, 300, 1))
    lively_shop._post(factories.reversal(sold.pk, lines=back))
    for position, left in ((0, "0.5 of its quantity are left of it"), (1, "2 of its pieces are left of it")):
        asked = factories.reversal(sold.pk, lines=(Refunded(position, 100, 3),))
        detail = factories.post(lively_shop.program, asked)[0].refusal.detail
        assert left in detail
        assert "/" not in detail
