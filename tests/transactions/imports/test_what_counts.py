"""What of a file counts: not what was never paid or came back, and nothing without a customer."""

import json

import pytest

from members.models import Member
from tests.support import factories
from transactions.imports import BadMapping, read
from transactions.models import Journal
from transactions.proof.audit import audit

FIELDS = {"external_id": "id", "customer": "who", "date": "day", "amount": "sum"}
HEAD = "id,who,day,sum,status,back,off,ship,tax\n"


def with_fields(settings=None, **fields):
    return {"enrol": True, "fields": FIELDS | fields} | (settings or {})


def both(folder, content, described):
    """The Run, which the dry run foresaw."""
    rehearsal = folder.load(content, described, "--dry-run")
    assert not Journal.objects.exists()
    run = folder.load(content, described)
    assert run.report == rehearsal.report
    assert run.told.split(" s: ")[1] == rehearsal.told.split(" s: ")[1].replace("would be ", "")
    return run


def held(name):
    return factories.held(Member.objects.get(customer__external_ids__value=name))


def test_rows_are_left_out_by_a_value_and_counted_apart(folder):
    rows = "1,kim,2026-03-01,10,Paid,,,,\n2,lou,2026-03-01,10,voided,,,,\n3,moe,2026-03-01,ten,pending,,,,\n"
    for settings in ({"only": {"status": ["paid"]}}, {"leave_out": {"status": ["VOIDED", "Pending"]}}):
        run = folder.load(HEAD + rows, with_fields(settings, status="status"), "--dry-run")
        assert (run.code, run.report) == (0, [])
        assert "3 rows" in run.told
        assert "1 would be posted" in run.told
        assert "Passed over: 2 left out by the mapping." in run.told
    assert both(folder, HEAD + rows, with_fields(settings, status="status")).code == 0
    assert Member.objects.count() == 1


def test_rows_without_a_customer_are_passed_over_and_counted_apart(folder):
    rows = "1,kim,2026-03-01,10,,,,,\n2,,2026-03-01,10,,,,,\n3,,2026-03-01,ten,,,,,\n"
    run = both(folder, HEAD + rows, with_fields())
    assert (run.code, run.report) == (0, [])
    assert "Passed over: 2 without a customer." in run.told
    run = folder.load(HEAD + rows, with_fields({"guests": "refuse"}))
    assert [code for line, _, code in run.codes if line == 3] == ["member_missing"]


def test_discount_tax_and_shipping_make_the_total_where_they_stand_beside_the_amount(folder):
    rows = "1,kim,2026-03-01,100.00,,,-10.00,5.00,20.00\n2,lou,2026-03-01,50.00,,,,0,0\n"
    settings = {"amount_without": ["tax", "shipping"], "signs": True}
    run = both(folder, HEAD + rows, with_fields(settings, discount="off", shipping="ship", tax="tax"))
    assert (run.code, run.report) == (0, [])
    first = Journal.objects.get(external_id="1")
    assert (first.amount, first.payload["tax"], first.payload["shipping"]) == (11500, 2000, 500)
    too_much = folder.load(HEAD + "3,kim,2026-03-01,5,,,6,0,0\n", with_fields(discount="off"))
    assert too_much.codes == [(2, "discount", "invalid_value")]


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("€12.50", 1250),
        ("12.50 €", 1250),
        ("EUR 1,012.50", 101250),
        ("12.5 eur", 1250),
        ("12.50", 1250),
        ("€ 12", 1200),
    ],
)
def test_currency_signs_are_read_where_the_mapping_says_so(folder, written, amount):
    described = with_fields({"signs": True, "thousands": ","})
    run = both(folder, HEAD + f'1,kim,2026-03-01,"{written}",,,,,\n', described)
    assert (run.code, run.report) == (0, [])
    assert Journal.objects.get().amount == amount


@pytest.mark.parametrize("written", ["$12", "USD 12", "€12€", "(12", "12)", "--12", "(-12)", "€", "12 13", "£1"])
def test_a_sign_of_other_money_or_half_a_bracket_is_refused(folder, written):
    run = folder.load(HEAD + f'1,kim,2026-03-01,"{written}",,,,,\n', with_fields({"signs": True}))
    assert [(line, field) for line, field, _ in run.codes] == [(2, "amount")]


@pytest.mark.parametrize("written", ["-4.00", "(4.00)", "-€4.00", "€-4.00", "(€4.00)", "4.00-", "−4.00", "€(4.00)"])
def test_a_row_of_a_negative_amount_refunds_its_order(folder, made, written):
    rows = f'1,kim,2026-03-01,10.00,,,,,\n1,kim,2026-03-05,"{written}",,,,,\n'
    described = with_fields({"signs": True, "negative": "refund"})
    run = both(folder, HEAD + rows, described)
    assert (run.code, run.report) == (0, [])
    assert "1 refunds posted." in run.told
    assert held("kim") == 6
    assert "0 posted, 2 recorded before" in folder.load(HEAD + rows, described).told
    assert held("kim") == 6
    assert list(audit(made)) == []


def test_a_negative_amount_is_refused_unless_the_mapping_says_what_it_is(folder):
    for settings in ({}, {"signs": True}):
        run = folder.load(HEAD + "1,kim,2026-03-01,-10.00,,,,,\n", with_fields(settings))
        assert run.codes == [(2, "amount", "invalid_value")]


def test_a_refund_may_have_a_number_of_its_own_and_come_before_its_purchase(folder):
    rows = "R7,kim,2026-03-05,-4.00,1,,,,\n1,kim,2026-03-01,10.00,,,,,\nR8,kim,2026-03-06,-1.00,,,,,\n"
    described = with_fields({"negative": "refund"}, refund_of="status")
    assert folder.load(HEAD + rows, described).code == 0
    assert held("kim") == 6


def test_the_total_that_came_back_of_an_order_is_refunded_once(folder, made):
    def row(back):
        return HEAD + f"1,kim,2026-03-01,10.00,,{back},,,\n"

    described = with_fields(refund="back")
    for back, points, refunds in (("", 10, 0), ("0.00", 10, 0), ("3.00", 7, 1), ("3.00", 7, 1), ("10.00", 0, 2)):
        run = folder.load(row(back), described)
        assert (run.code, run.report) == (0, [])
        assert held("kim") == points
        assert Journal.objects.filter(kind="reversal").count() == refunds
    assert folder.load(row("11.00"), described).codes == [(2, "refund", "refund_too_large")]
    assert list(audit(made)) == []


def test_what_came_back_before_the_import_never_counts(folder):
    rows = "2,lou,2026-03-01,30.00,refunded,30.00,,,\n3,moe,2026-03-01,30.00,paid,31,,,\n"
    run = both(folder, HEAD + rows, with_fields(refund="back"))
    assert run.codes == [(3, "refund", "refund_too_large")]
    assert held("lou") == 0
    back = Journal.objects.get(kind="reversal")
    assert back.activity_at == Journal.objects.get(kind="accrual", external_id="2").activity_at


WRONG = [
    ({"only": {"status": ["paid"]}}, {}, "only.status"),
    ({"only": {"status": "paid"}}, {"status": "s"}, "only.status"),
    ({"only": {"amount": ["1"]}}, {}, "only.amount"),
    ({"leave_out": {"status": []}}, {"status": "s"}, "leave_out.status"),
    ({"guests": "maybe"}, {}, "guests"),
    ({"negative": "yes"}, {}, "negative"),
    ({"signs": "yes"}, {}, "signs"),
    ({"amount_without": ["tip"]}, {}, "amount_without"),
    ({"amount_without": ["tax"]}, {}, "amount_without"),
    ({}, {"refund_of": "r"}, "fields.refund_of"),
    ({}, {"line_discount": "d"}, "fields.line_discount"),
]


@pytest.mark.parametrize(("options", "fields", "path"), WRONG)
def test_a_mapping_that_cannot_be_meant_is_refused_at_its_path(options, fields, path):

    with pytest.raises(BadMapping) as caught:
        read(json.dumps(with_fields(options, **fields)).encode())
    assert path in [problem.path for problem in caught.value.problems]


def test_refunds_need_to_say_of_what():

    named = {name: column for name, column in FIELDS.items() if name != "external_id"}
    for settings, fields in (({"negative": "refund"}, {}), ({}, {"refund": "back"})):
        with pytest.raises(BadMapping):
            read(json.dumps({"fields": named | fields} | settings).encode())


def test_a_sign_may_be_that_of_the_currency_that_the_row_names(folder):
    described = with_fields({"signs": True}, money="status")
    run = folder.load(HEAD + "1,kim,2026-03-01,$10.00,usd,,,,\n2,kim,2026-03-01,€10.00,usd,,,,\n", described)
    assert run.codes == [(2, "", "waits"), (3, "amount", "invalid_value")]
    assert (Journal.objects.get().money, Journal.objects.get().amount) == ("USD", 1000)
