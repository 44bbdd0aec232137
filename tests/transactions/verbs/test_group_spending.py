"""Who may spend the points of a group, and to whom do they come back?"""

from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import Relation
from partners.activity import Decision, Transfer
from tests.support import factories
from tests.support.currencies import change
from tests.support.factories import held, post, post_one, purchase, redemption, reversal
from tests.support.households import by
from transactions.batch import Batch
from transactions.models import Journal, Lot
from transactions.reviews import decisions
from transactions.verbs import groups

pytestmark = pytest.mark.django_db


def refused(made, item, **options):
    refusal = post(made, item, **options)[0].refusal
    return refusal and (refusal.code, refusal.field)


def test_only_who_may_spends_the_groups_points(made, who, home, tie):
    post_one(made, purchase(who, 10_000))
    stranger = factories.member(made)
    assert refused(made, redemption(home, 5)) == ("not_allowed", "by")
    assert refused(made, by(home, stranger, 5)) == ("not_allowed", "by")
    assert refused(made, by(home, who, 5)) == ("not_allowed", "by")
    Relation.objects.update(may_redeem=True)
    done = post_one(made, by(home, who, 5))
    assert (held(who), held(home)) == (70, 25)
    assert Journal.objects.get(pk=done.journal_id).trace["by"] == who.pk
    Relation.objects.update(role="viewer")
    assert refused(made, by(home, who, 5)) == ("not_allowed", "by")
    groups.leave(tie)
    assert refused(made, by(home, who, 5)) == ("not_allowed", "by")


def test_a_day_has_a_limit(made, who, home, tie):
    Relation.objects.update(may_redeem=True, daily_limit=20)
    post_one(made, purchase(who, 20_000))
    now = timezone.now()
    results = post(made, by(home, who, 15), by(home, who, 6), by(home, who, 5), now=now)
    assert [result.status for result in results] == ["posted", "refused", "posted"]
    assert refused(made, by(home, who, 1), now=now) == ("not_allowed", "points")
    assert refused(made, by(home, who, 20), now=now + timedelta(days=1)) is None


def test_a_redemption_waits_for_the_owner(made, who, home, tie):
    Relation.objects.update(may_redeem=True, needs_approval=True)
    owner = factories.member(made)
    Relation.objects.create(member=owner, group=home, role="owner")
    post_one(made, purchase(who, 10_000))
    waiting = post(made, by(home, who, 10))[0]
    assert waiting.status == "kept"
    assert held(home) == 30
    with pytest.raises(groups.NotAllowed):
        decisions.approve(waiting.journal_id, by=who)
    assert decisions.approve(waiting.journal_id, by=owner).status == "posted"
    assert held(home) == 20
    refusable = post(made, by(home, who, 10))[0]
    decisions.reject(refusable.journal_id, by=owner, reason="Too much")
    assert held(home) == 20
    assert refused(made, by(home, who, 10, reserve_s=60)) == ("not_allowed", "reserve_s")


def test_nobody_approves_themselves(made, who, home, tie):
    Relation.objects.update(may_redeem=True, needs_approval=True, role="owner")
    post_one(made, purchase(who, 10_000))
    waiting = post(made, by(home, who, 10))[0]
    with pytest.raises(groups.NotAllowed, match="nobody approves their own"):
        decisions.approve(waiting.journal_id, by=who)


def test_a_reservation_of_the_group_is_released(made, who, home, tie):
    Relation.objects.update(may_redeem=True)
    post_one(made, purchase(who, 10_000))
    done = post_one(made, by(home, who, 10, reserve_s=600))
    assert held(home) == 20
    post_one(made, factories.Redemption(external_id="x", member={"number": who.number}, points=1))
    post_one(made, Decision(journal_id=done.journal_id, action="release"))
    assert held(home) == 30


def test_points_of_a_group_are_not_given_away(made, who, home, tie):
    change(made, transfers=True)
    post_one(made, purchase(who, 10_000))
    item = Transfer(external_id="g", member={"number": home.number}, to={"number": who.number}, points=5)
    assert refused(made, item) == ("not_transferable", "member")


class TestOrdersPaidWithPointsOfAGroup:
    """C14-R6: what was redeemed on a refunded order comes back first, to those who gave it."""

    @pytest.fixture
    def bought(self, made, who, home, tie):
        """An order that gave 70 points to the member and 30 to the group, of which 20 were spent on it."""
        Relation.objects.update(may_redeem=True)
        result = post_one(made, purchase(who, 10_000, "o-1"))
        post_one(made, by(home, who, 20, order="o-1"))
        return result.journal_id

    def test_they_come_back_before_the_clawback(self, made, who, home, bought):
        lot = Lot.objects.get(member=home)
        assert lot.remaining == 10
        half = post_one(made, reversal(bought, amount=5_000)).answer
        assert (half["restored"], half["unrecovered"], held(who), held(home)) == (10, {}, 35, 5)
        rest = post_one(made, reversal(bought)).answer
        assert (rest["restored"], rest["unrecovered"], held(who), held(home)) == (10, {}, 0, 0)
        assert Journal.objects.get(kind="redemption").status == "reversed"
        assert Lot.objects.filter(member=home).count() == 1

    def test_whoever_of_the_group_spent_them(self, made, who, home, tie):
        other = factories.member(made)
        Relation.objects.create(member=other, group=home, may_redeem=True)
        bought = post_one(made, purchase(who, 10_000, "o-1"))
        post_one(made, by(home, other, 20, order="o-1"))
        assert post_one(made, reversal(bought.journal_id)).answer["restored"] == 20

    def test_the_group_gets_them_also_when_the_member_has_left(self, made, who, home, tie, bought):
        Relation.objects.update(percent=0)
        groups.leave(tie)
        assert post_one(made, reversal(0, order="o-1")).answer["restored"] == 20
        assert held(home) == 0

    def test_they_stay_spent_when_the_order_goes_on(self, made, who, home, bought):
        post_one(made, purchase(who, 5_000, "o-1/2", replaces="o-1"))
        assert held(home) == 15
        last = post_one(made, reversal(0, order="o-1/2")).answer
        assert last["restored"] == 20

    def test_points_of_others_stay_spent(self, made, who, bought):
        stranger = factories.member(made)
        post_one(made, purchase(stranger, 10_000))
        post_one(made, redemption(stranger, 50, order="o-1"))
        assert post_one(made, reversal(bought)).answer["restored"] == 20
        assert held(stranger) == 50

    def test_a_payment_in_the_very_moment_of_the_refund_is_seen(self, made, who, home, tie, monkeypatch):
        Relation.objects.update(may_redeem=True, percent=0)
        bought = post_one(made, purchase(who, 10_000, "o-1"))
        post_one(made, purchase(home, 10_000))
        look_up, payments = Batch.find, [by(home, who, 20, order="o-1")]

        def pay_between(batch):
            found = look_up(batch)
            if payments:
                post_one(made, payments.pop())
            return found

        monkeypatch.setattr(Batch, "find", pay_between)
        assert post_one(made, reversal(bought.journal_id)).answer["restored"] == 20
        assert held(home) == 100
