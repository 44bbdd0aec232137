"""Two memberships of one person become one, and two again; no point, no limit and no name is lost."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from members.models import Card, Merge, Standing
from partners.activity import Activity, Adjustment
from partners.opening import Opening
from programs.models import Cap, TierGroup
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.capped import MARCH, buy, cap
from tests.support.currencies import change
from tests.support.factories import held, post, post_one, purchase, redemption, reversal
from tests.support.merging import ends, join, let_end
from transactions.merging import merges, unmerges
from transactions.models import CapCounter, Lot

pytestmark = pytest.mark.django_db


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
    TierGroup.objects.update(model="calendar", late_window=365)
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


@pytest.mark.parametrize(("theirs", "own"), [(30, 20), (20, 30), (30, None)])
def test_a_tier_is_held_until_the_later_end_or_for_life(made, ada, twin, theirs, own):
    now = timezone.now()
    for who, days in ((twin, theirs), (ada, own)):
        until = now + timedelta(days=days) if days else None
        brought = Opening(
            external_id=f"x-{who.pk}",
            member={"number": who.number},
            source="x",
            points=50,
            tier="silver",
            tier_until=until,
        )
        post_one(made, brought)
    join(twin, ada)
    current = ada.standings.current().get()
    assert (current.tier.code, current.valid_until) == ("silver", now + timedelta(days=30) if own else None)
    assert held(ada) == 100
    assert_balanced(made)


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
    change(made, pending_event="shipped")
    post_one(made, purchase(twin, 10_000, "o-1"))
    before = ends(ada, twin)
    join(twin, ada)
    balance = ada.balances.get(currency__code="points")
    assert (balance.available, balance.pending) == (0, 100)
    assert ends(ada) == before
    post_one(made, Activity(kind="shipped", external_id="s", member={"number": twin.number}, order="o-1"))
    assert held(ada) == 100


def test_arrears_are_owed_by_the_target(made, ada, twin):
    change(made, refund_policy="arrears")
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
