"""The tax on shipping is in both, is taken off once, and is no tax of a line."""

import pytest

from members.models import Member
from tests.support import factories
from transactions.models import Journal

FIELDS = {"customer": "who", "date": "day", "amount": "sum", "tax": "tax", "shipping": "ship"}
HEAD = "id,who,day,sum,tax,ship,both,sku,price\n"
ORDER = "1,kim,2026-03-01,60.00,10.00,10.00,2.00,A,50.00\n"
ONE = {"external_id": "id", "sku": "sku"}
SEVERAL = {"order": "id", "sku": "sku", "line_price": "price"}
KNOWN = {"shipping_tax": "both"}


@pytest.fixture
def made(db):
    """One point for each euro, neither for tax nor for shipping."""
    made = factories.program(
        rules=False, expiry="never", max_backdate_days=20_000, earns_on_tax=False, earns_on_shipping=False
    )
    factories.rule(made, "spend", "per_amount", {"points": "1", "per": "1"})
    return made


def described(settings=None, **fields):
    return {"enrol": True, "fields": FIELDS | fields} | (settings or {})


def held():
    return factories.held(Member.objects.get())


@pytest.mark.parametrize("named", [ONE, SEVERAL, {"external_id": "id"}])
def test_tax_on_shipping_is_taken_off_once(folder, named):
    run = folder.load(HEAD + ORDER, described(**named, **KNOWN))
    assert (run.code, run.report, held()) == (0, [], 42)
    payload = Journal.objects.get().payload
    assert payload["shipping_tax"] == 200
    assert [line["tax"] for line in payload.get("lines", [])] == ([] if "sku" not in named else [800])


@pytest.mark.parametrize("named", [ONE, SEVERAL, {"external_id": "id"}])
@pytest.mark.parametrize(("both", "points"), [(KNOWN, (42, 50, 50, 60)), ({}, (40, 50, 50, 60))])
@pytest.mark.parametrize("place", range(4))
def test_lines_change_nothing_under_any_setting(folder, made, named, both, points, place):
    """Without the column the tax is that on the goods, as over the API, with lines and without them."""
    made.earns_on_tax, made.earns_on_shipping = place in (1, 3), place in (2, 3)
    made.save()
    assert folder.load(HEAD + ORDER, described(**named, **both)).code == 0
    assert held() == points[place]


def test_shipping_that_is_nearly_all_of_the_order_is_taken(folder):
    row = "1,kim,2026-03-01,11.20,1.87,10.00,1.67,A,1.20\n"
    for named in (ONE, SEVERAL):
        run = folder.load(HEAD + row.replace("1,kim", f"{len(named)},kim"), described(**named, **KNOWN))
        assert (run.code, run.report) == (0, [])
    run = folder.load(HEAD + row.replace("1,kim", "9,kim"), described(**ONE))
    assert "say shipping_tax if they overlap" in run.report[0]["problem"]


def test_more_tax_on_shipping_than_shipping_is_refused(folder):
    run = folder.load(HEAD + ORDER.replace("2.00,A", "10.01,A"), described(**ONE, **KNOWN))
    assert run.codes == [(2, "shipping_tax", "invalid_amount")]
    assert not Member.objects.exists()


def test_an_empty_cell_says_that_shipping_has_no_tax(folder):
    assert folder.load(HEAD + ORDER.replace("2.00,A", ",A"), described(**ONE, **KNOWN)).code == 0
    assert (held(), Journal.objects.get().payload["shipping_tax"]) == (40, 0)


def test_parts_beside_the_amount_share_the_tax_on_shipping(folder):
    settings = {"amount_without": ["tax", "shipping"]}
    row = ORDER.replace("60.00", "42.00")
    assert folder.load(HEAD + row, described(settings, external_id="id", **KNOWN)).code == 0
    assert (Journal.objects.get().amount, held()) == (6000, 42)


def test_shipping_without_its_tax_gets_it_where_the_mapping_says_so(folder):
    settings = {"shipping_without_tax": True}
    row = ORDER.replace("10.00,2.00", "8.00,2.00")
    assert folder.load(HEAD + row, described(settings, **ONE, **KNOWN)).code == 0
    payload = Journal.objects.get().payload
    assert (payload["shipping"], payload["shipping_tax"], held()) == (1000, 200, 42)
    run = folder.load(HEAD + ORDER, described(settings, **ONE))
    assert (run.code, "shipping_without_tax: needs the fields" in run.told) == (2, True)


def test_shipping_of_woocommerce_is_with_its_tax(folder, made):
    made.earns_on_tax = True
    made.save()
    columns = "order_number,date,status,shipping_total,shipping_tax_total,tax_total,order_total,refunded_total"
    people = "order_currency,billing_first_name,billing_last_name,billing_email,item_sku,item_quantity,item_total"
    row = "812,2026-10-08 09:50:26,completed,5.00,1.00,11.00,66.00,0.00,EUR,Kim,M,kim@example.com,A,1,50.00\n"
    run = folder.load(f"{columns},{people}\n{row}", "woocommerce")
    assert (run.code, run.report, held()) == (0, [], 60)
    (line,) = Journal.objects.get().payload["lines"]
    assert (line["amount"], line["tax"]) == (6000, 1000)
