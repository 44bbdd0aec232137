"""A file becomes purchases, once, however often and in whatever state it arrives."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db.models import Max, Sum
from django.utils import timezone

from loyalty_site import demo
from loyalty_site.lib.sql import Session
from members.models import Balance, Customer, Member
from partners.models import Connection
from tests.support import factories
from tests.support.importing import PLAIN
from transactions.imports import rows
from transactions.models import Journal
from transactions.proof.audit import audit

CDNOW = Path(demo.__file__).with_name("cdnow_sample.txt")
CDNOW_MAPPING = CDNOW.with_name("cdnow_mapping.json")
ROWS = "who,day,sum\n4711,2026-03-01,10.00\n4712,2026-03-02,20.50\n4711,2026-03-03,5.99\n"


def balances(made):
    rows = Balance.objects.filter(member__program=made, currency__code="points")
    return dict(rows.values_list("member__customer__external_ids__value", "available"))


@pytest.mark.slow
def test_the_cdnow_sample_gives_exactly_these_points(folder, made):
    rehearsal = folder.load(CDNOW, CDNOW_MAPPING, "--dry-run")
    assert not Journal.objects.exists()
    run = folder.load(CDNOW, CDNOW_MAPPING)
    assert (run.code, run.report) == (0, [])
    assert "6,919 posted" in run.told
    assert "2,357 members enrolled" in run.told
    assert "6,919 would be posted" in rehearsal.told
    assert "2,357 members would be enrolled" in rehearsal.told
    points = Balance.objects.filter(member__program=made)
    assert points.aggregate(Sum("available"), Max("available")) == {
        "available__sum": 239_444,
        "available__max": 6_517,
    }
    assert Member.objects.filter(program=made).count() == 2_357
    assert points.filter(available__gte=500).count() == 74
    assert points.filter(available__gte=1000).count() == 19
    facts = Journal.objects.filter(program=made)
    assert facts.count() == 6_919
    assert facts.filter(amount=0).count() == 8
    assert facts.aggregate(Sum("amount")) == {"amount__sum": 24_409_194}
    assert list(audit(made)) == []

    again = folder.load(CDNOW, CDNOW_MAPPING)
    assert again.code == 0
    assert "0 posted, 6,919 recorded before" in again.told
    assert "Nothing new in this file." in again.told
    assert Journal.objects.count() == 6_919


def test_customers_become_members_on_the_date_of_their_first_row(folder, made):
    folder.load(ROWS)
    member = Member.objects.get(customer__external_ids__value="4711")
    # The first instant of the day in Paris.
    assert member.enrolled_at == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert member.channel == "import"
    assert balances(made) == {"4711": 15, "4712": 20}


def test_equal_rows_are_purchases_of_their_own(folder, made):
    row = "4711,2026-03-01,10.00\n"
    assert folder.load("who,day,sum\n" + row * 3).code == 0
    assert balances(made) == {"4711": 30}
    run = folder.load("who,day,sum\n" + row * 4)
    assert "1 posted, 3 recorded before" in run.told
    assert balances(made) == {"4711": 40}


def test_a_row_is_the_same_fact_in_another_file_and_notation(folder, made):
    folder.load(ROWS)
    other = {"enrol": True, "delimiter": ";", "decimal": ",", "header": False, "encoding": "cp1252"}
    other["fields"] = {"amount": 1, "date": {"column": 3, "format": "%d.%m.%y"}, "customer": 2}
    run = folder.load("5,99;4711;03.03.26\r\n20,50;4712;02.03.26\r\n10,00;4711;01.03.26\r\n", other)
    assert "0 posted, 3 recorded before" in run.told
    fixed = {"format": "fixed", "enrol": True, "fields": {"customer": {"from": 1, "to": 5}}}
    fixed["fields"] |= {"date": {"from": 6, "to": 13, "format": "%Y%m%d"}, "amount": {"from": 14, "to": 20}}
    text = " 471120260301  10.00\n 471220260302  20.50\n 471120260303   5.99\n"
    assert "0 posted, 3 recorded before" in folder.load(text, fixed).told


def test_a_changed_row_is_a_new_fact_and_the_others_are_not(folder, made):
    folder.load(ROWS)
    run = folder.load(ROWS.replace("20.50", "21.50"))
    assert "1 posted, 2 recorded before" in run.told


def test_a_changed_row_with_an_id_of_its_own_is_refused(folder, made):
    mapping = {"enrol": True, "fields": PLAIN["fields"] | {"external_id": "id"}}
    text = "id,who,day,sum\nA1,4711,2026-03-01,10.00\nA2,4711,2026-03-01,10.00\n"
    assert folder.load(text, mapping).code == 0
    for option in ([], ["--dry-run"]):
        run = folder.load(text.replace("A2,4711,2026-03-01,10.00", "A2,4711,2026-03-01,99.00"), mapping, *option)
        assert (run.code, run.codes) == (1, [(3, "external_id", "idempotency_conflict")])
    assert balances(made) == {"4711": 20}


def test_a_mapping_that_learns_a_column_makes_no_new_facts(folder, made):
    folder.load(ROWS)
    with_channel = PLAIN | {"constants": {"channel": "web"}}
    run = folder.load(ROWS, with_channel)
    assert run.code == 1
    assert {row["code"] for row in run.report} == {"idempotency_conflict"}
    assert Journal.objects.count() == 3


@pytest.mark.parametrize("is_dry", [False, True])
def test_an_id_that_comes_twice_counts_once(folder, made, monkeypatch, is_dry):
    """In one batch and over the border of two."""
    monkeypatch.setattr("transactions.ledger.LARGEST_BATCH", 4)
    mapping = {"enrol": True, "fields": PLAIN["fields"] | {"external_id": "id"}}
    names = ["A", "B", "A", "C", "D", "A", "B", "E"]
    lines = [f"{name},4711,2026-03-01,10.00" for name in names] + ["C,4711,2026-03-01,99.00"]
    run = folder.load("\n".join(["id,who,day,sum", *lines, ""]), mapping, *(["--dry-run"] if is_dry else []))
    would = "would be " if is_dry else ""
    told = run.told.split(" s: ")[1]
    assert told.startswith(f"5 {would}posted, 3 recorded before, 1 {would}refused; 1 members")
    assert run.codes == [(10, "external_id", "idempotency_conflict")]
    assert balances(made) == ({} if is_dry else {"4711": 50})


def test_a_dry_run_writes_nothing_and_reports_the_same(folder, made, count_rows, monkeypatch):
    monkeypatch.setattr("transactions.ledger.LARGEST_BATCH", 3)
    factories.post_one(made, factories.purchase(factories.member(made), 100))
    mapping = {"enrol": True, "fields": PLAIN["fields"] | {"email": "mail", "store": "shop"}}
    text = (
        "who,day,sum,mail,shop\n"
        "1,2026-03-01,10.00,a@example.com,\n"
        "2,2026-03-01,10.00,nonsense,\n"
        "3,2026-03-01,ten,,\n"
        "4,2999-03-01,10.00,,\n"
        "5,2026-03-01,10.00,A@example.com,\n"
        "1,2026-02-01,10.00,,\n"
        "1,2026-04-01,10.00,,nowhere\n"
        "1,2026-04-01,10.00,,\n"
    )
    before = count_rows()
    rehearsal = folder.load(text, mapping, "--dry-run")
    assert count_rows() == before
    run = folder.load(text, mapping)
    assert run.code == rehearsal.code == 1
    assert run.report == rehearsal.report
    assert run.codes == [
        (3, "email", "invalid_customer"),
        (4, "amount", "invalid_number"),
        (5, "date", "invalid_date"),
        (6, "email", "already_member"),
        (7, "date", "invalid_date"),
        (8, "store", "store_unknown"),
    ]
    assert balances(made)["1"] == 20
    assert run.told.split(" s: ")[1] == rehearsal.told.split(" s: ")[1].replace("would be ", "")


def test_a_first_dry_run_leaves_no_connection_behind(folder, made):
    folder.load(ROWS, PLAIN, "--dry-run")
    assert not Connection.objects.exists()
    assert not Member.objects.exists()


def test_without_enrol_unknown_customers_are_refused_and_known_ones_found(folder, made):
    who = factories.member(made, email="grace@example.com")
    mapping = {"fields": {"number": "no", "email": "mail", "date": "day", "amount": "sum"}}
    text = f"no,mail,day,sum\n{who.number},,2026-03-01,10\n,Grace@Example.com,2026-03-01,1.50\n,x@y.z,2026-03-01,1\n"
    run = folder.load(text + ",,2026-03-01,1\n", mapping)
    assert run.codes == [(4, "email", "member_unknown")]
    assert "Passed over: 1 without a customer." in run.told
    refusing = folder.load(text + ",,2026-03-01,1\n", mapping | {"guests": "refuse"})
    assert refusing.codes == [(4, "email", "member_unknown"), (5, "number", "member_missing")]
    assert factories.held(who) == 11


def test_what_was_refused_is_tried_again(folder, made):
    mapping = PLAIN | {"constants": {"store": "lyon"}}
    assert folder.load(ROWS, mapping).codes == [(line, "store", "store_unknown") for line in (2, 3, 4)]
    factories.store(made.owner, "lyon")
    assert "3 posted, 0 recorded before" in folder.load(ROWS, mapping).told


def test_people_and_companies_are_described_by_the_file(folder, made):
    mapping = {"enrol": True, "fields": PLAIN["fields"] | {"last_name": "name", "company_name": "firm"}}
    mapping["fields"] |= {"phone": "phone", "birth_date": {"column": "born", "format": "%d/%m/%Y"}}
    text = "who,day,sum,name,firm,phone,born\n1,2026-03-01,1,Çelik,,+33639980001,31/12/1990\n2,2026-03-01,1,,ACME,,\n"
    assert folder.load(text, mapping).code == 0
    person, firm = Customer.objects.order_by("pk")
    assert (person.last_name, person.phone, str(person.birth_date)) == ("Çelik", "+33639980001", "1990-12-31")
    assert (firm.kind, firm.full_name, firm.last_name_key) == ("company", "ACME", "acme")


def test_a_customer_of_another_program_of_the_owner_stays_one_person(folder, made):
    folder.load(ROWS)
    second = factories.program(owner=made.owner, max_backdate_days=20_000)
    assert folder.load(ROWS, program=second.code).code == 0
    assert Customer.objects.count() == 2
    assert Member.objects.count() == 4


def test_lines_and_times_reach_the_rules(folder, made):
    factories.rule(made, "shoes", "per_unit", {"points": "7"}, group="shoes", conditions={"categories": ["shoes"]})
    mapping = {"enrol": True, "fields": PLAIN["fields"] | {"time": "at", "quantity": "n", "category": "kind"}}
    text = "who,day,at,sum,n,kind\n1,2026-03-01,18:30,10.00,2,shoes\n1,2026-03-01,18:31,10.00,2,hats\n"
    assert folder.load(text, mapping).code == 0
    assert balances(made) == {"1": 34}
    assert Journal.objects.order_by("activity_at").first().activity_at == datetime(2026, 3, 1, 17, 30, tzinfo=UTC)


def test_other_facts_than_purchases_need_no_amount(folder, made):
    factories.rule(made, "review", "fixed", {"points": "50", "events": "review"}, group="events")
    mapping = {"enrol": True, "fields": {"customer": "who", "date": "day"}, "constants": {"kind": "review"}}
    folder.load("who,day\n1,2026-03-01\n", mapping)
    assert balances(made) == {"1": 50}


def test_a_paused_program_or_connection_takes_nothing(folder, made):
    via = factories.till(made, Connection.Platform.IMPORT)
    Connection.objects.filter(pk=via.pk).update(status="paused")
    run = folder.load(ROWS)
    assert (run.code, "is paused" in run.error) == (2, True)
    Connection.objects.filter(pk=via.pk).update(status="active")
    made.status = "paused"
    made.save()
    run = folder.load(ROWS)
    assert (run.code, "takes facts while it is active" in run.error) == (2, True)
    assert not Journal.objects.exists()


def test_today_is_not_in_the_future(folder, made):
    today = timezone.localdate(timezone=made.zone)
    assert folder.load(f"who,day,sum\n1,{today},10.00\n").code == 0


def test_a_file_that_cannot_be_read_to_its_end_leaves_a_report_of_all_that_was_done(folder, made, monkeypatch):
    monkeypatch.setattr("transactions.ledger.LARGEST_BATCH", 2)
    read = rows.Reader.read

    def fail(reader, line, texts):
        if line == 6:
            raise OSError(5, "Input/output error", "purchases.csv")
        return read(reader, line, texts)

    monkeypatch.setattr(rows.Reader, "read", fail)
    content = "who,day,sum\n1,2026-03-01,1\n1,2026-03-01,much\n1,2026-03-01,2\n" + "1,2026-03-01,3\n" * 3
    run = folder.load(content)
    assert (run.code, run.error) == (2, "purchases.csv: Input/output error")
    assert run.codes == [(3, "amount", "invalid_number")]
    assert balances(made) == {"1": 3}


def test_the_database_counts_its_rows_when_an_import_has_doubled_them(folder, monkeypatch):
    monkeypatch.setattr("transactions.ledger.LARGEST_BATCH", 2)
    asked, believed = [], 3

    def analyze_grown(session, model, written):
        asked.append((model, written))
        return written >= believed

    monkeypatch.setattr(Session, "analyze_grown", analyze_grown)
    assert folder.load("who,day,sum\n" + "1,2026-03-01,1\n" * 8).code == 0
    assert asked == [(Journal, 2), (Journal, 4), (Journal, 2), (Journal, 4)]
