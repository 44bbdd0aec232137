"""What a member earns is shared with a household; everybody can say which points are whose, and why."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from members.models import Relation
from partners.activity import Activity, Decision, EarlyRelease, Transfer
from programs.models import Currency
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.factories import held, post, post_one, purchase, redemption, reversal
from transactions.batch import Batch
from transactions.models import Journal, Lot
from transactions.reviews import decisions
from transactions.verbs import groups

pytestmark = pytest.mark.django_db


@pytest.fixture
def home(made):
    return factories.member(made, kind="group", company_name="The Lovelaces")


@pytest.fixture
def tie(made, who, home):
    yield Relation.objects.create(member=who, group=home, percent=30)
    assert_balanced(made)


def policy(made, **fields):
    Currency.objects.filter(program=made, code="points").update(**fields)
    type(made).touch(made.pk)


def by(group, member, points, **fields):
    """A redemption of the group's points by one of its members."""
    return redemption(group, points, by={"number": member.number}, **fields)


def test_the_pool_gets_its_share_with_the_same_end(made, who, home, tie):
    """C19-X1: earn 100, 30 % go to the pool; refund 40 %: 28 from the member, 12 from the pool."""
    bought = post_one(made, purchase(who, 10_000))
    assert (held(who), held(home)) == (70, 30)
    assert (held(who, "status"), held(home, "status")) == (100, 0)
    ends = set(Lot.objects.values_list("expires_at", flat=True))
    assert len(ends) == 1
    assert Lot.objects.count() == 2
    assert bought.answer["points"] == {"points": 100, "status": 100}
    assert bought.answer["shared"] == {home.number: {"points": 30}}
    refund = post_one(made, reversal(bought.journal_id, amount=4_000))
    assert (held(who), held(home)) == (42, 18)
    assert refund.answer["points"] == {"points": -40, "status": -40}
    assert refund.answer["unrecovered"] == {}
    assert refund.answer["clawback"] == {"points": 28, "status": 40}
    assert refund.answer["clawback_of_groups"] == {home.number: {"points": 12}}


def test_the_remainder_stays_with_the_member(made, who, home, tie):
    """C19-X1: earn 7: the pool gets 2, the member 5."""
    post_one(made, purchase(who, 700))
    assert (held(who), held(home)) == (5, 2)


def test_what_the_pool_has_spent_is_written_off(made, who, home, tie):
    """C19-X2: 12 of the pool are spent already: 0 taken, 12 written off."""
    Relation.objects.update(may_redeem=True)
    bought = post_one(made, purchase(who, 4_000))
    post_one(made, by(home, who, 12))
    refund = post_one(made, reversal(bought.journal_id))
    assert refund.answer["unrecovered"] == {"points": 12}
    assert (held(who), held(home)) == (0, 0)


def test_the_member_owes_what_the_pool_has_spent_where_it_was_agreed(made, who, home, tie):
    """C19-X2: with liability = contributor the member's own points are taken."""
    Relation.objects.update(may_redeem=True, liability="contributor")
    bought = post_one(made, purchase(who, 4_000))
    post_one(made, purchase(who, 2_000))
    post_one(made, by(home, who, 18))
    assert (held(who), held(home)) == (42, 0)
    refund = post_one(made, reversal(bought.journal_id))
    assert refund.answer["unrecovered"] == {}
    assert (held(who), held(home)) == (2, 0)


def test_a_pool_falls_into_arrears_where_the_currency_says_so(made, who, home, tie):
    policy(made, refund_policy="arrears")
    Relation.objects.update(may_redeem=True)
    bought = post_one(made, purchase(who, 4_000))
    post_one(made, by(home, who, 12))
    post_one(made, reversal(bought.journal_id))
    assert (held(who), held(home)) == (0, -12)


@pytest.mark.parametrize("refunds", [[3_330, 3_330, 3_340], [1, 9_998, 1], [10_000]])
def test_any_partition_of_a_refund_takes_the_same(made, who, home, tie, refunds):
    bought = post_one(made, purchase(who, 10_000))
    for amount in refunds:
        post_one(made, reversal(bought.journal_id, amount=amount))
    assert (held(who), held(home)) == (0, 0)


def test_the_share_is_pending_as_long_as_the_rest(made, who, home, tie):
    policy(made, pending_event="shipped")
    post_one(made, purchase(who, 10_000, "o-1"))
    pending = [member.balances.get(currency__code="points").pending for member in (who, home)]
    assert pending == [70, 30]
    post_one(made, Activity(kind="shipped", external_id="s-1", member={"number": who.number}, order="o-1"))
    assert (held(who), held(home)) == (70, 30)


def test_an_early_release_sets_both_parts_free(made, who, home, tie):
    policy(made, pending_days=14)
    bought = post_one(made, purchase(who, 10_000))
    item = EarlyRelease(external_id="early", journal_id=bought.journal_id, reason="A mistake of ours")
    assert post_one(made, item).answer["released"]["points"] == 100
    assert (held(who), held(home)) == (70, 30)


def test_a_refund_of_pending_points_takes_them_from_both(made, who, home, tie):
    policy(made, pending_days=14)
    bought = post_one(made, purchase(who, 10_000))
    post_one(made, reversal(bought.journal_id))
    assert not Lot.objects.filter(remaining__gt=0).exists()


def test_an_order_edit_keeps_the_shares(made, who, home, tie):
    post_one(made, purchase(who, 10_000, "o-1"))
    post_one(made, purchase(who, 2_000, "o-2", replaces="o-1"))
    assert (held(who), held(home)) == (14, 6)


def test_together_a_member_gives_no_more_than_all(made, who, home, tie):
    second = factories.member(made, kind="group", company_name="Another")
    with pytest.raises(ValidationError, match="at most 70 % are left"):
        Relation(member=who, group=second, percent=71).full_clean()
    Relation(member=who, group=second, percent=70).full_clean()
    Relation.objects.create(member=who, group=second, percent=71)
    kept = post(made, purchase(who, 10_000))[0]
    assert kept.status == "kept"
    assert held(who) == 0
    Relation.objects.filter(group=second).update(percent=50)
    assert decisions.retry(kept.journal_id).status == "posted"
    assert (held(who), held(home), held(second)) == (20, 30, 50)


def test_two_shares_of_one_point_never_take_too_much_back(made, who, home, tie):
    """Rounding down twice gives the member more of less: 50 % and 50 % of 2 leave 0, of 1 leave 1."""
    second = factories.member(made, kind="group", company_name="Another")
    Relation.objects.update(percent=50)
    Relation.objects.create(member=who, group=second, percent=50)
    bought = post_one(made, purchase(who, 200))
    assert (held(who), held(home), held(second)) == (0, 1, 1)
    post_one(made, reversal(bought.journal_id, amount=100))
    assert held(who) + held(home) + held(second) == 1
    post_one(made, reversal(bought.journal_id))
    assert held(who) + held(home) + held(second) == 0


def test_a_person_is_no_group(made, who, tie):
    other = factories.member(made)
    with pytest.raises(ValidationError, match="A person is no group"):
        Relation(member=other, group=who).full_clean()


def test_a_closed_group_gets_nothing(made, who, home, tie):
    type(home).objects.filter(pk=home.pk).update(status="closed")
    post_one(made, purchase(who, 10_000))
    assert (held(who), held(home)) == (100, 0)


def test_who_has_left_keeps_everything_from_then_on(made, who, home, tie):
    post_one(made, purchase(who, 10_000))
    assert groups.leave(tie) == {}
    post_one(made, purchase(who, 10_000))
    assert (held(who), held(home)) == (170, 30)
    with pytest.raises(groups.NotLive):
        groups.leave(tie)


def test_who_leaves_may_get_back_what_is_unspent(made, who, home, tie):
    mate = factories.member(made)
    Relation.objects.create(member=mate, group=home, percent=100, may_redeem=True)
    bought = post_one(made, purchase(who, 10_000))
    post_one(made, by(home, mate, 10))
    post_one(made, purchase(mate, 1_000))
    assert groups.leave(tie, give_back=True) == {"points": 20}
    assert (held(who), held(home)) == (90, 10)
    post_one(made, reversal(bought.journal_id))
    assert (held(who), held(home)) == (0, 0)


def test_pending_points_go_back_pending(made, who, home, tie):
    policy(made, pending_event="shipped")
    post_one(made, purchase(who, 10_000, "o-1"))
    assert groups.leave(tie, give_back=True) == {"points": 30}
    post_one(made, Activity(kind="shipped", external_id="s-1", member={"number": who.number}, order="o-1"))
    assert (held(who), held(home)) == (100, 0)


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
    post_one(made, Decision(journal_id=done.journal_id, deed="release"))
    assert held(home) == 30


def test_points_of_a_group_are_not_given_away(made, who, home, tie):
    policy(made, transfers=True)
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
        look_up, payments = Batch._find, [by(home, who, 20, order="o-1")]

        def pay_between(batch):
            found = look_up(batch)
            if payments:
                post_one(made, payments.pop())
            return found

        monkeypatch.setattr(Batch, "_find", pay_between)
        assert post_one(made, reversal(bought.journal_id)).answer["restored"] == 20
        assert held(home) == 100
