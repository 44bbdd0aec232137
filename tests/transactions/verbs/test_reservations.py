"""Points are set aside, and then spent, released or free again by themselves (C12)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from members.models import Balance
from tests.support import factories
from tests.support.books_balance import kinds, lots, state
from tests.support.currencies import change
from tests.support.factories import at, post, post_one, purchase, redemption, reversal
from tests.support.reserving import T0, T1, T2, decide, reserve
from transactions import ledger
from transactions.models import Entry, Journal
from transactions.models.journals import NotOpen
from transactions.reviews import decisions

pytestmark = pytest.mark.usefixtures("books_balance")


def test_reserve_then_confirm(made, rich):
    reserved = reserve(made, rich, 300, "r", T0)
    assert reserved.answer["reserved_until"] == (T0 + timedelta(minutes=15)).isoformat()
    assert state(rich) == (200, 0, 300, 0)
    assert Journal.objects.get(pk=reserved.journal_id).status == "pending"
    assert decide(made, reserved, "confirm", T1).status == "posted"
    assert state(rich) == (200, 0, 0, 0)
    assert rich.balances.get(currency__code="points").lifetime_redeemed == 300
    assert kinds(reserved) == [("reserve", -300), ("confirm", -300)]
    assert decide(made, reserved, "confirm", T2).status == "replayed"
    assert decide(made, reserved, "release", T2).refusal.code == "not_reserved"
    assert post_one(made, reversal(reserved.journal_id), now=T2).answer["points"] == {"points": 300}
    assert state(rich) == (500, 0, 0, 0)


def test_reserve_then_release(made, rich):
    before = lots(rich)
    reserved = reserve(made, rich, 300, "r", T0)
    assert decide(made, reserved, "release", T1).status == "posted"
    assert (state(rich), lots(rich)) == ((500, 0, 0, 0), before)
    assert decide(made, reserved, "release", T1).status == "replayed"
    refused = decide(made, reserved, "confirm", T1).refusal
    assert refused.code == "not_reserved"
    assert "rejected" in refused.detail
    assert post(made, reversal(reserved.journal_id), now=T1)[0].refusal.code == "not_reversible"
    assert state(rich) == (500, 0, 0, 0)


def test_a_reservation_runs_out_by_itself_whoever_looks_first(made, rich):
    reserved = reserve(made, rich, 300, "r", T0)
    assert rich.balances.get(currency__code="points").next_change_at == T0 + timedelta(minutes=15)
    assert not ledger.refresh(made.pk, [rich.pk], now=T1)
    assert ledger.refresh(made.pk, [rich.pk], now=T2)
    assert not ledger.refresh(made.pk, [rich.pk], now=T2)
    assert state(rich) == (500, 0, 0, 0)
    assert Journal.objects.get(pk=reserved.journal_id).status == "rejected"
    assert Entry.objects.get(kind="unreserve").activity_at == T0 + timedelta(minutes=15)


@pytest.mark.parametrize(("action", "status"), [("confirm", "refused"), ("release", "replayed")])
def test_a_decision_that_comes_too_late_finds_it_run_out(made, rich, action, status):
    """The same answer, whether or not the sweep was there before."""
    reserved = reserve(made, rich, 300, "r", T0)
    assert decide(made, reserved, action, T2).status == status
    assert state(rich) == (500, 0, 0, 0)
    assert decide(made, reserved, action, T2).status == status


def test_reserving_is_idempotent(made, rich):
    first = reserve(made, rich, 300, "r", T0)
    again = post(made, redemption(rich, 300, "r", reserve_s=900), now=T1)[0]
    assert (again.status, again.answer) == ("replayed", first.answer)
    assert state(rich) == (200, 0, 300, 0)


@pytest.mark.parametrize("ended", ["confirm", "release", "time"])
def test_a_reservation_keeps_what_was_reported_and_answered_however_it_ends(made, rich, ended):
    factories.store(made.owner, code="main")
    first = reserve(made, rich, 300, "r", T0, store="main")
    if ended == "time":
        ledger.refresh(made.pk, [rich.pk], now=T2)
    else:
        decide(made, first, ended, T1)
    again = post(made, redemption(rich, 300, "r", reserve_s=900, store="main"), now=T2)[0]
    assert (again.status, again.answer) == ("replayed", first.answer)
    journal = Journal.objects.get(pk=first.journal_id)
    assert (journal.store.code, journal.status) == ("main", "processed" if ended == "confirm" else "rejected")


def test_what_is_spent_at_once_is_no_reservation(made, rich):
    spent = post_one(made, redemption(rich, 300), now=T0)
    assert decide(made, spent, "confirm", T1).refusal.code == "not_reserved"
    assert decide(made, spent, "release", T1).refusal.code == "not_reserved"
    with pytest.raises(NotOpen):
        decisions.retry(reserve(made, rich, 1, "r", T0).journal_id, now=T1)


def test_c12_r3_a_reserved_lot_that_ends_stays_valid_until_the_reservation_does(made, who, three):
    now = at(2026, 3, 31, 21, 55)
    released, confirmed = (reserve(made, who, points, f"r{points}", now) for points in (60, 40))
    after = now + timedelta(minutes=10)
    assert decide(made, confirmed, "confirm", after).status == "posted"
    assert state(who) == (130, 0, 60, 0)
    assert decide(made, released, "release", after).status == "posted"
    ledger.refresh(made.pk, [who.pk], now=after)
    assert state(who) == (130, 0, 0, 0)
    assert [entry.points for entry in Entry.objects.filter(kind="expiry")] == [-60]


@pytest.mark.django_db(transaction=True)
def test_c12_x1_of_two_reservations_at_once_one_succeeds(transactional_db):
    made = factories.program()
    who = factories.member(made)
    via = factories.till(made)
    post_one(made, purchase(who, 50000))
    ledger.refresh(made.pk, [who.pk])

    def one(number):
        try:
            return post(made, redemption(who, 300, f"r-{number}", reserve_s=900), via=via)[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(one, range(2)))
    assert sorted(result.status for result in results) == ["posted", "refused"]
    assert [r.refusal.code for r in results if r.refusal] == ["insufficient_points"]
    assert state(who) == (200, 0, 300, 0)


def test_points_that_come_back_into_arrears_pay_them(made, rich):
    change(made, refund_policy="arrears")
    bought = Journal.objects.get(kind="accrual")
    reserved = reserve(made, rich, 300, "r", T0)
    post_one(made, reversal(bought.pk), now=T0)
    assert state(rich) == (0, 0, 300, 300)
    decide(made, reserved, "release", T1)
    assert state(rich) == (0, 0, 0, 0)
    assert Balance.objects.get(member=rich, currency__code="points").lifetime_reversed == 500
