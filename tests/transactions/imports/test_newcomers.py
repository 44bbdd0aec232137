"""Nobody becomes a member by a row that is not taken, whyever it is not."""

from dataclasses import fields

import pytest

from members.models import Balance, Customer, ExternalId, Member
from partners.activity import Activity
from programs.models import Cap
from tests.support import factories
from tests.support.importing import PLAIN
from transactions.imports.newcomers import _TAKEN, _TRIED
from transactions.imports.posting import Poster
from transactions.models import Journal
from transactions.proof.audit import audit


def with_columns(**columns):
    return {"enrol": True, "fields": PLAIN["fields"] | columns}


def tried_and_done(folder, content, mapping):
    """The Run, which the dry run foresaw."""
    rehearsal = folder.load(content, mapping, "--dry-run")
    assert not Member.objects.exists()
    run = folder.load(content, mapping)
    assert run.report == rehearsal.report
    assert run.told.split(" s: ")[1] == rehearsal.told.split(" s: ")[1].replace("would be ", "")
    return run


def members():
    return {row.value: row.customer.memberships.get().enrolled_at.date().isoformat() for row in known()}


def known():
    return ExternalId.objects.select_related("customer").order_by("value")


def test_a_name_that_another_purchase_has_enrols_nobody(folder, made):
    mapping = with_columns(external_id="id")
    rows = "who,id,day,sum\nA,G1,2026-03-01T12:00,10.00\nB,G1,2026-03-02T12:00,11.00\nB,G1,2026-03-03T12:00,12.00\n"
    run = tried_and_done(folder, rows, mapping)
    assert run.codes == [(line, "external_id", "idempotency_conflict") for line in (3, 4)]
    assert members() == {"A": "2026-03-01"}
    assert Customer.objects.count() == 1
    # Recorded by an earlier import.
    run = folder.load("who,id,day,sum\nC,G1,2026-03-02T12:00,11.00\nC,G2,2026-03-05T12:00,11.00\n", mapping)
    assert run.codes == [(2, "external_id", "idempotency_conflict")]
    assert members() == {"A": "2026-03-01", "C": "2026-03-05"}
    assert list(audit(made)) == []


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_name_in_the_batch_before_counts_too(folder, monkeypatch, size):
    monkeypatch.setattr("transactions.ledger.LARGEST_BATCH", size)
    rows = "who,id,day,sum\nA,G1,2026-03-01T12:00,1\nA,G2,2026-03-01T12:00,2\nB,G2,2026-03-01T12:00,3\n"
    run = tried_and_done(folder, rows + "C,G1,2026-03-01T12:00,4\n", with_columns(external_id="id"))
    assert run.codes == [(line, "external_id", "idempotency_conflict") for line in (4, 5)]
    assert members() == {"A": "2026-03-01"}


REFUSED = [
    ({"store": "more"}, "nowhere", "store", "store_unknown"),
    ({"partner": "more"}, "nobody", "partner", "partner_unknown"),
    ({"money": "more"}, "XX!", "money", "currency_unknown"),
]


@pytest.mark.parametrize(("columns", "text", "field", "code"), REFUSED)
def test_who_has_no_row_that_is_taken_is_not_enrolled(folder, made, columns, text, field, code):
    rows = f"who,day,sum,more\nA,2026-03-01T12:00,10.00,{text}\nB,2026-03-01T12:00,10.00,\nA,2026-03-02,1,{text}\n"
    run = tried_and_done(folder, rows, with_columns(**columns))
    assert run.codes == [(2, field, code), (4, field, code)]
    assert "1 members enrolled" in run.told
    assert members() == {"B": "2026-03-01"}


def test_a_customer_joins_by_the_first_row_that_is_taken(folder, made):
    """With what that row says of them."""
    factories.store(made.owner, "lyon")
    rows = (
        "who,day,sum,store,name\n"
        "A,2026-03-01T12:00,1.00,nowhere,Wrong\n"
        "A,2026-03-01T13:00,1.00,nowhere,Wrong\n"
        "A,2026-03-05T12:00,2.00,lyon,Right\n"
        "A,2026-03-06T12:00,3.00,nowhere,Late\n"
    )
    run = tried_and_done(folder, rows, with_columns(store="store", last_name="name"))
    assert [line for line, *_ in run.codes] == [2, 3, 5]
    assert members() == {"A": "2026-03-05"}
    assert Customer.objects.get().last_name == "Right"


def test_an_address_is_not_taken_by_somebody_who_is_not_enrolled(folder):
    rows = "who,day,sum,store,mail\nA,2026-03-01,1,nowhere,x@example.com\nB,2026-03-01,1,,x@example.com\n"
    run = tried_and_done(folder, rows, with_columns(store="store", email="mail"))
    assert run.codes == [(2, "store", "store_unknown")]
    assert list(members()) == ["B"]


@pytest.mark.parametrize("scope", ["member", "program"])
def test_a_cap_that_refuses_enrols_nobody(folder, made, scope):
    currency = made.currencies.get(code="points")
    terms = {"period": "day", "scope": scope, "behaviour": "reject"}
    Cap.objects.create(program=made, code="day", name="Day", currency=currency, limit=10, **terms)
    rows = "who,day,sum\nA,2026-03-01T12:00,9.00\nB,2026-03-01T13:00,11.00\nC,2026-03-02T12:00,9.00\n"
    run = tried_and_done(folder, rows, PLAIN)
    assert [line for line, *_ in run.codes] == [3]
    assert list(members()) == ["A", "C"]
    if scope == "program":
        # What is left of the cap decides, whoever used it up.
        run = folder.load("who,day,sum\nA,2026-03-03T12:00,8.00\nD,2026-03-03T13:00,5.00\n")
        assert [line for line, *_ in run.codes] == [3]
        assert list(members()) == ["A", "C"]


def test_points_that_no_ledger_holds_enrol_nobody(folder, made):
    factories.rule(made, "much", "per_amount", {"points": "1000", "per": "1"}, group="much")
    run = tried_and_done(folder, "who,day,sum\nA,2026-03-01,9999999999999.00\nB,2026-03-01,1.00\n", PLAIN)
    assert run.codes == [(2, "amount", "points_too_many")]
    assert list(members()) == ["B"]
    assert Balance.objects.filter(currency__code="points").count() == Journal.objects.count() == 1


STRICT = [
    ({"kind": "kind"}, "visitt", "kind", "activity_unknown"),
    ({"channel": "channel"}, "wbe", "channel", "channel_unknown"),
]


@pytest.mark.parametrize("named", ["who", "card"])
@pytest.mark.parametrize(("columns", "text", "field", "code"), STRICT)
def test_what_a_strict_program_refuses_enrols_nobody(folder, made, columns, text, field, code, named):
    made.strictness, made.channels = "refuse", "web,store"
    made.save()
    (column,) = columns.values()
    good = {"kind": "purchase", "channel": "web"}[field]
    rows = (
        f"who,day,sum,{column}\nGHOST1,2026-03-01T12:00,10.00,{text}\nGHOST1,2026-03-02T12:00,10.00,{text}\n"
        f"A,2026-03-01T12:00,10.00,{text}\nA,2026-03-02T12:00,10.00,{good}\nA,2026-03-03T12:00,10.00,{text}\n"
    )
    mapping = {"enrol": True, "fields": {named if named == "card" else "customer": "who", "date": "day"} | columns}
    mapping["fields"]["amount"] = "sum"
    run = tried_and_done(folder, rows, mapping)
    assert run.codes == [(line, field, code) for line in (2, 3, 4, 6)]
    assert "1 posted, 0 recorded before, 4 refused; 1 members enrolled" in run.told
    assert Member.objects.get().enrolled_at.date().isoformat() == "2026-03-02"


def test_a_purchase_without_an_amount_enrols_nobody_in_a_strict_program(folder, made):
    made.strictness = "refuse"
    made.save()
    mapping = {"enrol": True, "fields": {"customer": "who", "date": "day", "kind": "kind"}}
    run = tried_and_done(folder, "who,day,kind\nGHOST1,2026-03-01,purchase\n", mapping)
    assert run.codes == [(2, "amount", "amount_missing")]
    assert "0 members enrolled" in run.told


def test_many_rows_that_are_refused_alike_cost_few_attempts(folder, made, monkeypatch):
    attempts = []
    tried = Poster._try_out
    monkeypatch.setattr(Poster, "_try_out", lambda self, rows: attempts.append(len(rows)) or tried(self, rows))
    rows = "".join(f"A,2026-03-{day:02},1,nowhere\n" for day in range(1, 29))
    run = folder.load(f"who,day,sum,store\n{rows}", with_columns(store="store"))
    assert (len(run.report), attempts) == (28, [28])


def test_whatever_a_row_says_that_the_ledger_may_refuse_is_tried():
    """A new field of an Activity is tried until somebody says that the ledger takes whatever it says."""
    assert {"store", "partner", "order", "replaces", "hold", "attributes", "redeem"} <= _TRIED.keys()
    assert _TRIED.keys() | _TAKEN == {one.name for one in fields(Activity)}
