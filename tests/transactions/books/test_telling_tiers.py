"""Tiers that are reached, kept and lost, and milestones, are told as they are booked: by whom and whenever."""

from datetime import timedelta

import pytest
from django.db import connection

from members.models import Event
from partners.activity import Adjustment
from programs.models import TierGroup
from tests.support import factories
from tests.support.currencies import change
from tests.support.expiring import expiry
from tests.support.factories import at, post, post_one, purchase, redemption
from tests.support.rolled_back import rolled_back
from tests.support.told import listen, names, told
from transactions import ledger
from transactions.expiry.sweep import sweep
from transactions.tiers import night

pytestmark = pytest.mark.django_db

NOW, NEXT_YEAR, AFTER = at(2026, 3, 10), at(2027, 5, 5), at(2028, 1, 2)


@pytest.fixture
def yearly(made):
    """Its ladder counts in calendar years, and its points never end."""
    expiry(made, model="never")
    group = made.tier_groups.get()
    group.model, group.validity, group.on_end = "calendar", "next_cycle", "reassess"
    group.save()
    made.refresh_from_db()
    return made


def buy(made, who, amount, on=NOW):
    return post_one(made, purchase(who, amount, activity_at=on), now=on)


def test_a_purchase_that_lifts_a_member_tells_the_tier_with_all_that_is_held_then(made, who):
    listen(made)
    bought = buy(made, who, 60_000)
    points, status, tier = told(made)
    assert names([points, status, tier])[-1] == ("tier.upgraded", "base", "silver")
    assert tier.partner_id == points.partner_id == made.owner_id
    assert tier.occurred_at == NOW
    assert tier.data["tier"] == {
        "group": "main",
        "group_name": "Main",
        "before": "base",
        "before_name": "Base",
        "tier": "silver",
        "name": "Silver",
        "since_at": "2026-03-10T12:00:00Z",
        "valid_until": None,
        "reason": "activity",
    }
    assert tier.data["member"] == points.data["member"]
    assert tier.data["member"]["tiers"][0]["tier"] == "silver"
    assert [one["balance"] for one in tier.data["member"]["balances"]] == [600, 600]
    assert points.data["transaction"]["id"] == bought.journal_id


def test_whoever_passes_a_tier_at_once_hears_of_the_highest_only(made, who):
    listen(made, "tier.upgraded")
    buy(made, who, 200_000)
    assert names(told(made)) == [("tier.upgraded", "base", "gold")]


def test_a_member_who_gets_what_asks_for_nothing_is_told_of_no_tier(made):
    listen(made)
    who = factories.member(made)
    buy(made, who, 100)
    assert {one.type for one in told(made)} == {"member.enrolled", "points.earned"}


def test_a_refund_that_takes_the_tier_along_tells_it(made, who):
    TierGroup.objects.filter(program=made).update(on_reversal="revert_if_caused")
    made.refresh_from_db()
    bought = buy(made, who, 60_000)
    listen(made, "tier.downgraded")
    post_one(made, factories.reversal(bought.journal_id), now=NOW + timedelta(days=1))
    [lost] = told(made)
    assert names([lost]) == [("tier.downgraded", "silver", "base")]
    assert lost.data["tier"]["reason"] == "reversal"


def by_night(made, who):
    keys = night.plan(made.pk, now=AFTER)
    assert night.work(made.pk, keys, now=AFTER)["failed"] == 0


def by_reading(made, who):
    assert ledger.refresh(made.pk, [who.pk], now=AFTER)


def rows(made):
    return [
        (one.type, one.member_id, one.partner_id, one.occurred_at, one.recorded_at, one.data) for one in told(made)
    ]


def left_by(action, made, who):
    with rolled_back():
        action(made, who)
        return rows(made)


def test_a_tier_that_is_kept_and_then_lost_is_told_alike_by_night_and_by_reading(yearly, who):
    buy(yearly, who, 60_000)
    buy(yearly, who, 60_000, on=NEXT_YEAR)
    listen(yearly)
    over = at(2030, 1, 2)
    with rolled_back():
        assert ledger.refresh(yearly.pk, [who.pk], now=over)
        found = told(yearly)
    assert names(found)[0][0] in ("tier.renewed", "tier.downgraded")
    assert names(found)[-1] == ("tier.downgraded", "silver", "base")
    lost = found[-1]
    assert lost.data["tier"]["reason"] == "downgrade"
    assert lost.data["member"]["tiers"][0]["tier"] == "base"
    assert lost.partner_id is None
    with rolled_back():
        night.work(yearly.pk, night.plan(yearly.pk, now=over), now=over)
        assert rows(yearly) == [
            (one.type, one.member_id, one.partner_id, one.occurred_at, one.recorded_at, one.data) for one in found
        ]


def test_the_night_tells_of_tiers_only_where_somebody_listens(yearly, who):
    buy(yearly, who, 60_000)
    for listened, expected in (("points.earned",), 0), (("tier.downgraded",), 1):
        listen(yearly, *listened)
        with rolled_back():
            over = at(2030, 1, 2)
            night.work(yearly.pk, night.plan(yearly.pk, now=over), now=over)
            assert len(told(yearly)) == expected


@pytest.mark.parametrize("is_plain_fast", [True, False])
def test_points_that_end_at_night_are_told_as_by_reading(made, who, is_plain_fast):
    others = [factories.member(made) for _ in range(3)]
    for one in (who, *others):
        buy(made, one, 10_000)
    late = at(2027, 6, 1)
    listen(made)

    def swept():
        list(sweep(made.pk, now=late, is_plain_fast=is_plain_fast))

    with rolled_back():
        swept()
        by_sweep = rows(made)
    with rolled_back():
        ledger.refresh(made.pk, [one.pk for one in (who, *others)], now=late)
        by_hand = rows(made)
    assert [strip(row) for row in by_sweep] == [strip(row) for row in by_hand]
    assert len(by_sweep) == 4
    listen(made, "points.earned")
    with rolled_back():
        swept()
        assert not Event.objects.exists()


def strip(row):
    """What is told, but for the key of the journal of the day, which is made anew."""
    *rest, data = row
    return (*rest, {**data, "transaction": {**data["transaction"], "id": 0}})


def test_nobody_who_listens_to_other_things_makes_the_night_slower(made, who):
    buy(made, who, 10_000)
    listen(made, "points.earned")
    [done] = list(sweep(made.pk, now=at(2027, 6, 1)))
    assert done.plain == (1 if connection.vendor == "postgresql" else 0)


@pytest.fixture
def marked(made):
    change(made, milestones="100, 500, 600, 2000")
    return made


def test_of_several_milestones_that_are_reached_at_once_the_highest_is_told_c25_r3(marked, who):
    listen(marked)
    buy(marked, who, 60_000)
    assert names(told(marked))[:2] == [("points.earned", "points", 600), ("balance.milestone", "points", 600)]
    reached = told(marked)[1]
    assert reached.data["balance"] == {"currency": "points", "before": 0, "balance": 600}
    assert reached.data["transaction"] == told(marked)[0].data["transaction"]


@pytest.mark.parametrize(("cents", "reached"), [(9_900, []), (10_000, [100]), (10_100, [100]), (49_900, [100])])
def test_a_milestone_is_reached_by_as_many_points_as_it_says(marked, who, cents, reached):
    listen(marked, "balance.milestone")
    buy(marked, who, cents)
    assert [one.data["milestone"]["points"] for one in told(marked)] == reached


def test_no_milestone_is_told_on_the_way_down_nor_twice_at_the_same_height(marked, who):
    buy(marked, who, 60_000)
    listen(marked, "balance.milestone")
    post_one(marked, redemption(who, 150), now=NOW)
    assert not told(marked)
    buy(marked, who, 2_000)
    assert not told(marked)
    buy(marked, who, 3_000)
    assert [one.data["milestone"]["points"] for one in told(marked)] == [500]
    buy(marked, who, 1_000)
    assert len(told(marked)) == 1


def test_points_that_wait_reach_a_milestone_when_they_are_free(marked, who):
    change(marked, pending_days=14)
    listen(marked, "balance.milestone")
    buy(marked, who, 10_000)
    assert not told(marked)
    assert ledger.refresh(marked.pk, [who.pk], now=NOW + timedelta(days=20))
    [reached] = told(marked)
    assert reached.data["milestone"] == {"currency": "points", "points": 100}
    assert reached.data["transaction"]["kind"] == "settlement"


def test_two_purchases_of_one_batch_reach_a_milestone_each(marked, who):
    listen(marked, "balance.milestone")
    post(marked, purchase(who, 10_000, activity_at=NOW), purchase(who, 40_000, activity_at=NOW), now=NOW)
    assert [one.data["milestone"]["points"] for one in told(marked)] == [100, 500]


def test_a_correction_down_and_up_reaches_what_it_reaches(marked, who):
    listen(marked, "balance.milestone")
    for number, points in enumerate((550, -100, 100)):
        item = Adjustment(external_id=f"A-{number}", member={"number": who.number}, points=points, reason="Late")
        post_one(marked, item, now=NOW)
    assert [one.data["milestone"]["points"] for one in told(marked)] == [500, 500]
