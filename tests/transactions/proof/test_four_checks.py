"""C4-X1: the four checks that a ledger of lots needs; the audit finds each defect, the engine makes none."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from partners.activity import Decision
from tests.support import factories
from tests.support.factories import at, post, post_one, purchase, redemption, reversal
from tests.support.few_examples import few_examples
from tests.support.living import START, live
from tests.support.rolled_back import rolled_back
from transactions import ledger
from transactions.models import Entry, Lot, Trace
from transactions.models.immutability import drop_triggers
from transactions.proof.audit import audit

pytestmark = pytest.mark.django_db

NOW = at(2026, 3, 1)


@pytest.fixture
def spent(made, who):
    """The entry of a redemption that used all of one lot and half of another."""
    post(made, purchase(who, 1_000), purchase(who, 1_000), now=NOW)
    journal = post_one(made, redemption(who, 15), now=NOW).journal_id
    assert tell(made) == {}
    return Entry.objects.get(journal=journal)


def tell(made):
    return {drift.what: (drift.stored, drift.computed) for drift in audit(made)}


def plant(text, *params):
    """Change the database as nobody can who does not first take its guards away."""
    with connection.cursor() as cursor:
        with pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute(text, params)
        drop_triggers(connection)
        cursor.execute(text, params)
        assert cursor.rowcount == 1


def test_a_debit_from_a_lot_that_had_ended_is_found(made, spent):
    """C4-X1: debits from expired lots."""
    trace = spent.traces.order_by("pk").first()
    Lot.objects.filter(pk=trace.lot_id).put(expires_at=NOW + timedelta(seconds=1))
    what = f"the end of the lot of trace {trace.pk}"
    assert what not in tell(made)
    Lot.objects.filter(pk=trace.lot_id).put(expires_at=NOW)
    assert tell(made)[what][1] == "later than its use"


def test_a_spending_of_a_moment_when_the_lot_had_ended_is_found(made, who, spent):
    """C4-X1: debits from expired lots, by the date of what happened as well as by that of its booking."""
    plant("UPDATE transactions_entry SET activity_at = %s WHERE id = %s", at(2028, 1, 1), spent.pk)
    assert f"the end of the lot of trace {spent.traces.last().pk}" in tell(made)


def test_no_debit_is_made_from_a_lot_that_has_ended(made, who):
    """C4-X1: debits from expired lots; though nobody has booked yet that they ended."""
    post_one(made, purchase(who, 1_000), now=NOW)
    end = Lot.objects.get().expires_at
    reserved = post_one(made, redemption(who, 1, reserve_s=3600), now=end - timedelta(minutes=30))
    refused = post(made, redemption(who, 1, activity_at=end), now=end - timedelta(minutes=1))[0]
    assert refused.refusal.code == "insufficient_points"
    assert post(made, redemption(who, 1), now=end)[0].refusal.code == "insufficient_points"
    # What was promised before the end is kept, and is no debit from a lot that had ended.
    post_one(made, Decision(reserved.journal_id, "confirm"), now=end + timedelta(minutes=1))
    assert tell(made) == {}


def test_a_lot_that_gave_more_than_it_had_is_found(made, spent):
    """C4-X1: over-consumed lots."""
    trace = spent.traces.order_by("pk").first()
    plant("UPDATE transactions_trace SET points = points + 2 WHERE id = %s", trace.pk)
    assert tell(made)[f"what remains of lot {trace.lot_id}"] == (0, -2)


def test_no_lot_gives_more_than_it_has(made, who, spent):
    """C4-X1: over-consumed lots; the engine refuses, and so does the database by itself."""
    assert post(made, redemption(who, 6), now=NOW)[0].refusal.code == "insufficient_points"
    for wrong in ("-1", "points + 1"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE transactions_lot SET remaining = {wrong} WHERE member_id = %s", [who.pk])
    assert tell(made) == {}


def test_a_debit_without_the_sum_of_its_traces_is_found(made, spent):
    """C4-X1: debit is the sum of its traces."""
    plant("DELETE FROM transactions_trace WHERE id = %s", spent.traces.order_by("pk").last().pk)
    assert tell(made)[f"what lots and traces say of entry {spent.pk}"] == (-10, -15)


def test_a_balance_that_is_not_its_sums_is_found(made, who, spent):
    """C4-X1: balance is the sum of its lots, and of its entries."""
    who.balances.filter(currency__code="points").update(available=6)
    found = tell(made)
    assert found["available points"] == found["what can be spent"] == (6, 5)


@few_examples
@given(seed=st.integers(0, 10**6), hours=st.integers(1, 60), back=st.booleans())
def test_a_random_life_makes_none_of_the_four(made, seed, hours, back):
    """C4-X1: all four, of what the engine wrote; asked without the audit, by sums over rows."""
    with rolled_back():
        members = [factories.member(made) for _ in range(3)]
        live(made, members, seed)
        now = START + timedelta(hours=hours)
        ledger.refresh(made.pk, [who.pk for who in members], now=now)
        if back:
            spent = Entry.objects.filter(journal__kind="redemption", kind="debit").values_list("journal", flat=True)
            post(made, *[reversal(key) for key in spent], now=now)
        assert tell(made) == {}
        for lot in Lot.objects.filter(member__in=members):
            used = [trace.points for trace in Trace.objects.filter(lot=lot)]
            assert sum(used) == lot.points - lot.remaining
        for entry in Entry.objects.filter(member__in=members, kind="debit", currency__kind="spendable"):
            assert sum(trace.points for trace in entry.traces.all()) == -entry.points
            assert all(
                trace.lot.expires_at is None or trace.lot.expires_at > entry.posted_at for trace in entry.traces.all()
            )
        for who in members:
            live_lots = Lot.objects.filter(member=who, currency__code="points", is_pending=False)
            assert factories.held(who) == sum(lot.remaining for lot in live_lots)
