"""Points that have ended come back in a lot of their own, which refers to the old one."""

from datetime import timedelta

import pytest

from members.models import Member
from partners.activity import Transfer
from tests.support import factories
from tests.support.factories import at, held, post_one, purchase, redemption, reversal
from transactions import ledger
from transactions.books.posting import MemberNotActive
from transactions.expiry import reinstatements
from transactions.expiry.reinstatements import NotReinstatable, reinstate
from transactions.merging.merges import merge
from transactions.models import Entry, Journal, Lot
from transactions.proof.audit import audit

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


class TestRefunds:
    """What came back is there to be taken back when the purchase is refunded, but never more than was earned."""

    @pytest.fixture
    def bought(self, made, who):
        return post_one(made, purchase(who, 10_000, activity_at=DAY), now=DAY).journal_id

    @staticmethod
    def end(made, *members):
        """The instant at which the last lot of these members has ended."""
        now = max(Lot.objects.filter(member__in=members).values_list("expires_at", flat=True))
        ledger.refresh(made.pk, [who.pk for who in members], now=now)
        return now

    @staticmethod
    def take_back(made, bought, now, **share):
        answer = post_one(made, reversal(bought, **share), now=now).answer
        assert not list(audit(made))
        return answer["clawback"]["points"], answer["points"]["points"]

    def test_a_refund_takes_what_was_reinstated(self, made, who, bought):
        post_one(made, redemption(who, 30), now=DAY)
        now = self.end(made, who)
        reinstate(Lot.objects.get().pk, reason="Was ill", now=now)
        assert self.take_back(made, bought, now) == (100, -70)
        assert held(who) == 0

    def test_parts_before_and_after_take_no_more_than_was_earned(self, made, who, bought):
        self.take_back(made, bought, DAY, amount=4_000)
        now = self.end(made, who)
        reinstate(Lot.objects.get().pk, reason="Was ill", now=now)
        post_one(made, purchase(who, 5_000), now=now)
        assert self.take_back(made, bought, now, amount=2_000) == (20, -20)
        assert self.take_back(made, bought, now) == (40, -40)
        assert held(who) == 50

    def test_what_ends_again_is_gone_again(self, made, who, bought):
        now = self.end(made, who)
        reinstate(Lot.objects.get().pk, reason="Was ill", now=now)
        now = self.end(made, who)
        post_one(made, purchase(who, 5_000), now=now)
        assert self.take_back(made, bought, now) == (0, 0)
        assert held(who) == 50

    def test_what_came_back_a_second_time_is_found_too(self, made, who, bought):
        for _ in range(2):
            now = self.end(made, who)
            reinstate(Lot.objects.latest("pk").pk, reason="Was ill", now=now)
        assert self.take_back(made, bought, now) == (100, -100)
        assert held(who) == 0

    def test_it_is_found_after_a_merge(self, made, who, bought):
        other = factories.member(made)
        now = self.end(made, who)
        reinstate(Lot.objects.get().pk, reason="Was ill", now=now)
        merge(who, other, reason="One person", now=now)
        lot = Lot.objects.get(member=other)
        post_one(made, purchase(other, 5_000), now=now)
        assert self.take_back(made, bought, now) == (100, -100)
        lot.refresh_from_db()
        assert (lot.remaining, held(other)) == (0, 50)

    def test_what_ended_after_a_merge_is_not_taken_from_others(self, made, who, bought):
        other = factories.member(made)
        merge(who, other, reason="One person", now=DAY)
        now = self.end(made, other)
        post_one(made, purchase(other, 5_000), now=now)
        assert self.take_back(made, bought, now) == (0, 0)
        assert held(other) == 50

    def test_what_ended_as_a_gift_was_given_away(self, made, who, bought):
        made.currencies.update(transfers=True)
        made.touch(made.pk)
        friend = factories.member(made)
        gift = Transfer("g", {"number": who.number}, {"number": friend.number}, points=100)
        post_one(made, gift, now=DAY)
        now = self.end(made, friend)
        reinstate(Lot.objects.get(member=friend).pk, reason="Was ill", now=now)
        post_one(made, purchase(who, 5_000), now=now)
        assert self.take_back(made, bought, now) == (100, -50)
        assert held(friend) == 100
