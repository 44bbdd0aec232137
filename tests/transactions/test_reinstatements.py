"""Points that have ended come back in a lot of their own, which refers to the old one."""

from datetime import timedelta

import pytest

from members.models import Member
from tests import factories
from tests.factories import at, held, post_one, purchase, redemption
from transactions import ledger, reinstatements
from transactions.audit import audit
from transactions.models import Entry, Journal, Lot
from transactions.posting import MemberNotActive
from transactions.reinstatements import NotReinstatable, reinstate

DAY = at(2025, 1, 15)


@pytest.fixture
def ended(made, who):
    """A lot of 10 of which 4 were spent and 6 expired."""
    post_one(made, purchase(who, 1000, activity_at=DAY), now=DAY)
    post_one(made, redemption(who, 4), now=DAY)
    lot = Lot.objects.get()
    ledger.refresh(made.pk, [who.pk], now=lot.expires_at)
    return lot


def test_what_expired_comes_back_with_an_end_of_its_own(made, who, ended, django_user_model):
    clerk = django_user_model.objects.create(username="clerk")
    now = ended.expires_at + timedelta(days=10)
    result = reinstate(ended.pk, reason="Was ill", user=clerk, now=now)
    again = Lot.objects.get(origin=ended)
    assert (held(who), again.points, again.remaining) == (6, 6, 6)
    assert again.expires_at > now + timedelta(days=29)
    assert again.entry.kind == Entry.Kind.REVERSAL_CREDIT
    journal = Journal.objects.get(pk=result.journal_id)
    assert (journal.kind, journal.reason, journal.user) == ("adjustment", "Was ill", clerk)
    balance = who.balances.get(currency__code="points")
    assert (balance.lifetime_expired, balance.lifetime_earned, balance.next_change_at) == (0, 10, again.expires_at)
    assert not list(audit(made))
    post_one(made, redemption(who, 6), now=now)
    assert not list(audit(made))


def test_said_twice_it_counts_once(made, who, ended):
    first = reinstate(ended.pk, reason="Was ill", now=ended.expires_at)
    again = reinstate(ended.pk, reason="Was ill", now=ended.expires_at + timedelta(days=1))
    assert (again.status, again.journal_id, again.answer) == ("replayed", first.journal_id, first.answer)
    assert held(who) == 6


def test_it_expires_again_in_its_time(made, who, ended):
    reinstate(ended.pk, reason="Was ill", now=ended.expires_at, days=5)
    ledger.refresh(made.pk, [who.pk], now=ended.expires_at + timedelta(days=7))
    assert held(who) == 0
    assert not list(audit(made))


@pytest.mark.parametrize(("late", "reason"), [(timedelta(days=91), "Was ill"), (timedelta(0), "  ")])
def test_too_late_or_without_a_reason_it_is_refused(made, who, ended, late, reason, count_rows):
    before = count_rows()
    with pytest.raises(NotReinstatable):
        reinstate(ended.pk, reason=reason, now=ended.expires_at + late)
    assert count_rows() == before
    assert reinstatements.WITHIN_DAYS == 90


def test_what_has_not_expired_is_refused(made, who):
    post_one(made, purchase(who, 1000, activity_at=DAY), now=DAY)
    lot = Lot.objects.get()
    for key in (lot.pk, 0):
        with pytest.raises(NotReinstatable):
            reinstate(key, reason="Was ill", now=DAY)


def test_a_member_who_is_closed_gets_nothing(made, who, ended):
    Member.objects.filter(pk=who.pk).update(status="closed")
    with pytest.raises(MemberNotActive):
        reinstate(ended.pk, reason="Was ill", now=ended.expires_at)
    assert not Journal.objects.filter(activity="reinstatement").exists()


def test_what_was_due_is_found_without_the_night(made, who):
    post_one(made, purchase(who, 1000, activity_at=DAY), now=DAY)
    lot = Lot.objects.get()
    reinstate(lot.pk, reason="Was ill", now=lot.expires_at + timedelta(days=1))
    assert held(who) == 10
    assert not list(audit(made))


def test_programs_know_only_their_own(made, who, ended):
    other = factories.program()
    reinstate(ended.pk, reason="Was ill", now=ended.expires_at)
    assert not list(audit(other))
