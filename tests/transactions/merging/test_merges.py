"""Two memberships of one person become one, and two again; no point, no limit and no name is lost."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db.models import Sum
from django.utils import timezone

from members.models import Balance, Card, Merge, Relation, Standing
from partners.activity import Activity, Adjustment, Transfer
from programs.models import Cap, Currency, TierGroup
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.capped import MARCH, buy, cap
from tests.support.crowd import at_once
from tests.support.factories import held, post, post_one, purchase, redemption, reversal
from transactions.merging import merges, unmerges
from transactions.models import Approval, CapCounter, Journal, Lot

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(made):
    yield factories.member(made)
    assert_balanced(made)


@pytest.fixture
def twin(made):
    return factories.member(made)


def join(source, target, **options):
    return merges.merge(source, target, **({"reason": "The same person"} | options))


def gift(who, to, points):
    return Transfer(f"gift-{uuid4()}", member={"number": who.number}, to={"number": to.number}, points=points)


def ends(*people):
    """{end: points} of all that these members have left, pending or not."""
    lots = Lot.objects.filter(member__in=people, remaining__gt=0)
    return dict(lots.order_by().values_list("expires_at").annotate(sum=Sum("remaining")))


def let_end(lots, day):
    """Give lots another end, and let their balances be looked at then."""
    for member in lots.values_list("member", flat=True).distinct():
        Balance.objects.filter(member=member, currency__code="points").update(next_change_at=day)
    lots.put(expires_at=day)


def with_end(made, who, points, day):
    """Give `who` points that end on `day`."""
    done = post_one(made, purchase(who, points * 100))
    let_end(Lot.objects.filter(entry__journal=done.journal_id), day)
    return done


def policy(made, **fields):
    Currency.objects.filter(program=made, code="points").update(**fields)
    type(made).touch(made.pk)


def test_the_worked_example_of_a_merge(db):
    """C21-X1: 300 until 30 June, Silver, 450 QP, and 200 until 31 March, Base, 100 QP; an enrolment bonus twice."""
    made = factories.program(rules=False)
    factories.rule(made, "welcome", "fixed", {"points": "50", "events": "enrolment"})
    status = made.currencies.get(code="status")
    ada, twin = factories.member(made), factories.member(made)
    march, june = timezone.now() + timedelta(days=30), timezone.now() + timedelta(days=120)
    for who, more, qualifying, end in ((ada, 250, 450, june), (twin, 150, 100, march)):
        number = {"number": who.number}
        post_one(made, Activity(kind="enrolment", external_id=f"hi-{who.pk}", member=number))
        for code, points in (("points", more), ("status", qualifying)):
            name = f"{code}-{who.pk}"
            post_one(made, Adjustment(name, member=number, points=points, currency=code, reason="Moved in"))
        let_end(Lot.objects.filter(member=who), end)
    silver = made.tier_groups.get().tiers.get(code="silver")
    Standing.objects.filter(member=ada).update(tier=silver)
    before = ends(ada, twin)
    seen = merges.preview(twin, ada)
    assert seen["flags"] == {"points": [{"rule": "welcome", "points": 50}]}
    assert seen["balances"] == {"points": 500, "status": 550}
    assert Merge.objects.count() == 0
    done = join(twin, ada)
    assert ends(ada) == before == {march: 200, june: 300}
    assert (held(ada), held(twin), held(ada, "status")) == (500, 0, 550)
    assert ada.tallies.get(currency=status).points == 550
    assert ada.standings.current().get().tier == silver
    assert done.record["flags"] == {"points": [{"rule": "welcome", "points": 50}]}
    assert_balanced(made)


def test_a_bonus_given_twice_may_be_taken_back(made, ada, twin):
    factories.rule(made, "welcome", "fixed", {"points": "50", "events": "enrolment"}, group="welcome")
    for who in (ada, twin):
        post_one(made, Activity(kind="enrolment", external_id=f"hi-{who.pk}", member={"number": who.number}))
    join(twin, ada, claw_back=True)
    assert held(ada) == 50


def test_added_qualifying_points_reach_a_higher_tier(made, ada, twin):
    for who in (ada, twin):
        post_one(made, purchase(who, 30_000))
    join(twin, ada)
    assert ada.standings.current().get().tier.code == "silver"


def test_each_window_keeps_its_qualifying_points(db):
    made = factories.program()
    TierGroup.objects.update(window="year")
    type(made).touch(made.pk)
    ada, twin = factories.member(made), factories.member(made)
    now = factories.at(2026, 2, 1)
    for who, euros, at in ((twin, 100, factories.at(2025, 12, 1)), (twin, 30, now), (ada, 5, now)):
        post_one(made, purchase(who, euros * 100, activity_at=at), now=now)
    done = join(twin, ada, now=now)
    assert list(ada.tallies.order_by("period").values_list("period__year", "points")) == [(2025, 100), (2026, 35)]
    assert_balanced(made)
    unmerges.unmerge(done, now=now)
    assert list(twin.tallies.order_by("period").values_list("period__year", "points")) == [(2025, 100), (2026, 30)]
    assert_balanced(made)


def test_the_higher_tier_wins(made, ada, twin):
    post_one(made, purchase(twin, 100_000))
    join(twin, ada)
    assert ada.standings.current().get().tier.code == "gold"


def test_whoever_names_the_source_means_the_target(made, ada, twin):
    Card.objects.create(member=twin, number="C-7")
    join(twin, ada)
    for number, named in enumerate([{"number": twin.number}, {"card": "C-7"}, {"email": twin.customer.email}]):
        post_one(made, Activity(kind="purchase", external_id=f"o-{number}", member=named, amount=1_000))
    assert (held(ada), held(twin)) == (30, 0)


def test_one_address_of_two_memberships_is_clear_after_the_merge(made, ada, twin):
    customer = twin.customer
    customer.email = ada.customer.email
    customer.save()
    item = Activity(kind="purchase", external_id="o", member={"email": customer.email}, amount=1_000)
    assert post(made, item)[0].refusal.code == "member_ambiguous"
    join(twin, ada)
    assert post_one(made, item).status == "posted"


def test_merges_in_a_row_lead_to_the_last(made, ada, twin):
    third = factories.member(made)
    bought = post_one(made, purchase(third, 1_000))
    join(third, twin)
    join(twin, ada)
    assert post_one(made, purchase(third, 1_000)).answer["member"] == ada.number
    assert held(ada) == 20
    post_one(made, reversal(bought.journal_id))
    assert held(ada) == 10


def test_points_keep_end_and_state(made, ada, twin):
    """C-INV 15: the sum of points by end is the same, pending stay pending."""
    policy(made, pending_event="shipped")
    post_one(made, purchase(twin, 10_000, "o-1"))
    before = ends(ada, twin)
    join(twin, ada)
    balance = ada.balances.get(currency__code="points")
    assert (balance.available, balance.pending) == (0, 100)
    assert ends(ada) == before
    post_one(made, Activity(kind="shipped", external_id="s", member={"number": twin.number}, order="o-1"))
    assert held(ada) == 100


def test_arrears_are_owed_by_the_target(made, ada, twin):
    policy(made, refund_policy="arrears")
    bought = post_one(made, purchase(twin, 10_000))
    post_one(made, redemption(twin, 80))
    post_one(made, reversal(bought.journal_id))
    post_one(made, purchase(ada, 5_000))
    assert (held(twin), held(ada)) == (-80, 50)
    done = join(twin, ada)
    assert (held(twin), held(ada)) == (0, -30)
    unmerges.unmerge(done)
    assert (held(twin), held(ada)) == (-80, 50)


def test_a_refund_after_the_merge_takes_from_the_target(made, ada, twin):
    bought = post_one(made, purchase(twin, 10_000, "o-1"))
    post_one(made, purchase(ada, 10_000))
    join(twin, ada)
    post_one(made, reversal(bought.journal_id, amount=4_000))
    assert (held(ada), held(twin), held(ada, "status")) == (160, 0, 160)
    moved = Lot.objects.get(member=ada, origin__isnull=False)
    assert moved.remaining == 60


def test_a_redemption_of_before_is_given_back_to_the_target(made, ada, twin):
    post_one(made, purchase(twin, 10_000))
    spent = post_one(made, redemption(twin, 40))
    end = Lot.objects.get(member=twin).expires_at
    join(twin, ada)
    post_one(made, reversal(spent.journal_id))
    assert held(ada) == 100
    assert ends(ada) == {end: 100}


def test_caps_are_not_doubled(made, ada, twin):
    currency = made.currencies.get(code="points")
    cap = Cap.objects.create(program=made, code="daily", name="Daily", currency=currency, limit=100)
    for who, used in ((ada, 30), (twin, 60)):
        CapCounter.objects.create(cap=cap, key=who.pk, period=date(2026, 1, 1), used=used)
    done = join(twin, ada)
    assert CapCounter.objects.get(key=ada.pk).used == 90
    unmerges.unmerge(done)
    assert CapCounter.objects.get(key=ada.pk).used == 30


def test_trailing_days_of_both_count_together(plain):
    cap(plain, "week", 100, scope="member", period="trailing", trailing_days=7)
    one, two = (factories.member(plain) for _ in range(2))

    def gets(who, points, day):
        done = buy(plain, who, points, activity_at=MARCH + timedelta(days=day))
        return done.answer["points"].get("points", 0)

    assert [gets(one, 60, 0), gets(two, 60, 2), gets(two, 30, 0)] == [60, 60, 30]
    done = join(two, one)
    assert [gets(one, 10, 3), gets(two, 100, 8)] == [0, 40]
    unmerges.unmerge(done)
    assert [gets(one, 100, 3), gets(two, 100, 3)] == [40, 10]


class TestGiftsOfMergedMembers:
    """C20: becoming one with somebody launders nothing."""

    @pytest.fixture
    def friend(self, made, ada):
        """A member whom somebody else has given 60 points just now."""
        policy(made, transfers=True, transfer_cooling_days=7, transfer_daily_limit=60)
        friend = factories.member(made)
        post_one(made, purchase(ada, 10_000))
        post_one(made, gift(ada, friend, 60))
        return friend

    def refused(self, made, item, **options):
        refusal = post(made, item, **options)[0].refusal
        return refusal and refusal.code

    def test_what_was_received_stays_as_long_as_it_would_have(self, made, ada, twin, friend):
        now = timezone.now()
        done = join(friend, twin)
        late = now + timedelta(days=6, hours=23)
        assert self.refused(made, gift(twin, ada, 5), now=late) == "insufficient_points"
        unmerges.unmerge(done)
        assert held(friend) == 60
        assert self.refused(made, gift(friend, ada, 5), now=late) == "insufficient_points"
        assert self.refused(made, gift(friend, ada, 5), now=late + timedelta(hours=2)) is None

    def test_also_after_two_merges(self, made, ada, twin, friend):
        third = factories.member(made)
        join(friend, twin)
        join(twin, third)
        assert self.refused(made, gift(third, ada, 5)) == "insufficient_points"

    def test_what_both_gave_counts_for_one(self, made, ada, twin, friend):
        third = factories.member(made)
        post_one(made, purchase(twin, 10_000))
        assert self.refused(made, gift(ada, third, 1)) == "not_transferable"
        join(ada, twin)
        assert self.refused(made, gift(twin, third, 1)) == "not_transferable"
        assert self.refused(made, gift(twin, third, 1), now=timezone.now() + timedelta(days=1)) is None

    def test_what_both_were_given_counts_for_one(self, made, ada, twin, friend):
        third = factories.member(made)
        post_one(made, purchase(third, 10_000))
        join(friend, twin)
        assert self.refused(made, gift(third, twin, 1)) == "not_transferable"


def test_relations_follow(made, ada, twin):
    home = factories.member(made, kind="group", company_name="Home")
    both = factories.member(made, kind="group", company_name="Both")
    Relation.objects.create(member=twin, group=home, percent=30)
    Relation.objects.create(member=twin, group=both, percent=10)
    Relation.objects.create(member=ada, group=both, percent=20)
    bought = post_one(made, purchase(twin, 10_000))
    done = join(twin, ada)
    live = Relation.objects.live().order_by("group").values_list("member", "group", "percent")
    assert list(live) == [(ada.pk, home.pk, 30), (ada.pk, both.pk, 20)]
    post_one(made, reversal(bought.journal_id))
    assert (held(ada), held(home), held(both)) == (0, 0, 0)
    unmerges.unmerge(done)
    live = Relation.objects.live().order_by("group", "member").values_list("member", "group", "percent")
    assert set(live) == {(twin.pk, home.pk, 30), (twin.pk, both.pk, 10), (ada.pk, both.pk, 20)}


def test_a_group_may_become_part_of_another(made, ada):
    old, new = (factories.member(made, kind="group", company_name=name) for name in ("Old", "New"))
    Relation.objects.create(member=ada, group=old, percent=30)
    bought = post_one(made, purchase(ada, 10_000))
    join(old, new)
    post_one(made, purchase(ada, 10_000))
    assert (held(old), held(new), held(ada)) == (0, 60, 140)
    post_one(made, reversal(bought.journal_id))
    assert (held(new), held(ada)) == (30, 70)


def test_parts_of_a_refund_before_and_after_two_groups_became_one_take_the_same(made, ada):
    old, new = (factories.member(made, kind="group", company_name=name) for name in ("Old", "New"))
    Relation.objects.create(member=ada, group=old, percent=30)
    Relation.objects.create(member=ada, group=new, percent=10)
    bought = post_one(made, purchase(ada, 10_000))
    post_one(made, reversal(bought.journal_id, amount=4_000))
    assert (held(old), held(new), held(ada)) == (18, 6, 36)
    join(old, new)
    answer = post_one(made, reversal(bought.journal_id, amount=3_000)).answer
    assert (held(new), held(ada)) == (12, 18)
    assert answer["clawback_of_groups"] == {new.number: {"points": 12}}
    post_one(made, reversal(bought.journal_id))
    assert (held(new), held(ada)) == (0, 0)


class TestRefusals:
    def refused(self, source, target, **options):
        with pytest.raises(merges.Refused) as caught:
            join(source, target, **options)
        assert Merge.objects.count() == 0
        return caught.value.refusal.field, caught.value.refusal.detail

    def test_into_itself(self, ada):
        assert self.refused(ada, ada)[0] == "target"

    def test_without_a_reason(self, ada, twin):
        assert self.refused(twin, ada, reason=" ")[0] == "reason"

    def test_into_another_program(self, ada):
        assert "different programs" in self.refused(factories.member(factories.program()), ada)[1]

    def test_a_group_into_a_person(self, made, ada):
        assert "group" in self.refused(factories.member(made, kind="group", company_name="Home"), ada)[1]

    @pytest.mark.parametrize("side", ["source", "target"])
    def test_what_is_not_active(self, made, ada, twin, side):
        who = {"source": twin, "target": ada}[side]
        type(who).objects.filter(pk=who.pk).update(status="closed")
        field, detail = self.refused(twin, ada)
        assert field == side
        assert "closed" in detail

    def test_twice(self, made, ada, twin):
        join(twin, ada)
        with pytest.raises(merges.NotMergeable, match="is merged"):
            join(twin, ada)

    def test_with_an_open_reservation(self, made, ada, twin):
        post_one(made, purchase(twin, 10_000))
        post_one(made, redemption(twin, 5, reserve_s=600))
        assert "open reservation" in self.refused(twin, ada)[1]

    def test_with_a_waiting_approval(self, made, ada, twin, boss):
        currency = made.currencies.get(code="points")
        Approval.objects.create(
            program=made,
            member=ada,
            currency=currency,
            points=9,
            reason="x",
            external_id="a",
            requested_by=boss,
            connection=factories.till(made),
        )
        assert "approval" in self.refused(twin, ada)[1]
        assert merges.preview(twin, ada)["problems"]

    def test_with_more_than_all_for_groups(self, made, ada, twin):
        for number, who in enumerate((ada, twin)):
            group = factories.member(made, kind="group", company_name=f"Group {number}")
            Relation.objects.create(member=who, group=group, percent=60)
        assert "100 %" in self.refused(twin, ada)[1]


class TestUnmerge:
    def test_all_is_as_it_was(self, made, ada, twin):
        bought = post_one(made, purchase(twin, 30_000))
        post_one(made, purchase(ada, 30_000))
        before = [(held(who), held(who, "status"), ends(who)) for who in (ada, twin)]
        done = unmerges.unmerge(join(twin, ada))
        assert [(held(who), held(who, "status"), ends(who)) for who in (ada, twin)] == before
        assert [who.tallies.get().points for who in (ada, twin)] == [300, 300]
        assert [who.standings.current().get().tier.code for who in (ada, twin)] == ["base", "base"]
        assert done.record["undone"] == {"returned": {"points": 300, "status": 300}, "missing": {}}
        twin.refresh_from_db()
        assert (twin.status, twin.merged_into) == ("active", None)
        assert post_one(made, purchase(twin, 1_000)).answer["member"] == twin.number
        post_one(made, reversal(bought.journal_id))
        assert (held(twin), held(ada)) == (10, 300)

    @pytest.mark.parametrize(
        ("whose", "amount", "left"),
        [
            ("twin", None, (0, 500)),
            ("twin", 10_000, (200, 500)),
            ("ada", None, (300, 0)),
            ("both", 10_000, (200, 400)),
        ],
    )
    @pytest.mark.parametrize("window", ["lifetime", "year"])
    def test_qualifying_points_that_were_taken_back_do_not_come_back(
        self, made, ada, twin, whose, amount, left, window
    ):
        TierGroup.objects.filter(program=made).update(window=window)
        made.touch(made.pk)
        bought = {
            name: post_one(made, purchase(who, m)) for name, who, m in (("twin", twin, 30_000), ("ada", ada, 50_000))
        }
        done = join(twin, ada)
        for name in ("twin", "ada") if whose == "both" else (whose,):
            post_one(made, reversal(bought[name].journal_id, amount=amount))
        unmerges.unmerge(done)
        assert (held(twin, "status"), held(ada, "status")) == left
        assert tuple(who.tallies.aggregate(sum=Sum("points"))["sum"] or 0 for who in (twin, ada)) == left

    def test_what_came_since_stays_with_the_target(self, made, ada, twin):
        post_one(made, purchase(twin, 10_000))
        done = join(twin, ada)
        post_one(made, purchase(twin, 5_000))
        unmerges.unmerge(done)
        assert (held(twin), held(ada)) == (100, 50)

    def test_spending_is_the_targets_as_far_as_its_own_go(self, made, ada, twin):
        soon, late = timezone.now() + timedelta(days=30), timezone.now() + timedelta(days=120)
        with_end(made, twin, 200, soon)
        with_end(made, ada, 300, late)
        done = join(twin, ada)
        post_one(made, redemption(ada, 250))
        unmerges.unmerge(done)
        assert (held(twin), held(ada)) == (200, 50)
        assert ends(twin) == {soon: 200}

    def test_beyond_that_only_a_split_is_possible(self, made, ada, twin):
        post_one(made, purchase(twin, 20_000))
        post_one(made, purchase(ada, 10_000))
        done = join(twin, ada)
        post_one(made, redemption(ada, 150))
        with pytest.raises(unmerges.MergeConsumed, match="50 Points"):
            unmerges.unmerge(done)
        assert held(ada) == 150
        split = unmerges.unmerge(done, split=True)
        assert (held(twin), held(ada)) == (150, 0)
        assert split.record["undone"]["missing"] == {"points": 50}

    def test_what_has_ended_since_does_not_come_back(self, made, ada, twin):
        soon = timezone.now() + timedelta(days=3)
        with_end(made, twin, 200, soon)
        post_one(made, purchase(ada, 10_000))
        done = join(twin, ada)
        unmerges.unmerge(done, now=soon + timedelta(days=1))
        assert (held(twin), held(ada)) == (0, 100)

    def test_not_twice_and_not_late(self, made, ada, twin):
        done = join(twin, ada)
        with pytest.raises(merges.NotMergeable, match="for 30 days"):
            unmerges.unmerge(done, now=timezone.now() + timedelta(days=31))
        unmerges.unmerge(done)
        with pytest.raises(merges.NotMergeable, match="undone already"):
            unmerges.unmerge(done)
        assert Merge.objects.filter(source=join(twin, ada).source).count() == 2

    def test_merges_of_merges_are_undone_from_the_last(self, made, ada, twin):
        third = factories.member(made)
        post_one(made, purchase(third, 1_000))
        first, second = join(third, twin), join(twin, ada)
        first.refresh_from_db()
        with pytest.raises(merges.NotMergeable, match="undo that first"):
            unmerges.unmerge(first)
        unmerges.unmerge(second)
        assert post_one(made, purchase(third, 1_000)).answer["member"] == twin.number
        unmerges.unmerge(first)
        assert (held(third), held(twin), held(ada)) == (10, 10, 0)


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_postings_while_two_become_one_are_never_lost():
    """R-06: purchases and gifts for both while they are merged; every one counts once, for one of the two."""
    made = factories.program()
    policy(made, transfers=True)
    for turn in range(5):
        _merge_amid_postings(made, turn)


def _merge_amid_postings(made, turn):
    ada, twin, friend = (factories.member(made) for _ in range(3))
    post_one(made, purchase(twin, 10_000))

    def buy(who):
        return [post(made, purchase(who, 1_000))[0].status for _ in range(6)]

    def give():
        item = Transfer(f"g-{turn}", member={"number": twin.number}, to={"number": friend.number}, points=7)
        return [post(made, item)[0].status]

    deeds = [lambda: buy(twin), lambda: buy(ada), give, lambda: buy(twin)]
    *results, done = at_once(*deeds, lambda: join(twin, ada))
    assert {status for some in results for status in some} == {"posted"}
    assert (held(ada), held(twin), held(friend)) == (100 + 180 - 7, 0, 7)
    assert Journal.objects.filter(kind="merge", member=ada).count() == 1
    assert done.target_id == ada.pk
    assert_balanced(made)


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_two_merges_at_once_do_not_make_a_circle():
    """Into each other at the same moment: one succeeds, the other is refused."""
    made = factories.program()
    ada, twin = (factories.member(made) for _ in range(2))
    for who in (ada, twin):
        post_one(made, purchase(who, 1_000))

    def try_to(source, target):
        try:
            return bool(join(type(source).objects.get(pk=source.pk), type(target).objects.get(pk=target.pk)))
        except merges.NotMergeable:
            return False

    assert sorted(at_once(lambda: try_to(ada, twin), lambda: try_to(twin, ada))) == [False, True]
    assert sorted([held(ada), held(twin)]) == [0, 20]
    assert_balanced(made)


def test_a_reservation_that_has_run_out_stands_in_nobodys_way(made, ada, twin):
    """Also while nobody has booked yet that it has."""
    post_one(made, purchase(twin, 10_000))
    post_one(made, redemption(twin, 5, reserve_s=600))
    later = timezone.now() + timedelta(minutes=11)
    assert not merges.preview(twin, ada, now=later)["problems"]
    done = join(twin, ada, now=later)
    assert held(ada) == 100
    post_one(made, redemption(ada, 5, reserve_s=600), now=later)
    unmerges.unmerge(done, now=later + timedelta(minutes=11))
    assert (held(ada), held(twin)) == (0, 100)
