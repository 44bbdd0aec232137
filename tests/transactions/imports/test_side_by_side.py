"""A file that is posted on two connections leaves what one leaves, whoever is slower and whatever goes wrong."""

import json
import random
import threading
import time
from collections import Counter

import pytest
from django.db import OperationalError, connection

from members.models import Card, Relation
from tests.support import capped, factories
from tests.support.importing import PLAIN, Folder
from tests.support.side_by_side import Watched, story
from transactions import imports
from transactions.imports import sharing
from transactions.models import Entry, Journal
from transactions.proof.audit import audit

pytestmark = [
    pytest.mark.races,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer"),
]

WITH_ID = {"enrol": True, "fields": PLAIN["fields"] | {"external_id": "id"}}
BATCH = 40
PATIENCE_S = 60


@pytest.fixture
def made(transactional_db, monkeypatch):
    monkeypatch.setattr("transactions.ledger.LARGEST_BATCH", BATCH)
    return program()


def program():
    return factories.program(expiry="never", max_backdate_days=20_000)


@pytest.fixture
def folder(tmp_path, made):
    return Folder(tmp_path, made)


@pytest.fixture
def watched(monkeypatch):
    watched = Watched()
    monkeypatch.setattr("transactions.ledger.record", watched.record)
    return watched


def lines(count=600, people=25):
    """With all that can be wrong with a row, dates in no order, and names that come twice or thrice."""
    chance = random.Random(5)
    for number in range(count):
        name = f"O-{chance.randrange(count)}" if number % 15 == 0 else f"O-{number}"
        day = "2026-02-30" if number % 37 == 0 else f"2026-{chance.randrange(1, 10):02}-{chance.randrange(1, 28):02}"
        amount = "much" if number % 41 == 0 else f"{chance.randrange(1, 200)}.50"
        yield f"{name},C-{chance.randrange(people)},{day},{amount}"


def text(rows):
    return "\n".join(["id,who,day,sum", *rows, ""])


def ordered(rows=200, people=8):
    """Plain purchases, in the order of their dates."""
    return [f"O-{n},C-{n % people},2026-{n // 28 % 12 + 1:02}-{n % 28 + 1:02},10.00" for n in range(rows)]


@pytest.mark.parametrize("slow", [0, 1])
def test_two_connections_write_what_one_writes(folder, made, watched, monkeypatch, slow):
    other = program()
    content = text(lines())
    with monkeypatch.context() as alone:
        alone.setattr(sharing, "CONNECTIONS", 1)
        expected = folder.load(content, WITH_ID)
    assert {one for one, _ in watched.posted} == {threading.main_thread()}
    watched.threads, watched.posted, watched.slow = [], [], slow
    found = folder.load(content, WITH_ID, program=other.code)
    shares = Counter(one for one, _ in watched.posted)
    assert len(shares) == 2
    assert threading.main_thread() not in shares
    assert story(other) == story(made)
    assert (found.report, found.code) == (expected.report, 1)
    assert found.told.split(" s: ")[1] == expected.told.split(" s: ")[1]
    assert {row["code"] for row in found.report} >= {"idempotency_conflict", "invalid_number", "invalid_value"}
    assert [row["line"] for row in found.report] == sorted((row["line"] for row in found.report), key=int)
    assert list(audit(other)) == []
    assert watched.are_gone
    assert "0 posted" in folder.load(content, WITH_ID, program=other.code).told


@pytest.mark.parametrize("slow", [0, 1])
def test_whatever_names_a_member_the_facts_stay_in_the_order_of_the_file(folder, made, watched, slow):
    watched.slow = slow
    people = [factories.member(made) for _ in range(6)]
    cards = [Card.objects.create(member=one, program=made, number=f"K{n}") for n, one in enumerate(people)]
    rows = []
    for number in range(160):
        who, card = people[number % 6], cards[number % 6]
        named = [f"{who.number},,", f",{card.number},", f",,{who.customer.email.upper()}"][number % 7 % 3]
        rows.append(f"O-{number:03},{named},2026-03-01,10.00")
    mapping = {"fields": {"external_id": "id", "number": "no", "card": "card", "email": "mail", "date": "day"}}
    mapping["fields"]["amount"] = "sum"
    assert folder.load("\n".join(["id,no,card,mail,day,sum", *rows, ""]), mapping).code == 0
    assert len(watched.threads) == 2
    for who in people:
        names = list(
            Entry.objects.filter(member=who).order_by("sequence").values_list("journal__external_id", flat=True)
        )
        assert names == sorted(names)


@pytest.mark.parametrize("slow", [0, 1])
def test_what_a_household_gets_of_its_members_stays_in_the_order_of_the_file(folder, made, watched, slow):
    watched.slow = slow
    home, *people = [factories.member(made) for _ in range(5)]
    for one in people[:2]:
        Relation.objects.create(member=one, group=home, percent=50)
    mapping = {"fields": {"external_id": "id", "number": "who", "date": "day", "amount": "sum"}}
    rows = [f"O-{n:03},{people[n * 7 % 4].number},2026-03-01,10.00" for n in range(160)]
    assert folder.load(text(rows), mapping).code == 0
    assert len(watched.threads) == 2
    names = list(
        Entry.objects.filter(member=home).order_by("sequence").values_list("journal__external_id", flat=True)
    )
    assert len(names) == 80
    assert names == sorted(names)


@pytest.mark.parametrize("slow", [0, 1])
def test_of_two_members_with_one_id_the_first_in_the_file_has_it(folder, made, watched, slow):
    watched.slow = slow
    first = [f"O-{n},C-{n},2026-03-01,10.00" for n in range(10)]
    again = [f"O-{n},C-{(n + 1) % 10},2026-03-01,10.00" for n in range(10)]
    run = folder.load(text(first + again), WITH_ID)
    assert len(watched.threads) == 2
    assert run.codes == [(line, "external_id", "idempotency_conflict") for line in range(12, 22)]
    whose = Journal.objects.values_list("external_id", "member__customer__external_ids__value")
    assert dict(whose) == {f"O-{n}": f"C-{n}" for n in range(10)}


def test_a_budget_that_members_share_is_used_up_in_the_order_of_the_file(folder, made, watched):
    capped.cap(made, "budget", 150, scope="program", period="ever")
    assert folder.load(text(ordered(people=20)), WITH_ID).code == 0
    assert set(watched.threads) == {threading.main_thread()}
    given = Journal.objects.filter(entries__currency__code="points").order_by("activity_at")
    assert set(given.values_list("external_id", flat=True)) == {f"O-{n}" for n in range(15)}


def test_a_cap_of_each_member_leaves_two_connections(folder, made, watched):
    capped.cap(made, "each", 150, scope="member", period="ever")
    folder.load(text(ordered()), WITH_ID)
    assert len(watched.threads) == 2


@pytest.mark.parametrize("broken", [0, 1])
def test_when_one_connection_fails_nothing_more_is_posted_and_the_next_start_does_the_rest(
    folder, made, watched, broken
):
    def fail(items):
        is_late = int(items[0].external_id.removeprefix("O-")) >= 2 * BATCH
        if is_late and threading.current_thread() is watched.threads[broken]:
            raise OperationalError("the database is gone")

    watched.before = fail
    content = text(ordered())
    run = folder.load(content, WITH_ID)
    assert run.code == 2
    assert "is gone" in run.error
    # Two whole batches, and the other's share of the third.
    assert 2 * BATCH < Journal.objects.count() < 3 * BATCH
    assert watched.are_gone
    assert is_alone()
    watched.before = lambda items: None
    assert folder.load(content, WITH_ID).code == 0
    expected = [f"O-{n}" for n in range(0, 200, 8)]
    names = Entry.objects.filter(member__customer__external_ids__value="C-0", currency__code="points")
    assert list(names.order_by("sequence").values_list("journal__external_id", flat=True)) == expected
    assert Journal.objects.count() == 200
    assert list(audit(made)) == []


def is_alone():
    """Whether no other connection to this database stays; the server takes a moment to notice that one is closed."""
    end = time.monotonic() + PATIENCE_S
    while (others := sessions() - 1) and time.monotonic() < end:
        time.sleep(0.05)
    return not others


def sessions():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return cursor.fetchone()[0]


def test_a_program_that_is_paused_meanwhile_takes_nothing_more(folder, made, watched):
    def pause(items):
        if "O-90" in {item.external_id for item in items}:
            made.status = "paused"
            made.save()

    watched.before = pause
    rows = ordered()
    rows[10] = "O-10,C-1,2026-03-01,much"
    run = folder.load(text(rows), WITH_ID)
    assert (run.code, "takes facts while it is active" in run.error) == (2, True)
    assert run.codes == [(12, "amount", "invalid_number")]
    assert 2 * BATCH - 1 <= Journal.objects.count() < 3 * BATCH
    assert watched.are_gone
    made.status, watched.before = "active", lambda items: None
    made.save()
    folder.load(text(rows), WITH_ID)
    assert Journal.objects.count() == 199


def test_ctrl_c_keeps_what_was_posted_and_leaves_no_thread_behind(folder, made, watched):
    told = []

    def interrupt(count):
        told.append(count)
        if len(told) == 2:
            raise KeyboardInterrupt

    file = folder.file(text(ordered()))
    mapping = imports.read(json.dumps(WITH_ID).encode())
    options = {"program": made, "mapping": mapping, "report": folder.path / "report.csv"}
    with pytest.raises(KeyboardInterrupt):
        imports.run(file, **options, progress=interrupt)
    assert Journal.objects.count() == 2 * BATCH
    assert watched.are_gone
    assert is_alone()
    told.clear()
    outcome = imports.run(file, **options, progress=told.append)
    assert (outcome.posted, outcome.replayed, outcome.line) == (200 - 2 * BATCH, 2 * BATCH, 201)
    assert sum(told) == file.stat().st_size


def test_a_dry_run_has_one_connection(folder, made, watched):
    folder.load(text(ordered()), WITH_ID, "--dry-run")
    assert set(watched.threads) == {threading.main_thread()}
    assert not Journal.objects.exists()
