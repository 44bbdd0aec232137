"""Pending points are shown and not spendable; they come free at their instant, by their event, or never (C9)."""

import pytest

from partners.activity import Activity, Decision, EarlyRelease
from tests.support import factories
from tests.support.books_balance import kinds, lots, state
from tests.support.factories import at, post, post_one, purchase, redemption, reversal
from transactions import ledger
from transactions.models import Entry, Journal, Lot

pytestmark = pytest.mark.usefixtures("books_balance")


def change(made, code="points", **fields):
    made.currencies.filter(code=code).update(**fields)
    made.touch(made.pk)


def event(who, kind, order, external_id="", **fields):
    return Activity(
        kind=kind, external_id=external_id or f"{kind}-{order}", member={"number": who.number}, order=order, **fields
    )


@pytest.fixture
def escrow(made):
    """Points are pending for fourteen days."""
    change(made, pending_days=14)
    return made


@pytest.fixture
def shipping(made):
    """Points wait until the order is shipped, at most sixty days."""
    change(made, pending_event="shipped")
    return made


def test_c9_x1_escrow_of_fourteen_days_and_a_refund_meanwhile(escrow, who):
    bought = post_one(escrow, purchase(who, 10000, activity_at=at(2025, 3, 1, 17)), now=at(2025, 3, 1, 17))
    assert state(who) == (0, 100, 0, 0)
    lot = Lot.objects.get(currency__code="points")
    # The first instant of 15 March and of 1 April in Paris.
    assert (lot.available_at, lot.expires_at) == (at(2025, 3, 14, 23), at(2026, 3, 31, 22))
    assert who.balances.get(currency__code="points").next_change_at == lot.available_at
    taken = post_one(escrow, reversal(bought.journal_id, amount=4000), now=at(2025, 3, 10))
    assert taken.answer["points"] == {"points": -40, "status": -40}
    assert state(who) == (0, 60, 0, 0)
    assert post(escrow, redemption(who, 1), now=at(2025, 3, 14, 22))[0].refusal.code == "insufficient_points"


def test_c9_x2_a_read_one_second_later_shows_them_without_the_nightly_job(escrow, who):
    bought = post_one(escrow, purchase(who, 10000, activity_at=at(2025, 3, 1, 17)), now=at(2025, 3, 1, 17))
    post_one(escrow, reversal(bought.journal_id, amount=4000), now=at(2025, 3, 10))
    assert not ledger.refresh(escrow.pk, [who.pk], now=at(2025, 3, 14, 22, 59))
    assert ledger.refresh(escrow.pk, [who.pk], now=at(2025, 3, 14, 23, 0))
    assert state(who) == (60, 0, 0, 0)
    assert not ledger.refresh(escrow.pk, [who.pk], now=at(2025, 3, 14, 23, 1))
    release = Entry.objects.get(kind="release")
    assert (release.points, release.activity_at) == (60, at(2025, 3, 14, 23))
    assert who.balances.get(currency__code="points").next_change_at == at(2026, 3, 31, 22)


def test_a_spending_after_the_instant_finds_them_too(escrow, who):
    post_one(escrow, purchase(who, 10000, activity_at=at(2025, 3, 1)), now=at(2025, 3, 1))
    post_one(escrow, redemption(who, 100), now=at(2025, 3, 15))
    assert state(who) == (0, 0, 0, 0)


def test_a_purchase_told_after_its_escrow_is_free_at_once(escrow, who):
    post_one(escrow, purchase(who, 10000, activity_at=at(2025, 3, 1)), now=at(2025, 4, 1))
    assert state(who) == (100, 0, 0, 0)


def test_a_full_refund_while_pending_leaves_no_arrears_whatever_the_policy(escrow, who):
    change(escrow, refund_policy="arrears")
    bought = post_one(escrow, purchase(who, 10000, activity_at=at(2025, 3, 1)), now=at(2025, 3, 1))
    post_one(escrow, reversal(bought.journal_id), now=at(2025, 3, 2))
    ledger.refresh(escrow.pk, [who.pk], now=at(2025, 4, 1))
    assert state(who) == (0, 0, 0, 0)


def test_points_wait_for_their_event_and_their_clock_starts_with_it(shipping, who):
    post_one(shipping, purchase(who, 10000, "o-1", activity_at=at(2025, 3, 1)), now=at(2025, 3, 1))
    assert state(who) == (0, 100, 0, 0)
    other = post_one(shipping, event(who, "packed", "o-1", activity_at=at(2025, 3, 2)), now=at(2025, 3, 2))
    assert kinds(other) == []
    shipped = post_one(shipping, event(who, "shipped", "o-1", activity_at=at(2025, 4, 5)), now=at(2025, 4, 5))
    assert kinds(shipped) == [("release", 100)]
    assert state(who) == (100, 0, 0, 0)
    assert Lot.objects.get().expires_at == at(2026, 4, 30, 22)


def test_an_event_that_was_told_before_its_order_counts(shipping, who):
    post_one(shipping, event(who, "shipped", "o-1", activity_at=at(2025, 3, 2)), now=at(2025, 3, 2))
    post_one(shipping, purchase(who, 10000, "o-1", activity_at=at(2025, 3, 1)), now=at(2025, 3, 2))
    assert state(who) == (100, 0, 0, 0)


@pytest.mark.parametrize("hours", [(1, 2), (2, 1)], ids=["order first", "event first"])
def test_order_and_event_in_one_batch_find_each_other(shipping, who, hours):
    bought, shipped = hours
    items = [
        purchase(who, 10000, "o-1", activity_at=at(2025, 3, 1, bought)),
        event(who, "shipped", "o-1", activity_at=at(2025, 3, 1, shipped)),
    ]
    assert [r.status for r in post(shipping, *items, now=at(2025, 3, 2))] == ["posted", "posted"]
    assert state(who) == (100, 0, 0, 0)


def test_the_event_of_somebody_else_frees_nothing(shipping, who):
    post_one(shipping, purchase(who, 10000, "o-1", activity_at=at(2025, 3, 1)), now=at(2025, 3, 1))
    stranger = factories.member(shipping)
    post_one(shipping, event(stranger, "shipped", "o-1", activity_at=at(2025, 3, 2)), now=at(2025, 3, 2))
    assert state(who) == (0, 100, 0, 0)


def test_without_the_event_the_deadline_cancels_them_and_a_late_refund_takes_nothing_more(shipping, who):
    post_one(shipping, purchase(who, 5000, "other", activity_at=at(2025, 2, 1)), now=at(2025, 2, 1))
    post_one(shipping, event(who, "shipped", "other", activity_at=at(2025, 2, 2)), now=at(2025, 2, 2))
    bought = post_one(shipping, purchase(who, 10000, "o-1", activity_at=at(2025, 3, 1)), now=at(2025, 3, 1))
    assert ledger.refresh(shipping.pk, [who.pk], now=at(2025, 4, 30))
    assert state(who) == (50, 0, 0, 0)
    taken = post_one(shipping, reversal(bought.journal_id), now=at(2025, 5, 2))
    assert taken.answer["clawback"]["points"] == 0
    assert state(who) == (50, 0, 0, 0)


def test_an_order_told_behind_its_deadline_is_not_cancelled_at_birth(shipping, who):
    post_one(shipping, purchase(who, 10000, "o-1", activity_at=at(2025, 1, 1)), now=at(2025, 5, 1))
    assert state(who) == (0, 100, 0, 0)
    post_one(shipping, event(who, "shipped", "o-1", activity_at=at(2025, 1, 5)), now=at(2025, 5, 2))
    assert state(who) == (100, 0, 0, 0)


def test_early_release_with_a_reason(escrow, who):
    bought = post_one(escrow, purchase(who, 10000, activity_at=at(2025, 3, 1)), now=at(2025, 3, 1))
    refused = post(escrow, EarlyRelease("r-0", bought.journal_id, " "), now=at(2025, 3, 2))[0]
    assert (refused.refusal.code, refused.refusal.field) == ("reason_missing", "reason")
    released = post_one(escrow, EarlyRelease("r-1", bought.journal_id, "Complaint 17"), now=at(2025, 3, 2))
    assert released.answer["released"] == {"points": 100}
    assert state(who) == (100, 0, 0, 0)
    assert Journal.objects.get(pk=released.journal_id).reason == "Complaint 17"
    again = post(escrow, EarlyRelease("r-2", bought.journal_id, "Twice"), now=at(2025, 3, 3))[0]
    assert again.refusal.code == "not_reversible"
    undo = post(escrow, reversal(released.journal_id), now=at(2025, 3, 3))[0]
    assert undo.refusal.code == "not_reversible"
    ledger.refresh(escrow.pk, [who.pk], now=at(2025, 4, 1))
    assert state(who) == (100, 0, 0, 0)


def test_the_event_journal_gives_back_nothing_that_it_only_set_free(shipping, who):
    post_one(shipping, purchase(who, 10000, "o-1", activity_at=at(2025, 3, 1)), now=at(2025, 3, 1))
    shipped = post_one(shipping, event(who, "shipped", "o-1", activity_at=at(2025, 3, 5)), now=at(2025, 3, 5))
    undone = post_one(shipping, reversal(shipped.journal_id), now=at(2025, 3, 6))
    assert undone.answer["points"] == {}
    assert state(who) == (100, 0, 0, 0)


def test_qualifying_points_count_when_they_are_released(made, who):
    change(made, code="status", pending_days=14)
    bought = post_one(made, purchase(who, 60000, activity_at=at(2025, 3, 1)), now=at(2025, 3, 1))
    assert state(who, "status") == (0, 600, 0, 0)
    assert bought.answer["tiers"] == {"main": "base"}
    assert not who.tallies.exists()
    ledger.refresh(made.pk, [who.pk], now=at(2025, 3, 15))
    assert state(who, "status") == (600, 0, 0, 0)
    assert who.tallies.get().points == 600
    assert who.standings.get(is_current=True).tier.code == "silver"
    taken = post_one(made, reversal(bought.journal_id, amount=20000), now=at(2025, 3, 16))
    assert taken.answer["points"]["status"] == -200
    assert state(who, "status") == (400, 0, 0, 0)
    assert who.tallies.get().points == 400


def test_arrears_are_paid_by_a_release(escrow, who):
    change(escrow, refund_policy="arrears")
    first = post_one(escrow, purchase(who, 10000, activity_at=at(2025, 1, 1)), now=at(2025, 1, 1))
    post_one(escrow, redemption(who, 70), now=at(2025, 2, 1))
    post_one(escrow, reversal(first.journal_id), now=at(2025, 2, 2))
    assert state(who) == (0, 0, 0, 70)
    post_one(escrow, purchase(who, 12000, activity_at=at(2025, 2, 3)), now=at(2025, 2, 3))
    assert state(who) == (0, 120, 0, 70)
    ledger.refresh(escrow.pk, [who.pk], now=at(2025, 3, 1))
    assert state(who) == (50, 0, 0, 0)
    assert lots(who)[-1] == (120, 50)


def test_an_unknown_deed_of_a_decision_is_refused(escrow, who):
    bought = post_one(escrow, purchase(who, 10000))
    assert post(escrow, Decision(bought.journal_id, "retry"))[0].refusal.code == "invalid_deed"
