"""What a member earns is shared with a household; everybody can say which points are whose, and why."""

import pytest
from django.core.exceptions import ValidationError

from members.models import Relation
from partners.activity import Activity, EarlyRelease
from tests.support import factories
from tests.support.currencies import change
from tests.support.factories import held, post, post_one, purchase, reversal
from tests.support.households import by
from transactions.models import Lot
from transactions.reviews import decisions
from transactions.verbs import groups

pytestmark = pytest.mark.django_db


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
    change(made, refund_policy="arrears")
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
    change(made, pending_event="shipped")
    post_one(made, purchase(who, 10_000, "o-1"))
    pending = [member.balances.get(currency__code="points").pending for member in (who, home)]
    assert pending == [70, 30]
    post_one(made, Activity(kind="shipped", external_id="s-1", member={"number": who.number}, order="o-1"))
    assert (held(who), held(home)) == (70, 30)


def test_an_early_release_sets_both_parts_free(made, who, home, tie):
    change(made, pending_days=14)
    bought = post_one(made, purchase(who, 10_000))
    item = EarlyRelease(external_id="early", journal_id=bought.journal_id, reason="A mistake of ours")
    assert post_one(made, item).answer["released"]["points"] == 100
    assert (held(who), held(home)) == (70, 30)


def test_a_refund_of_pending_points_takes_them_from_both(made, who, home, tie):
    change(made, pending_days=14)
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
    change(made, pending_event="shipped")
    post_one(made, purchase(who, 10_000, "o-1"))
    assert groups.leave(tie, give_back=True) == {"points": 30}
    post_one(made, Activity(kind="shipped", external_id="s-1", member={"number": who.number}, order="o-1"))
    assert (held(who), held(home)) == (100, 0)
