"""Qualifying points move the tally of their window and, in the same transaction, the tier."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from members.models import Standing, Tally
from tests.support import factories
from tests.support.factories import at, held, post, post_one, purchase, reversal


def current(who):
    return who.standings.current().get().tier.code


def test_a_new_member_holds_the_tier_that_asks_for_nothing(who):
    standing = who.standings.get()
    assert (standing.tier.code, standing.reason, standing.is_current) == ("base", "enrolment", True)


def test_a_tier_is_reached_in_the_posting_that_reaches_its_threshold(made, who):
    assert post_one(made, purchase(who, 49900)).answer["tiers"] == {"main": "base"}
    assert post_one(made, purchase(who, 100)).answer["tiers"] == {"main": "silver"}
    assert current(who) == "silver"


def test_several_steps_are_taken_at_once(made, who):
    assert post_one(made, purchase(who, 150000)).answer["tiers"] == {"main": "gold"}
    codes = list(who.standings.order_by("pk").values_list("tier__code", "is_current", "reason"))
    assert codes == [("base", False, "enrolment"), ("gold", True, "activity")]


def test_the_old_standing_ends_where_the_new_one_begins(made, who):
    now = timezone.now()
    post_one(made, purchase(who, 50000), now=now)
    old, new = who.standings.order_by("pk")
    assert old.until_at == new.from_at == now
    assert new.until_at is None


def test_an_order_does_not_raise_its_own_multiplier(made, who):
    assert post_one(made, purchase(who, 100000)).answer["points"]["points"] == 1000
    assert post_one(made, purchase(who, 100000)).answer["points"]["points"] == 1500


def test_a_tier_reached_in_a_batch_counts_for_the_next_item_of_it(made, who):
    first, second = post(made, purchase(who, 100000), purchase(who, 1000))
    assert (first.answer["points"]["points"], second.answer["points"]["points"]) == (1000, 15)
    assert who.standings.count() == 2


def test_two_upgrades_in_one_batch_leave_one_new_standing(made, who):
    post(made, purchase(who, 50000), purchase(who, 50000))
    assert list(who.standings.order_by("pk").values_list("tier__code", flat=True)) == ["base", "gold"]
    assert who.standings.filter(is_current=True).count() == 1


def test_a_tier_is_never_lowered_by_posting(made, who):
    first = post_one(made, purchase(who, 60000))
    post_one(made, reversal(first.journal_id))
    post_one(made, purchase(who, 100))
    assert current(who) == "silver"


def test_a_higher_tier_given_by_hand_is_kept(made, who):
    who.standings.update(is_current=False, until_at=timezone.now())
    gold = made.tier_groups.get().tiers.get(code="gold")
    now = timezone.now()
    Standing.objects.create(member=who, group=gold.group, tier=gold, since_at=now, from_at=now, reason="manual")
    post_one(made, purchase(who, 50000))
    assert current(who) == "gold"


def test_a_member_without_any_standing_gets_the_tier_reached(made, who):
    who.standings.all().delete()
    post_one(made, purchase(who, 100))
    assert current(who) == "base"


@pytest.fixture
def yearly(made):
    group = made.tier_groups.get()
    group.model, group.late_window = "calendar", 365
    group.save()
    return made


def test_a_tally_counts_the_year_of_the_activity_in_the_zone_of_the_program(yearly, who):
    now = at(2026, 3, 1)
    # 23:30 in UTC is half past midnight of the next year in Paris.
    post_one(yearly, purchase(who, 40000, activity_at=at(2025, 12, 31, 22, 30)), now=now)
    post_one(yearly, purchase(who, 30000, activity_at=at(2025, 12, 31, 23, 30)), now=now)
    tallies = Tally.objects.filter(member=who).order_by("period").values_list("period", "points")
    assert list(tallies) == [(date(2025, 1, 1), 400), (date(2026, 1, 1), 300)]
    assert current(who) == "base"
    assert held(who, "status") == 700


def test_each_year_counts_by_itself(yearly, who):
    post_one(yearly, purchase(who, 40000, activity_at=at(2025, 6, 1)), now=at(2026, 2, 1))
    post_one(yearly, purchase(who, 60000, activity_at=at(2026, 1, 20)), now=at(2026, 2, 1))
    assert current(who) == "silver"


def test_a_late_activity_can_reach_the_tier_of_its_own_year(yearly, who):
    now = at(2026, 1, 15)
    post_one(yearly, purchase(who, 49000, activity_at=at(2025, 11, 1)), now=now)
    post_one(yearly, purchase(who, 40000, activity_at=at(2026, 1, 10)), now=now)
    assert current(who) == "base"
    post_one(yearly, purchase(who, 1000, activity_at=at(2025, 12, 30)), now=now)
    assert current(who) == "silver"


def test_a_lifetime_tally_is_one_row(made, who):
    for days in (300, 10):
        post_one(made, purchase(who, 10000, activity_at=timezone.now() - timedelta(days=days)))
    assert list(who.tallies.values_list("period", "points")) == [(date(1, 1, 1), 200)]


def test_a_reversal_takes_the_points_out_of_the_window_they_were_counted_in(yearly, who):
    first = post_one(yearly, purchase(who, 40000, activity_at=at(2025, 6, 1)), now=at(2026, 2, 1))
    post_one(yearly, reversal(first.journal_id), now=at(2026, 2, 2))
    assert list(who.tallies.values_list("period", "points")) == [(date(2025, 1, 1), 0)]


def test_what_is_bought_with_points_counts_towards_no_tier(made, who):
    post_one(made, purchase(who, 20000))
    post_one(made, factories.redemption(who, 100))
    assert held(who, "status") == 200
    assert who.tallies.get().points == 200


def test_a_program_without_tiers_works_without_them(db):
    made = factories.program()
    made.rules.filter(kind="tier_multiplier").delete()
    made.tier_groups.all().delete()
    who = factories.member(made)
    assert post_one(made, purchase(who, 1000)).answer["tiers"] == {}
    assert not who.standings.exists()
    assert not who.tallies.exists()
