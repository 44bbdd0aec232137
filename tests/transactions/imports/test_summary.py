"""The summary counts each row once: posted, recorded before, refused, waiting or passed over."""

import re

import pytest

from loyalty_site.lib.refusals import Refusal
from members.models import Member
from tests.support import factories
from transactions.models import Journal
from transactions.proof.audit import audit
from transactions.verbs.reversals import Reverse

FIELDS = {"external_id": "id", "customer": "who", "date": "day", "amount": "sum"}
HEAD = "id,who,day,sum,back,tax,ship,card,worth,off,money\n"
PARTS = {"tax": "tax", "shipping": "ship", "gift_card": "card", "points_value": "worth"}


def with_fields(settings=None, **fields):
    return {"enrol": True, "fields": FIELDS | fields} | (settings or {})


def row(name, amount, *, back="", day="2026-03-01", who="SG", parts=",,,,,"):
    return f"{name},{who},{day},{amount},{back},{parts}\n"


def counted(run):
    """{what became of rows: how many}, of which the sum is the number of rows."""
    ways = ("posted, ", "recorded before", "refused;", "written down", "without a customer", "left out")
    found = {way.strip(", ;"): re.search(rf"([\d,]+) (?:would be )?{way}", run.told) for way in ways}
    counts = {way: int(match[1]) for way, match in found.items() if match and match[1] != "0"}
    assert sum(counts.values()) == int(run.told.split(" rows in ")[0])
    return counts


def both(folder, rows, described):
    """The Run, which the dry run foresaw."""
    rehearsal = folder.load(HEAD + rows, described, "--dry-run")
    run = folder.load(HEAD + rows, described)
    assert run.report == rehearsal.report
    assert run.told.split(" s: ")[1] == rehearsal.told.split(" s: ")[1].replace("would be ", "")
    assert counted(rehearsal) == counted(run)
    return run


def test_a_refund_whose_purchase_is_not_here_waits_and_is_listed(folder, made):
    described = with_fields({"signs": True, "negative": "refund"})
    run = both(folder, row("NOSUCH", "-4.00", day="2026-03-05"), described)
    assert (run.code, run.codes) == (0, [(2, "refund_of", "waits")])
    assert "Written down, but not counted yet. The order is not here yet" in run.report[0]["problem"]
    assert "NOSUCH" in run.report[0]["problem"]
    assert "refunds posted" not in run.told
    assert counted(run) == {"written down": 1}
    # It counts as soon as its purchase comes, and is not posted again by the same row.
    run = folder.load(HEAD + row("NOSUCH", "10.00") + row("NOSUCH", "-4.00", day="2026-03-05"), described)
    assert counted(run) == {"posted": 1, "recorded before": 1}
    assert factories.held(Member.objects.get()) == 6
    assert list(audit(made)) == []


@pytest.mark.parametrize("size", [1, 1000])
def test_a_refund_behind_its_purchase_in_the_same_file_does_not_wait(folder, monkeypatch, size):
    monkeypatch.setattr("transactions.ledger.LARGEST_BATCH", size)
    described = with_fields({"negative": "refund"})
    run = both(folder, row("A", "10.00") + row("B", "1.00") + row("A", "-4.00"), described)
    assert (run.report, counted(run)) == ([], {"posted": 3})


def test_a_purchase_that_is_kept_is_not_called_posted(folder, made):
    """Its money has no rate yet, so nothing was earned; what came back of it waits with it."""
    described = with_fields({}, money="money", refund="back")
    run = both(
        folder, row("A", "10.00", parts=",,,,,USD") + row("B", "9.00", back="2.00", parts=",,,,,USD"), described
    )
    assert (run.code, {(line, code) for line, _, code in run.codes}) == (0, {(2, "waits"), (3, "waits")})
    assert "no rate of USD" in run.report[0]["problem"]
    assert counted(run) == {"written down": 2}
    again = folder.load(HEAD + row("A", "10.00", parts=",,,,,USD"), described)
    assert (again.report, counted(again)) == ([], {"recorded before": 1})


def test_more_back_than_the_same_row_cost_refuses_the_whole_row(folder):
    run = both(folder, row("A", "60.00", back="70.00") + row("B", "60.00", back="60.00"), with_fields(refund="back"))
    assert (run.code, run.codes) == (1, [(2, "refund", "refund_too_large")])
    assert "refund at most 60.00 EUR" in run.report[0]["problem"]
    assert counted(run) == {"posted": 1, "refused": 1}
    assert Member.objects.count() == 1
    assert not Journal.objects.filter(external_id="A").exists()


def test_more_back_than_one_that_costs_nothing_is_too_much(folder):
    run = both(folder, row("A", "0.00", back="1.00"), with_fields(refund="back"))
    assert (run.codes, counted(run)) == ([(2, "refund", "refund_too_large")], {"refused": 1})


def test_a_refund_that_fails_of_a_purchase_that_is_recorded_is_listed_beside_its_row(folder, monkeypatch):
    described = with_fields(refund="back")
    folder.load(HEAD + row("A", "60.00"), described)
    wrong = Refusal("not_reversible", "This kind of transaction cannot be reversed.", field="transaction")
    monkeypatch.setattr(Reverse, "check", lambda verb, item: iter([wrong]))
    for option in (["--dry-run"], []):
        run = folder.load(HEAD + row("A", "60.00", back="10.00") + row("B", "1.00"), described, *option)
        assert (run.code, run.codes) == (1, [(2, "refund", "not_reversible")])
        assert counted(run) == {"posted": 1, "recorded before": 1}
        assert "1 refunds" in run.told
        assert run.error.startswith("0 rows and 1 refunds were refused: 1 problems listed in ")


@pytest.mark.parametrize("target", PARTS)
def test_a_part_of_the_amount_that_is_empty_is_nothing(folder, target):
    run = both(folder, row("A", "60.00"), with_fields({}, **{target: PARTS[target]}))
    assert (run.code, run.report, counted(run)) == (0, [], {"posted": 1})
    assert not Journal.objects.get().payload.get(target)


def test_all_parts_may_be_empty_and_added_to_the_amount(folder):
    described = with_fields({"amount_without": ["tax", "shipping"]}, **PARTS, discount="off")
    run = both(folder, row("A", "60.00"), described)
    assert (run.code, run.report) == (0, [])
    assert Journal.objects.get().amount == 6000


def test_an_empty_amount_of_a_purchase_is_taken_with_a_warning_or_refused_by_a_strict_program(folder, made):
    run = both(folder, row("A", "") + row("B", "10.00"), with_fields())
    assert (run.code, run.codes) == (0, [(2, "amount", "amount_missing")])
    assert counted(run) == {"posted": 2}
    made.strictness = "refuse"
    made.save()
    run = both(folder, row("C", "", who="GHOST1"), with_fields())
    assert (run.code, run.codes, counted(run)) == (1, [(2, "amount", "amount_missing")], {"refused": 1})
    assert Member.objects.count() == 1


def test_an_empty_amount_of_a_visit_is_nothing(folder, made):
    factories.rule(made, "visit", "per_visit", {"points": "5", "activity": "visit"}, group="visits")
    run = both(folder, row("A", ""), with_fields() | {"constants": {"kind": "visit"}})
    assert (run.code, run.report) == (0, [])


def test_an_order_of_magento_without_shipping_is_taken(folder):
    head = "ID,Purchase Date,Grand Total (Base),Status,Customer Email,Shipping and Handling,Total Refunded\n"
    rows = '1,"Oct 7, 2026 09:50:26 AM",59.0000,Complete,kim@example.com,,\n'
    run = folder.load(head + rows, "magento")
    assert (run.code, run.report) == (0, [])
    assert Journal.objects.get().amount == 5900
