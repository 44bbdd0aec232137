"""A file names its customers by an id of its own, an e-mail address, a phone number or a card, in any notation."""

import pytest

from members.models import Card, Customer, ExternalId, Member
from programs.models import Program
from tests.support import factories
from transactions.models import Journal
from transactions.proof.audit import audit


def mapping(**fields):
    return {"enrol": True, "fields": {"date": "day", "amount": "sum"} | fields}


def both(folder, content, described):
    """The Run, which the dry run foresaw."""
    rehearsal = folder.load(content, described, "--dry-run")
    run = folder.load(content, described)
    assert run.report == rehearsal.report
    assert run.told.split(" s: ")[1] == rehearsal.told.split(" s: ")[1].replace("would be ", "")
    return run


def points(member):
    return member.balances.get(currency__is_primary=True).available


@pytest.mark.parametrize("size", [1, 1000])
def test_an_address_as_id_is_one_customer_in_any_letter_case(folder, made, monkeypatch, size):
    monkeypatch.setattr("transactions.ledger.LARGEST_BATCH", size)
    content = "id,mail,day,sum\nM1,Zoe@Example.com,2026-03-01,10.00\nM2,zoe@example.com,2026-03-02,10.00\n"
    for fields in ({"customer": "mail"}, {"customer": "mail", "email": "mail"}):
        run = both(folder, content, mapping(external_id="id", **fields))
        assert (run.code, run.report) == (0, [])
        assert (Member.objects.count(), points(Member.objects.get())) == (1, 20)
    assert ExternalId.objects.get().value == "zoe@example.com"


@pytest.mark.parametrize("size", [1, 1000])
def test_customers_are_known_by_address_phone_or_card(folder, made, monkeypatch, size):
    monkeypatch.setattr("transactions.ledger.LARGEST_BATCH", size)
    counter = factories.member(made, email="at@counter.example")
    rows = (
        "mail,tel,card,day,sum\n"
        "AT@counter.example,,,2026-03-01,1.00\n"
        "zoe@example.com,+33 6 12 34 56 78,,2026-03-01,10.00\n"
        ",0033612345678,,2026-03-02,20.00\n"
        "ZOE@example.com,,,2026-03-03,30.00\n"
        ",,c-7,2026-03-03,5.00\n"
        ",,C-7,2026-03-04,5.00\n"
    )
    described = mapping(email="mail", phone="tel", card="card")
    run = both(folder, rows, described)
    assert (run.code, run.report) == (0, [])
    assert "2 members enrolled" in run.told
    zoe = Member.objects.get(customer__email_key="zoe@example.com")
    assert (points(counter), points(zoe), points(Card.objects.get(number="C-7").member)) == (1, 60, 10)
    assert not ExternalId.objects.exists()
    assert "0 posted, 6 recorded before" in folder.load(rows, described).told
    assert list(audit(made)) == []


def test_a_national_number_is_one_of_the_country_of_the_mapping_or_the_program(folder, made):
    rows = "id,who,tel,day,sum\nP1,R1,06 12 34 56 78,2026-03-01,10.00\nP4,R4,+33 6 12 34 99 01,2026-03-01,10.00\n"
    described = mapping(external_id="id", customer="who", phone="tel")
    run = both(folder, rows, described)
    assert run.codes == [(2, "phone", "invalid_customer")]
    assert "set the country of the program" in run.report[0]["problem"]
    assert both(folder, rows, described | {"country": "FR"}).code == 0
    assert sorted(Customer.objects.values_list("phone", flat=True)) == ["+33612345678", "+33612349901"]
    Program.objects.filter(pk=made.pk).update(country="GB")
    Program.touch(made.pk)
    rows = "tel,day,sum\n020 7946 0018,2026-03-01,10.00\n+44 20 7946 0018,2026-03-02,10.00\n"
    run = both(folder, rows, mapping(phone="tel"))
    assert "1 members enrolled" in run.told
    assert points(Member.objects.get(customer__phone="+442079460018")) == 20


def test_whom_two_members_may_be_is_refused_and_a_card_that_was_taken_back_too(folder, made):
    twins = [factories.member(made), factories.member(made)]
    Customer.objects.filter(memberships__in=twins).update(email_key="two@example.com")
    Card.objects.create(member=twins[0], number="C-9", is_active=False)
    run = both(folder, "mail,card,day,sum\ntwo@example.com,,2026-03-01,1\n,C-9,2026-03-01,1\n,C_9,2026-03-01,1\n",
               mapping(email="mail", card="card"))  # fmt: skip
    assert run.codes == [
        (2, "email", "member_ambiguous"),
        (3, "card", "already_member"),
        (4, "card", "invalid_customer"),
    ]
    assert Member.objects.count() == 2


def test_the_same_row_in_another_notation_is_the_same_purchase(folder, made):
    described = mapping(email="mail", card="card")
    folder.load("mail,card,day,sum\nZoe@example.com,c-1,2026-03-01,10.00\n", described)
    run = folder.load("mail,card,day,sum\nzoe@Example.com,C-1,2026-03-01,10.00\n", described)
    assert run.code == 1
    assert run.codes == [(2, "external_id", "idempotency_conflict")]
    assert Journal.objects.count() == 1


def test_what_an_earlier_version_recorded_under_its_own_name_is_not_posted_twice(folder, made, monkeypatch):
    member = factories.member(made, email="zoe@example.com")
    described = {"fields": mapping(email="mail")["fields"]}
    rows = "mail,day,sum\nzoe@example.com,2026-03-01,5.00\nZoe@Example.com,2026-03-02,10.00\n"
    with monkeypatch.context() as before:
        before.setattr("transactions.imports.rows.notations", lambda kind, text: [text])
        folder.load(rows, described)
    assert "0 posted, 2 recorded before" in folder.load(rows, described).told
    assert points(member) == 15
