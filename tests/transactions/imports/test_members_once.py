"""Each member brings a balance from one source once, whatever the file calls them, it or the source."""

from threading import Thread

import pytest
from django.db import connections

from members.models import Customer, Member
from tests.support import factories
from tests.support.importing import Folder
from transactions.merging import merges
from transactions.models import Journal
from transactions.proof.audit import audit

PLAIN = {"source": "old shop", "fields": {"email": "email", "points": "points"}}
PHONES = {"source": "old shop", "country": "FR", "fields": {"phone": "tel", "email": "email", "points": "points"}}
LOTS = {"source": "old shop", "rows": "lot", "fields": {"email": "email", "points": "points", "expires": "ends"}}
ANN = "ann@example.com"


@pytest.fixture
def made(db):
    return factories.program(max_backdate_days=800)


@pytest.fixture
def folder(tmp_path, made):
    return Folder(tmp_path, made)


def held():
    return factories.held(Member.objects.get())


def stated(points):
    return f"email,points\n{ANN},{points}\n"


def lots(*rows):
    return "email,points,ends\n" + "".join(f"{ANN},{points},{ends}\n" for points, ends in rows)


def is_recorded_before(run):
    return run.code == 0 and "Nothing new in this file." in run.told


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("merchant_id,email,points\n501,ann@example.com,100\n", "email,points\nann@example.com,100\n"),
        ("email,points\nann@example.com,100\n", "merchant_id,email,points\n501,ann@example.com,100\n"),
    ],
)
def test_another_identifying_column_brings_nothing_again(folder, made, first, second):
    assert folder.bring(first, "loyaltylion").code == 0
    assert is_recorded_before(folder.bring(second, "loyaltylion"))
    conflict = folder.bring(second.replace(",100", ",160"), "loyaltylion")
    assert conflict.codes == [(2, "points", "idempotency_conflict")]
    assert held() == 100
    assert not list(audit(made))


def test_a_phone_number_in_place_of_the_address_brings_nothing_again(folder):
    folder.bring(f"tel,email,points\n06 12 34 56 78,{ANN},100\n", PHONES)
    assert is_recorded_before(folder.bring(f"tel,email,points\n,{ANN},100\n", PHONES))
    assert is_recorded_before(folder.bring("tel,email,points\n+33612345678,,100\n", PHONES))
    assert held() == 100


def test_a_user_id_that_is_added_later_brings_nothing_again(folder):
    folder.bring(f"user_email,points\n{ANN},100\n", "woocommerce")
    assert is_recorded_before(folder.bring(f"user_id,user_email,points\n7,{ANN},100\n", "woocommerce"))
    assert held() == 100


def test_two_rows_of_one_member_under_different_names_count_once(folder, made):
    factories.member(made, email=ANN, phone="+33612345678")
    run = folder.bring(f"tel,email,points\n,{ANN},100\n0612345678,,70\n", PHONES)
    assert run.codes == [(3, "", "member_twice")]
    assert held() == 100


def test_sums_without_points_are_brought_once_too(folder, made):
    mapping = {"source": "old shop", "fields": {"email": "email", "qualifying_points": "q"}}
    folder.bring(f"email,q\n{ANN},100\n", mapping)
    run = folder.bring(f"email,q\n{ANN},150\n", mapping)
    assert [code for _, _, code in run.codes] == ["idempotency_conflict"]
    assert Member.objects.get().tallies.get().points == 100


def test_members_who_were_merged_have_brought_what_each_brought(folder, made):
    content = f"email,points\n{ANN},100\nbo@example.com,50\n"
    folder.bring(content, PLAIN)
    ann, bo = (Member.objects.get(customer__email=email) for email in (ANN, "bo@example.com"))
    merges.merge(bo, ann, reason="one person")
    assert is_recorded_before(folder.bring(content, PLAIN))
    assert factories.held(ann) == 150


def test_a_return_to_an_earlier_balance_is_set(folder, made):
    for points in (1500, 1600, 1500):
        assert "1 brought in" in folder.bring(stated(points), PLAIN, "--mode", "set").told
        assert held() == points
    assert is_recorded_before(folder.bring(stated(1500), PLAIN, "--mode", "set"))
    assert Journal.objects.filter(kind="opening").count() == 3
    assert not list(audit(made))


def test_a_balance_that_was_set_is_not_added_to_by_the_same_source(folder):
    folder.bring(stated(1500), PLAIN, "--mode", "set")
    assert is_recorded_before(folder.bring(stated(1500), PLAIN))
    assert folder.bring(stated(1600), PLAIN).codes == [(2, "points", "idempotency_conflict")]


def test_a_lot_whose_end_is_written_otherwise_is_the_same_lot(folder):
    folder.bring(lots((40, "2097-05-31")), LOTS)
    assert is_recorded_before(folder.bring(lots((40, "2097-05-31T10:00:00")), LOTS))
    run = folder.bring(lots((40, "2097-06-30")), LOTS)
    assert run.codes == [(2, "points", "idempotency_conflict")]
    assert "let a file with one row for each member set balances" in run.report[0]["problem"]
    assert held() == 40


def test_lots_and_a_whole_balance_of_one_source_do_not_add_up(folder):
    whole = LOTS | {"rows": "member"}
    folder.bring(lots((100, "2097-05-31")), whole)
    run = folder.bring(lots((60, "2097-05-31"), (40, "2097-05-31")), LOTS)
    assert [code for _, _, code in run.codes] == ["idempotency_conflict"] * 2
    assert held() == 100
    second = {"source": "second"}
    folder.bring(lots((60, "2097-05-31"), (40, "2097-05-31")), LOTS | second)
    run = folder.bring(lots((100, "2097-05-31")), whole | second)
    assert [code for _, _, code in run.codes] == ["idempotency_conflict"]
    assert held() == 200


def test_lots_in_another_order_are_the_same_lots(folder):
    rows = [(10, "2097-05-31"), (20, "2097-05-31"), (30, "2097-05-31")]
    folder.bring(lots(*rows), LOTS)
    assert is_recorded_before(folder.bring(lots(rows[2], rows[0], rows[1]), LOTS))
    run = folder.bring(lots(*rows, (5, "2097-05-31")), LOTS)
    assert {code for _, _, code in run.codes} == {"idempotency_conflict"}
    assert held() == 60


def test_lots_of_one_member_come_together_wherever_they_stand(folder, monkeypatch):
    monkeypatch.setattr("transactions.ledger.LARGEST_BATCH", 2)
    rows = [f"{name}@example.com,{points},2097-05-31\n" for points in (1, 2, 3) for name in ("ann", "bo", "cy")]
    assert folder.bring("email,points,ends\n" + "".join(rows), LOTS).code == 0
    assert [factories.held(member) for member in Member.objects.all()] == [6, 6, 6]
    assert is_recorded_before(folder.bring("email,points,ends\n" + "".join(sorted(rows)), LOTS))


def test_lots_that_stand_too_far_apart_are_refused_with_what_helps(folder, monkeypatch):
    monkeypatch.setattr("transactions.imports.members.gathering.MOST_HELD", 2)
    rows = [f"{name}@example.com,{points},2097-05-31\n" for points in (1, 2) for name in ("ann", "bo", "cy")]
    run = folder.bring("email,points,ends\n" + "".join(rows), LOTS)
    assert [(line, code) for line, _, code in run.codes] == [(n, "lots_apart") for n in range(2, 8)]
    assert "Sort the file by member" in run.report[0]["problem"]
    assert not Member.objects.exists()
    assert folder.bring("email,points,ends\n" + "".join(sorted(rows)), LOTS).code == 0


def test_a_member_of_whose_lots_one_is_refused_brings_none(folder):
    run = folder.bring(lots((40, "2097-05-31"), ("many", "2097-05-31")), LOTS)
    assert run.codes == [(2, "", "lots_incomplete"), (3, "points", "invalid_value")]
    run = folder.bring(lots((40, "2097-05-31"), (5, "1997-05-31")), LOTS)
    assert run.codes == [(2, "", "lots_incomplete"), (3, "expires", "already_ended")]
    assert not Member.objects.exists()
    assert folder.bring(lots((40, "2097-05-31"), (5, "2097-05-31")), LOTS).code == 0


def test_the_primary_currency_is_the_same_by_name_and_without(folder):
    folder.bring(stated(100), PLAIN)
    assert is_recorded_before(folder.bring(stated(100), PLAIN | {"currency": "points"}))
    assert held() == 100


def test_sums_that_lots_repeat_count_once(folder, made):
    mapping = LOTS | {"fields": LOTS["fields"] | {"lifetime_earned": "earned", "qualifying_points": "q"}}
    content = "email,points,ends,earned,q\n"
    rows = [f"{ANN},{points},2097-05-31,400,300\n" for points in (10, 20, 30)]
    assert folder.bring(content + "".join(rows), mapping).code == 0
    ann = Member.objects.get()
    assert (held(), ann.balances.get(currency__code="points").earned_before, ann.tallies.get().points) == (
        60,
        400,
        300,
    )
    assert is_recorded_before(folder.bring(content + "".join(reversed(rows)), mapping))
    assert not list(audit(made))


def test_lots_that_say_different_sums_of_their_member_are_refused(folder):
    mapping = LOTS | {"fields": LOTS["fields"] | {"lifetime_earned": "earned"}}
    run = folder.bring(f"email,points,ends,earned\n{ANN},10,2097-05-31,400\n{ANN},20,2097-05-31,500\n", mapping)
    assert run.codes == [(2, "lifetime_earned", "lots_differ"), (3, "lifetime_earned", "lots_differ")]
    assert not Member.objects.exists()


@pytest.mark.parametrize("source", ["Old Shop", "  old   shop "])
def test_a_source_has_one_notation(folder, source):
    folder.bring(stated(100), PLAIN)
    assert is_recorded_before(folder.bring(stated(100), PLAIN | {"source": source}))
    assert is_recorded_before(folder.bring(stated(100), PLAIN, "--source", source))
    assert held() == 100


@pytest.mark.parametrize("source", [" ", "x" * 300, "a\x07b"])
def test_a_source_that_cannot_be_meant_ends_the_import_at_the_start(folder, source):
    for run in (
        folder.bring(stated(1), PLAIN | {"source": source}),
        folder.bring(stated(1), PLAIN, "--source", source),
    ):
        assert run.code == 2
        assert "source: must say from where the members come" in run.told
    assert not Member.objects.exists()


@pytest.mark.parametrize("email", ["new@example.com", ANN])
def test_a_number_that_nobody_has_is_refused(folder, made, email):
    factories.member(made, email=ANN)
    mapping = {"source": "old shop", "fields": {"number": "no", "email": "email", "points": "points"}}
    run = folder.bring(f"no,email,points\n99999999,{email},5\n", mapping)
    assert run.codes == [(2, "number", "member_unknown")]
    assert (held(), Customer.objects.count()) == (0, 1)


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_the_same_moment_bring_a_balance_once(tmp_path, made):
    runs = []

    def bring(name, content):
        path = tmp_path / name
        path.mkdir()
        try:
            runs.append(Folder(path, made).bring(content, "loyaltylion"))
        finally:
            connections.close_all()

    files = [f"merchant_id,email,points\n501,{ANN},100\n", f"email,points\n{ANN},100\n"]
    threads = [Thread(target=bring, args=(f"run{n}", content)) for n, content in enumerate(files)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [run.code for run in runs] == [0, 0]
    assert held() == 100
