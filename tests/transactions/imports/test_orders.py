"""An order that stands in several rows is one purchase with its lines, or is refused for a reason."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import factories
from tests.support.importing import PLAIN
from transactions import imports
from transactions.imports.order_lines import divide
from transactions.models import Journal

COLUMNS = {"customer": "who", "date": "day", "amount": "sum", "sku": "sku", "category": "kind", "quantity": "n"}
ORDERS = {"enrol": True, "fields": COLUMNS | {"order": "id", "line_price": "price"}}
SINGLE = {"enrol": True, "fields": COLUMNS | {"external_id": "id"}}
HEAD = "id,who,day,sum,sku,kind,n,price,tax,ship\n"
TEA = "#1,kim,2026-03-01,54.00,TEA-1,tea,1,24.00,,\n"
CUP = "#1,kim,2026-03-01,,CUP-1,cups,3,10.00,,\n"
OTHER = "#2,lou,2026-03-02,30.00,CUP-1,cups,1,30.00,,\n"


@pytest.fixture
def made(db):
    """One point for each euro, and ten for each one of tea."""
    made = factories.program(rules=False, expiry="never", max_backdate_days=20_000)
    factories.rule(made, "spend", "per_amount", {"points": "1", "per": "1"})
    tea = {"group": "tea", "conditions": {"categories": ["tea"]}}
    factories.rule(made, "tea", "per_amount", {"points": "10", "per": "1"}, **tea)
    return made


def lines():
    """{order: [line]}, each line as its SKU, category, quantity, amount and tax."""
    return {
        journal.external_id: [
            (line.sku, line.category, line.quantity, line.amount, line.tax)
            for line in journal.lines.order_by("position")
        ]
        for journal in Journal.objects.order_by("external_id")
    }


def points(order):
    return Journal.objects.get(external_id=order).answer["points"]["points"]


ALIKE = [
    CUP,
    CUP.replace("#1,", ","),
    ",,,,CUP-1,cups,3,10.00,,\n",
    CUP.replace(",,CUP", ",54.00,CUP"),
]


@pytest.mark.parametrize("second", ALIKE)
def test_rows_of_one_order_are_one_purchase(folder, second):
    for option, would in (["--dry-run"], "would be "), ([], ""):
        run = folder.load(HEAD + TEA + second + OTHER, ORDERS, *option)
        assert (run.code, run.report) == (0, [])
        assert run.told.startswith("3 rows in ")
        assert run.told.split(" s: ")[1].startswith(f"2 {would}posted, 0 recorded before")
    assert lines() == {
        "#1": [("TEA-1", "tea", 1, 2400, 0), ("CUP-1", "cups", 3, 3000, 0)],
        "#2": [("CUP-1", "cups", 1, 3000, 0)],
    }
    assert (points("#1"), points("#2")) == (54 + 240, 30)
    again = folder.load(HEAD + TEA + second + OTHER, ORDERS)
    assert "0 posted, 2 recorded before" in again.told


def test_lines_keep_their_prices_under_a_discount_of_the_order(folder):
    """How much of the tax is theirs is not said, beside shipping that may have some."""
    mapping = {"enrol": True, "fields": ORDERS["fields"] | {"tax": "tax", "shipping": "ship"}}
    first = "#1,kim,2026-03-01,50.01,TEA-1,tea,1,24.00,8.00,5.00\n"
    assert folder.load(HEAD + first + CUP, mapping).code == 0
    assert lines() == {"#1": [("TEA-1", "tea", 1, 2400, 0), ("CUP-1", "cups", 3, 3000, 0)]}


def test_amounts_of_lines_and_rows_without_a_line(folder):
    fields = ORDERS["fields"] | {"line_amount": "price"}
    del fields["line_price"]
    head = "#1,kim,2026-03-01,54.00,,,,,,\n"
    rows = head + ",,,,TEA-1,tea,1,24.00,,\n,,,,CUP-1,cups,3,30.00,,\n"
    assert folder.load(HEAD + rows, {"enrol": True, "fields": fields}).code == 0
    assert lines() == {"#1": [("TEA-1", "tea", 1, 2400, 0), ("CUP-1", "cups", 3, 3000, 0)]}


def test_rows_without_lines_are_put_together_too(folder):
    mapping = {"enrol": True, "fields": PLAIN["fields"] | {"order": "id"}}
    assert folder.load(HEAD + TEA + CUP, mapping).code == 0
    assert (lines(), points("#1")) == ({"#1": []}, 54)


BAD = [
    (CUP.replace(",,CUP", ",30.00,CUP"), [(2, "amount", "order_differs")]),
    (CUP.replace("kim", "lou"), [(2, "customer", "order_differs")]),
    (CUP.replace("10.00", "ten"), [(2, "line_price", "invalid_number")]),
    (CUP.replace(",3,", ",,"), [(2, "quantity", "invalid_value")]),
    (CUP.replace("CUP-1", "4.00638E+12"), [(2, "sku", "altered_by_spreadsheet")]),
    ("#1,kim\n", [(2, "order", "order_incomplete"), (3, "", "wrong_columns")]),
    (CUP * 1000, [(2, "lines", "too_many_lines")]),
]


@pytest.mark.parametrize(("second", "codes"), BAD)
def test_an_order_that_cannot_be_put_together_is_refused_as_a_whole(folder, second, codes):
    run = folder.load(HEAD + TEA + second + "\n" + OTHER.replace("#2", "#3") * ("kim\n" in second) + OTHER, ORDERS)
    assert set(codes) <= set(run.codes)
    assert list(lines()) == ["#2"]


def test_lines_without_any_amount_cannot_share_the_total(folder):
    free = TEA.replace("24.00", "0") + CUP.replace("10.00", "0")
    assert folder.load(HEAD + free, ORDERS).codes == [(2, "amount", "order_without_lines")]
    assert folder.load(HEAD + free.replace("54.00", "0"), ORDERS).code == 0


def test_a_first_row_without_an_order_belongs_to_none(folder):
    assert folder.load(HEAD + TEA.replace("#1", "") + OTHER, ORDERS).codes == [
        (2, "external_id", "external_id_missing")
    ]


def test_an_order_that_comes_again_elsewhere_is_a_conflict(folder):
    run = folder.load(HEAD + TEA + OTHER + CUP.replace(",,CUP", ",54.00,CUP"), ORDERS)
    assert run.codes == [(4, "external_id", "idempotency_conflict")]
    # What is left of the total when its line is known stands in none.
    assert (lines()["#1"], points("#1")) == ([("TEA-1", "tea", 1, 2400, 0)], 54 + 240)


def test_prices_without_the_tax_share_it(folder):
    mapping = {"enrol": True, "fields": ORDERS["fields"] | {"tax": "tax"}}
    first = "#1,kim,2026-03-01,64.80,TEA-1,tea,1,24.00,10.80,\n"
    assert folder.load(HEAD + first + CUP, mapping).code == 0
    assert lines() == {"#1": [("TEA-1", "tea", 1, 2880, 480), ("CUP-1", "cups", 3, 3600, 600)]}


def test_a_row_whose_order_a_spreadsheet_spoiled_may_be_part_of_the_one_beside_it(folder):
    run = folder.load(HEAD + TEA + CUP.replace("#1,kim,2026-03-01", "#REF!,,") + OTHER, ORDERS)
    assert run.codes[0] == (2, "order", "order_incomplete")
    assert (3, "external_id", "altered_by_spreadsheet") in run.codes
    assert list(lines()) == []


def test_rows_without_any_id_that_seem_to_be_one_order_are_refused(folder):
    nameless = {"enrol": True, "fields": COLUMNS}
    blank = CUP.replace("#1,kim,2026-03-01", ",,")
    for second in (blank, CUP):
        run = folder.load(HEAD + TEA + second + OTHER, nameless, "--dry-run")
        assert run.codes == [(line, "external_id", "order_of_several_rows") for line in (2, 3)]
    run = folder.load(
        HEAD + OTHER + TEA.replace("#1", "#3") + CUP.replace("#1", "").replace(",,CUP", ",54.00,CUP"), SINGLE
    )
    assert run.codes == [(line, "external_id", "order_of_several_rows") for line in (3, 4)]


def test_rows_without_any_id_that_both_say_the_total_are_two_purchases(folder):
    """What docs/import.md warns of; and the same rows with the column of the order are one."""
    second = CUP.replace(",,CUP", ",54.00,CUP")
    run = folder.load(HEAD + TEA + second, {"enrol": True, "fields": COLUMNS})
    assert (run.code, "2 posted" in run.told) == (0, True)
    run = folder.load(HEAD + TEA + second, ORDERS)
    assert (run.code, "1 posted" in run.told) == (0, True)


def test_a_line_of_totals_at_the_end_is_no_part_of_the_last_order(folder):
    run = folder.load(HEAD + TEA + OTHER + ",,,84.00,,,,,,\n", SINGLE)
    assert (run.codes, "1 without a customer" in run.told) == ([], True)
    assert list(lines()) == ["#1", "#2"]


@pytest.mark.parametrize("second", ALIKE)
def test_rows_that_may_be_one_order_are_refused_without_the_column(folder, second):
    run = folder.load(HEAD + TEA + second + OTHER, SINGLE)
    assert run.codes == [(line, "external_id", "order_of_several_rows") for line in (2, 3)]
    assert list(lines()) == ["#2"]


def test_equal_rows_count_once_without_the_column(folder):
    run = folder.load(HEAD + OTHER + OTHER, SINGLE)
    assert (run.code, list(lines())) == (0, ["#2"])


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        (COLUMNS | {"order": "id"}, "fields.line_amount"),
        (ORDERS["fields"] | {"external_id": "x"}, "fields.order"),
        (ORDERS["fields"] | {"line_amount": "x"}, "fields.line_amount"),
        (SINGLE["fields"] | {"line_price": "x"}, "fields.line_price"),
    ],
)
def test_a_mapping_that_cannot_divide_orders_is_refused(fields, path):
    with pytest.raises(imports.BadMapping) as caught:
        imports.read(json.dumps({"fields": fields}).encode())
    assert [problem.path for problem in caught.value.problems] == [path]


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1).filter(any), st.integers(0, 10**9))
def test_what_is_divided_is_all_there_and_no_tax_exceeds_its_line(total, weights, tax):
    amounts = divide(total, weights)
    taxes = divide(min(total, tax), amounts)
    assert (sum(amounts), sum(taxes)) == (total, min(total, tax))
    assert all(0 <= part <= whole for part, whole in zip(taxes, amounts, strict=True))
