"""Time passes for members whom nobody touches, and it makes no difference who books it, or how often."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from programs import versions
from programs.models import Currency, ExpiryRule
from tests.support import factories
from tests.support.factories import post_one, purchase
from tests.support.few_examples import few_examples
from tests.support.living import START, everything, live
from tests.support.rolled_back import rolled_back
from transactions import ledger
from transactions.expiry import sweep
from transactions.models import Entry, Journal, Lot, Redating
from transactions.proof.audit import audit

LATER = START + timedelta(days=3)
needs_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="the plain case is for PostgreSQL")


def tell(made, members, action, **options):
    """What `action` leaves behind; it is undone."""
    with rolled_back():
        action()
        found = everything(members, **options)
        assert not list(audit(made))
    return found


def swept(made, now, **options):
    total = sweep.Swept()
    for done in sweep.sweep(made.pk, now=now, **options):
        total.add(done)
    return total


@pytest.fixture
def members(made):
    return [factories.member(made) for _ in range(6)]


def read(made, members, now):
    for who in members:
        ledger.refresh(made.pk, [who.pk], now=now)


@few_examples
@given(seed=st.integers(0, 10**6), hours=st.lists(st.integers(1, 60), min_size=1, max_size=4))
def test_reading_after_the_sweep_equals_reading_lazily(made, members, seed, hours):
    """C-INV 13, and more: the same entries, whether time is booked in four steps by two ways, or in one."""
    with rolled_back():
        live(made, members, seed)
        end = START + timedelta(hours=max(hours))

        def often():
            for place, hour in enumerate(sorted(hours)):
                now = START + timedelta(hours=hour)
                swept(made, now) if place % 2 else read(made, members, now)

        but = ("posted_at", "chain", "version")
        stepwise = tell(made, members, often, but=but)
        assert stepwise == tell(made, members, lambda: swept(made, end, batch=2), but=but)
        assert stepwise == tell(made, members, lambda: read(made, members, end), but=but)


@needs_postgresql
@few_examples
@given(seed=st.integers(0, 10**6), pending=st.booleans(), reserves=st.booleans(), hours=st.integers(1, 60))
def test_the_plain_way_writes_the_same_to_the_last_byte(made, members, seed, pending, reserves, hours):
    with rolled_back():
        live(made, members, seed, with_pending=pending, with_reservations=reserves)
        now = START + timedelta(hours=hours)
        # The journal of the day, whose key is part of the chain, is there before both.
        sweep._journal(sweep.versions.current(made.pk), now)
        plain = tell(made, members, lambda: swept(made, now))
        general = tell(made, members, lambda: swept(made, now, is_plain_fast=False))
        assert plain == general


@needs_postgresql
def test_plain_members_are_booked_by_the_database(made, members):
    miles = Currency.objects.create(program=made, code="miles", name="Miles")
    ExpiryRule.objects.create(currency=miles, model="fixed", period=1, unit="day")
    factories.rule(made, "miles", "per_amount", {"points": "1", "per": "1"}, currency=miles)
    live(made, members, 7, steps=60, with_pending=False, with_reservations=False)
    done = swept(made, LATER)
    assert done.plain == done.members == len(members)
    entries = Entry.objects.filter(kind="expiry")
    assert done.lots == Lot.objects.filter(traces__entry__in=entries).count() > entries.count() > len(members)
    assert done.points == -sum(entries.values_list("points", flat=True))
    assert not list(audit(made))


@needs_postgresql
def test_the_few_are_booked_with_few_statements(made, members):
    """Where the day has its journal: planned and sent for a handful, each one more would be felt."""
    live(made, members, 3, with_pending=False, with_reservations=False)
    sweep._journal(sweep.versions.current(made.pk), LATER)
    with CaptureQueriesContext(connection) as sent:
        assert swept(made, LATER).plain
    statements = [one["sql"].split()[0] for one in sent if "SAVEPOINT" not in one["sql"]]
    # Set up, look; set up, lock, write.
    assert statements == ["SELECT", "SELECT", "SELECT", "SELECT", "WITH"]


@needs_postgresql
def test_nothing_is_kept_where_statements_must_not_be_prepared(made, members, monkeypatch):
    """Behind PgBouncer in transaction mode (PREPARED_STATEMENTS=false) the next transaction has another server."""
    live(made, members, 3, with_pending=False, with_reservations=False)
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
        monkeypatch.setattr(connection.connection, "prepare_threshold", None)
        assert swept(made, LATER).plain
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        assert cursor.fetchone() == (0,)
    assert not list(audit(made))


def test_a_program_that_was_changed_by_another_process_is_read_anew(made, members):
    live(made, members, 3, with_pending=False, with_reservations=False)
    known = versions.current(made.pk)
    for one in ExpiryRule.objects.all():
        one.extension_months = 6
        one.save()
    versions._current[made.pk] = known
    done = swept(made, LATER)
    assert done.members
    assert (done.plain, done.lots) == (0, 0)
    assert not Entry.objects.filter(kind="expiry").exists()


@pytest.mark.parametrize("who_extends", ["currency", "tier"])
def test_what_may_be_extended_is_not_plain(made, members, who_extends):
    live(made, members, 3, with_pending=False, with_reservations=False)
    for one in ExpiryRule.objects.all() if who_extends == "currency" else made.tier_groups.get().tiers.all():
        one.extension_months = 6
        one.save()
    due = set(Lot.objects.filter(remaining__gt=0, expires_at__lte=LATER).values_list("pk", flat=True))
    done = swept(made, LATER)
    assert (done.plain, done.lots) == (0, 0)
    extended = Redating.objects.filter(reason="Extended")
    assert set(extended.values_list("lot", flat=True)) == due != set()
    assert not Entry.objects.filter(kind="expiry").exists()
    much_later = swept(made, START + timedelta(days=400))
    assert much_later.members == done.members
    assert not list(audit(made))


def test_a_sweep_that_stopped_is_taken_up_again(made, members):
    live(made, members, 5)
    first = sweep.sweep(made.pk, now=LATER, batch=1)
    next(first)
    first.close()
    whole = swept(made, LATER, batch=1)
    assert 0 < whole.members < len(members) + 1
    assert not list(audit(made))
    assert swept(made, LATER) == sweep.Swept()


def test_members_whom_time_did_nothing_to_are_left_alone(made, members):
    post_one(made, purchase(members[0], 1000), now=START)
    before = everything(members)
    assert swept(made, LATER) == sweep.Swept()
    assert everything(members) == before


def test_one_member_who_cannot_be_booked_stops_nobody(made, members, monkeypatch):
    live(made, members, 5)
    refresh = ledger.refresh

    def fail_for_one(program_id, ids, **options):
        if members[1].pk in ids:
            raise ValueError("broken")
        return refresh(program_id, ids, **options)

    monkeypatch.setattr(ledger, "refresh", fail_for_one)
    done = swept(made, LATER, is_plain_fast=False)
    assert done.failed == 1
    monkeypatch.undo()
    assert swept(made, LATER).members == 1


def test_programs_are_swept_apart(made, members):
    other = factories.program()
    live(made, members, 5)
    assert swept(other, LATER) == sweep.Swept()
    assert swept(made, LATER).members


def test_where_nobody_is_due_nothing_is_written(made, members):
    live(made, members, 5)
    before = Journal.objects.count()
    assert swept(made, START) == sweep.Swept()
    assert Journal.objects.count() == before


def test_who_was_read_after_the_sweep_began_is_not_booked_again(made, members):
    live(made, members, 5)
    first = sweep.sweep(made.pk, now=LATER, batch=1)
    next(first)
    read(made, members, LATER)
    booked = everything(members)
    assert sum(done.lots for done in first) == 0
    assert everything(members) == booked
    assert not list(audit(made))


@pytest.mark.parametrize(
    ("members", "hands", "most", "sizes"),
    [
        (0, 2, 5000, []),
        (1, 2, 5000, [1]),
        (999, 2, 5000, [999]),
        (1000, 2, 5000, [500, 500]),
        (10_000, 2, 5000, [5000, 5000]),
        (10_001, 2, 5000, [2501, 2501, 2501, 2498]),
        (10_001, 1, 5000, [3334, 3334, 3333]),
        (5, 2, 2, [2, 2, 1]),
    ],
)
def test_no_hand_has_much_less_to_do_than_the_other(members, hands, most, sizes):
    ids = list(range(members))
    batches = sweep._cut(ids, threads=hands, most=most)
    assert [len(batch) for batch in batches] == sizes
    assert [who for batch in batches for who in batch] == ids


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_no_connection_waits_for_the_other(transactional_db, monkeypatch):
    """Not even for the row of the day's journal: both have written their first batch before one is committed."""
    made = factories.program()
    members = [factories.member(made) for _ in range(4)]
    live(made, members, 5)
    expire, meet = sweep.plain_lots.expire, threading.Barrier(2)

    def expire_together(*arguments, **options):
        done = expire(*arguments, **options)
        meet.wait(timeout=60)
        return done

    monkeypatch.setattr(sweep.plain_lots, "expire", expire_together)
    assert swept(made, LATER, batch=2).members == len(members)
    assert not list(audit(made))


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_two_connections_share_the_members_and_leave_none(transactional_db):
    made = factories.program()
    members = [factories.member(made) for _ in range(7)]
    live(made, members, 5)
    done = swept(made, LATER, batch=2)
    assert done.members == len(members)
    assert swept(made, LATER) == sweep.Swept()
    assert not list(audit(made))
