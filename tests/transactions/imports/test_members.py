"""Members are brought from elsewhere once, each row wholly or not at all, and what was said since stays."""

from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import Card, Consent, Customer, ExternalId, Member, Tag
from partners.models import Connection
from tests.support import factories
from tests.support.importing import Folder
from tests.support.messages import listen, told
from transactions.models import Entry, Journal
from transactions.proof.audit import audit

FULL = {
    "source": "old shop",
    "fields": {
        "customer": "id",
        "email": "email",
        "card": "card",
        "first_name": "first",
        "joined": "joined",
        "points": "points",
        "expires": "ends",
        "tags": "tags",
        "consent_email": "mail",
        "consent_sms": "sms",
        "consent_at": "said",
        "lifetime_earned": "earned",
        "lifetime_redeemed": "spent",
    },
}
HEAD = "id,email,card,first,joined,points,ends,tags,mail,sms,said,earned,spent\n"
ANN = 'c-1,ann@example.com,C-77,Ann,2019-05-04,1500,2097-12-31,"vip, tea",yes,no,2020-01-02,700,90\n'
PLAIN = {"source": "elsewhere", "fields": {"email": "email", "points": "points"}}


@pytest.fixture
def made(db):
    return factories.program(max_backdate_days=800)


@pytest.fixture
def folder(tmp_path, made):
    return Folder(tmp_path, made)


def everything():
    """How many rows each table has."""
    models = (Customer, Member, Card, ExternalId, Tag, Consent, Journal, Entry)
    return [model.objects.count() for model in models]


def stated(*rows):
    return "email,points\n" + "".join(f"{email},{points}\n" for email, points in rows)


def test_a_row_brings_all_that_it_says(folder, made):
    assert folder.bring(HEAD + ANN, FULL).code == 0
    ann = Member.objects.get()
    assert (ann.channel, ann.enrolled_at) == ("import", factories.at(2019, 5, 3, 22))
    assert (ann.customer.first_name, ann.customer.email) == ("Ann", "ann@example.com")
    assert [card.number for card in ann.cards.all()] == ["C-77"]
    assert [(one.connection.platform, one.value) for one in ann.customer.external_ids.all()] == [("import", "c-1")]
    assert [tag.name for tag in ann.customer.tags.all()] == ["tea", "vip"]
    said = {one.channel: (one.is_given, one.source) for one in ann.customer.consents.all()}
    assert said == {"email": (True, "old shop"), "sms": (False, "old shop")}
    assert {one.said_at for one in ann.customer.consents.all()} == {factories.at(2020, 1, 1, 23)}
    held = ann.balances.get(currency__code="points")
    assert (held.available, held.earned_before, held.redeemed_before, held.lifetime_earned) == (1500, 700, 90, 0)
    assert ann.standings.current().get().tier.code == "silver"
    assert not list(audit(made))


def test_the_same_file_twice_changes_nothing_not_even_what_staff_changed_since(folder, made):
    folder.bring(HEAD + ANN, FULL)
    Tag.objects.filter(name="vip").delete()
    Consent.objects.create(customer=Customer.objects.get(), channel="email", is_given=False)
    Customer.objects.update(first_name="")
    before = everything()
    run = folder.bring(HEAD + ANN, FULL)
    assert run.code == 0
    assert "Nothing new in this file." in run.told
    assert everything() == before
    assert Customer.objects.get().first_name == ""


def test_a_dry_run_reports_the_same_and_writes_nothing(folder, made):
    content = HEAD + ANN + ANN.replace("c-1", "c-2").replace("C-77", "C-78")
    before = everything()
    connections = Connection.objects.count()
    dry = folder.bring(content, FULL, "--dry-run")
    assert everything() == before
    assert Connection.objects.count() == connections
    run = folder.bring(content, FULL)
    assert dry.codes == run.codes == [(3, "email", "already_member")]
    assert "1 would be brought in" in dry.told
    assert "1 members would be enrolled" in dry.told


def test_a_dry_run_remembers_over_batches_whom_it_would_have_enrolled(folder, monkeypatch):
    monkeypatch.setattr("transactions.ledger.LARGEST_BATCH", 1)
    content = HEAD + ANN + ANN.replace("c-1", "c-2").replace("C-77", "C-78")
    dry, run = folder.bring(content, FULL, "--dry-run"), folder.bring(content, FULL)
    assert [row["line"] for row in dry.report] == [row["line"] for row in run.report] == ["3"]
    lots = PLAIN | {"rows": "lot"}
    dry = folder.bring(stated(("bo@example.com", 1), ("bo@example.com", 2)), lots, "--dry-run")
    assert "1 members would be enrolled" in dry.told


def test_a_changed_balance_is_never_added_on_top(folder, made):
    folder.bring(stated(("ann@example.com", 1500)), PLAIN)
    run = folder.bring(stated(("ann@example.com", 1600)), PLAIN)
    assert run.codes == [(2, "points", "idempotency_conflict")]
    assert factories.held(Member.objects.get()) == 1500
    # Somebody else's points are.
    assert folder.bring(stated(("ann@example.com", 1600)), PLAIN, "--source", "second").code == 0
    assert factories.held(Member.objects.get()) == 3100


def test_a_balance_that_is_set_follows_the_file(folder, made):
    factories.post_one(made, factories.purchase(factories.member(made, email="ann@example.com"), 10000))
    for points in (1500, 1500, 20):
        assert folder.bring(stated(("ANN@example.com", points)), PLAIN, "--mode", "set").code == 0
        assert factories.held(Member.objects.get()) == points
    assert Journal.objects.filter(kind="opening").count() == 2
    assert not list(audit(made))


def test_who_is_here_already_keeps_what_is_known_and_gets_what_is_missing(folder, made):
    ann = factories.member(made, first_name="Anna", last_name="", email="ann@example.com")
    mapping = {"source": "x", "fields": {"email": "email", "first_name": "first", "last_name": "last"}}
    run = folder.bring("email,first,last\nann@example.com,Ann,Ade\n", mapping)
    assert "1 brought in" in run.told
    ann.customer.refresh_from_db()
    assert (ann.customer.first_name, ann.customer.last_name, ann.customer.last_name_key) == (
        "Anna",
        "Ade",
        "ade anna",
    )
    assert not Journal.objects.filter(kind="opening").exists()


def test_a_birth_date_of_another_day_does_not_touch_the_one_that_is_known(folder, made):
    ann = factories.member(made, email="ann@example.com", birthday="03-09")
    mapping = {"source": "x", "fields": {"email": "email", "birth_date": {"column": "born", "format": "%d.%m.%Y"}}}
    folder.bring("email,born\nann@example.com,10.03.1984\n", mapping)
    ann.customer.refresh_from_db()
    assert (ann.customer.birthday, ann.customer.birth_date) == ("03-09", None)
    folder.bring("email,born\nann@example.com,09.03.1984\n", mapping)
    ann.customer.refresh_from_db()
    assert str(ann.customer.birth_date) == "1984-03-09"


def test_a_refused_row_leaves_nothing_of_it_and_the_others_are_brought_in(folder, made):
    content = HEAD + ANN + ANN.replace("c-1,ann@", "c-2,bo@").replace("C-77", "C-78").replace("2097", "1997")
    content += ANN.replace("C-77", "C-79")
    run = folder.bring(content, FULL)
    assert run.codes == [(3, "expires", "already_ended"), (4, "customer", "already_member")]
    assert [one.value for one in ExternalId.objects.all()] == ["c-1"]
    assert Member.objects.count() == Customer.objects.count() == 1
    assert not list(audit(made))


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("points", "", "invalid_value"),
        ("points", "many", "invalid_value"),
        ("points", "1.5E+03", "invalid_value"),
        ("earned", "-1", "invalid_value"),
        ("joined", "2019-31-12", "invalid_value"),
        ("joined", "2096-01-01", "invalid_date"),
        ("mail", "perhaps", "invalid_value"),
        ("email", "nobody", "invalid_customer"),
        ("card", "C 7/7", "invalid_value"),
        ("id", "4.00638E+12", "altered_by_spreadsheet"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_line_and_field(folder, column, text, code):
    cells = dict(zip(HEAD.strip().split(","), ANN.strip().replace('"vip, tea"', "vip").split(","), strict=True))
    run = folder.bring(HEAD + ",".join((cells | {column: text}).values()) + "\n", FULL)
    field = next(target for target, name in FULL["fields"].items() if name == column)
    assert run.codes == [(2, field, code)]
    assert not Member.objects.exists()


def test_a_member_who_is_named_twice_is_refused_unless_the_rows_are_lots(folder, made):
    content = stated(("ann@example.com", 10), ("Ann@Example.com", 10))
    assert folder.bring(content, PLAIN).codes == [(3, "", "member_twice")]
    assert folder.bring(content, PLAIN | {"source": "lots", "rows": "lot"}).code == 0
    assert factories.held(Member.objects.get()) == 30


def test_a_row_without_any_name_is_refused(folder):
    run = folder.bring("email,points\n,5\n", PLAIN)
    assert run.codes == [(2, "email", "member_missing")]


def test_ids_of_another_connection_find_who_came_through_it(folder, made):
    shop = factories.till(made)
    ann = factories.member(made)
    ExternalId.objects.create(customer=ann.customer, connection=shop, value="c-ann")
    mapping = {"source": "x", "connection": shop.name, "fields": {"customer": "id", "points": "points"}}
    assert folder.bring("id,points\nc-ann,5\nc-bo,6\n", mapping).code == 0
    assert factories.held(ann) == 5
    assert set(ExternalId.objects.values_list("connection", flat=True)) == {shop.pk}
    refused = folder.bring("id,points\nc-ann,5\n", mapping | {"connection": "nowhere"})
    assert refused.code == 2
    assert "has no connection “nowhere”" in refused.error


def test_a_person_of_another_program_stays_one_customer(folder, made):
    other = factories.program("other", owner=made.owner)
    folder.bring("id,points\nc-1,5\n", {"source": "x", "fields": {"customer": "id", "points": "points"}})
    folder.bring(
        "id,points\nc-1,7\n", {"source": "x", "fields": {"customer": "id", "points": "points"}}, program=other.code
    )
    assert (Customer.objects.count(), Member.objects.count()) == (1, 2)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"source": ""}, "source"),
        ({"mode": "replace"}, "mode"),
        ({"mode": "set", "rows": "lot"}, "mode"),
        ({"rounding": "up"}, "rounding"),
        ({"enrol_by": ["name"]}, "enrol_by"),
        ({"fields": {"points": "points"}}, "fields"),
        ({"fields": {"email": "email", "expires": "ends"}}, "fields.expires"),
        ({"fields": {"email": "email", "tier_expires": "ends"}}, "fields.tier_expires"),
        ({"fields": {"email": {"column": "email", "format": "iso"}}}, "fields.email.format"),
        ({"fields": {"email": "email", "birth_date": {"column": "b", "format": "%Y"}}}, "fields.birth_date.format"),
        ({"fields": {"email": {"column": "email", "optional": 1}}}, "fields.email.optional"),
        ({"fields": {"email": {"column": []}}}, "fields.email.column"),
        ({"fields": {"amount": "sum"}}, "fields.amount"),
        ({"constants": {"tags": 7}}, "constants.tags"),
        ({"unheard": 1}, "unheard"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused_with_the_path(folder, change, path):
    run = folder.bring(stated(("ann@example.com", 1)), PLAIN | change)
    assert run.code == 2
    assert f"mapping.json: {path}: " in run.told


def test_a_program_that_lacks_what_the_mapping_names_takes_nothing(folder):
    for change in ({"currency": "miles"}, {"tier_group": "status"}):
        run = folder.bring(stated(("ann@example.com", 1)), PLAIN | change)
        assert run.code == 2
        assert "The program has no" in run.error


def test_the_number_of_statements_does_not_grow_with_the_rows(folder, django_assert_max_num_queries):
    folder.bring(stated(("first@example.com", 1)), PLAIN)
    with django_assert_max_num_queries(70):
        folder.bring(stated(*((f"m{n}@example.com", n) for n in range(200))), PLAIN | {"source": "many"})


def test_names_of_different_members_are_refused(folder, made):
    factories.member(made, email="ann@example.com")
    factories.member(made).cards.create(number="C-77")
    run = folder.bring(HEAD + ANN, FULL)
    assert run.codes == [(2, "email", "names_differ")]
    assert "The card and the email are those of different members" in run.report[0]["problem"]
    assert not Journal.objects.exists()


def test_time_that_has_passed_is_no_reason_to_bring_a_balance_twice(folder, made, time_machine):
    content = stated(("ann@example.com", 1500))
    folder.bring(content, PLAIN)
    time_machine.move_to(timezone.now() + timedelta(days=30))
    assert "1 recorded before" in folder.bring(content, PLAIN).told


def test_who_comes_from_a_file_is_told_with_the_day_of_joining_and_who_was_here_with_what_is_new(folder, made):
    """So nobody is greeted today who joined years ago, and systems that keep up with members hear of all."""
    listen(made, "member.enrolled", "member.updated")
    here = factories.member(made, email="bob@example.com", first_name="")
    before = len(told("member.enrolled"))
    folder.bring(HEAD + ANN + "c-2,bob@example.com,C-78,Bob,,0,,tea,no,,,,\n", FULL)
    [event] = told("member.enrolled")[before:]
    assert event.occurred_at == event.member.enrolled_at
    assert event.occurred_at.year == 2019
    [event] = told("member.updated")
    assert (event.member, event.data["changed"]) == (
        here,
        ["cards", "consents", "external_ids", "first_name", "tags"],
    )
