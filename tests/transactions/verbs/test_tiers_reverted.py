"""What becomes of a tier when what reached it is taken back: kept, or as before (C15-R8)."""

from dataclasses import replace
from datetime import date

import pytest

from members.models import Standing, Tally
from partners.activity import Adjustment
from programs.models import Currency
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.factories import at, post_one, purchase, reversal
from tests.support.ladders import benefit, earn, ladder, midnight, noon, settle, standing, story, through, tier
from tests.support.setting_tiers import set_tier
from transactions.proof import history

pytestmark = pytest.mark.usefixtures("books_balance")

REVERTS = {"model": "calendar", "validity": "rest_of_cycle", "on_reversal": "revert_if_caused"}


@pytest.fixture
def made(db):
    return factories.program(max_backdate_days=900)


@pytest.fixture
def who(made):
    return factories.member(made, enrolled_at=at(2024, 1, 10))


def refund(made, done, now, points=None):
    """Take back a purchase, or so many points' worth of it."""
    amount = None if points is None else points * 100
    return post_one(made, reversal(done.journal_id, amount=amount), now=now)


def test_c15_r8_kept_until_the_validity_ends_unless_the_ladder_says_whowise(made, who):
    ladder(made, **REVERTS | {"on_reversal": "keep"})
    done = earn(made, who, 1000, noon(made, 2026, 3, 1))
    refund(made, done, noon(made, 2026, 4, 1))
    assert (tier(who), through(who)) == ("gold", "2026-12-31")
    assert tier(who, midnight(made, 2027, 1, 1)) == "base"


def test_c15_r8_the_tier_of_before_is_restored_with_its_dates(made, who):
    ladder(made, **REVERTS)
    earn(made, who, 500, noon(made, 2026, 2, 1))
    silver = standing(who)
    lounge = benefit(made, "gold", "lounge")
    done = earn(made, who, 500, noon(made, 2026, 3, 1))
    assert tier(who) == "gold"
    now = noon(made, 2026, 4, 1)
    answer = refund(made, done, now).answer
    row = standing(who)
    assert (tier(who), answer["tiers"]) == ("silver", {"main": "silver"})
    assert (row.since_at, row.valid_until, row.reason) == (silver.since_at, silver.valid_until, "reversal")
    assert (row.counted, row.caused_by) == ({"status": 500}, silver.caused_by)
    gold = Standing.objects.get(member=who, tier__code="gold")
    assert (gold.superseded_at, gold.is_current) == (now, False)
    assert who.benefits.get(benefit=lounge).withdrawn_at is not None
    day = noon(made, 2026, 3, 15)
    assert list(history.as_of(who.pk, true_at=day).tiers.values()) == [silver.tier_id]
    assert list(history.as_of(who.pk, true_at=day, known_at=day).tiers.values()) == [gold.tier_id]
    assert_balanced(made)


def test_c15_r8_one_after_the_who_down_to_where_it_began(made, who):
    ladder(made, **REVERTS)
    first, second = (earn(made, who, 500, noon(made, 2026, month, 1)) for month in (2, 3))
    refund(made, second, noon(made, 2026, 4, 1))
    assert tier(who) == "silver"
    refund(made, first, noon(made, 2026, 4, 2))
    assert tier(who) == "base"


def test_c15_r8_only_the_refund_that_goes_below_the_threshold_costs_the_tier(made, who):
    ladder(made, **REVERTS)
    earn(made, who, 300, noon(made, 2026, 2, 1))
    done = earn(made, who, 300, noon(made, 2026, 3, 1))
    refund(made, done, noon(made, 2026, 4, 1), 100)
    assert tier(who) == "silver"
    refund(made, done, noon(made, 2026, 4, 2), 1)
    assert tier(who) == "base"


def test_c15_r8_what_is_left_of_the_purchase_reaches_the_tier_between(made, who):
    ladder(made, **REVERTS)
    done = earn(made, who, 1000, noon(made, 2026, 3, 1))
    refund(made, done, noon(made, 2026, 4, 1), 300)
    row = standing(who)
    assert (tier(who), through(who), row.since_at) == ("silver", "2026-12-31", noon(made, 2026, 3, 1))
    refund(made, done, noon(made, 2026, 4, 2), 300)
    assert tier(who) == "base"


def test_c15_r8_what_is_left_of_the_purchase_renews_the_tier_of_a_former_cycle(made, who):
    ladder(made, **REVERTS | {"validity": "rest_of_cycle_plus_next"})
    earn(made, who, 500, noon(made, 2025, 3, 1))
    done = earn(made, who, 1000, noon(made, 2026, 3, 1))
    refund(made, done, noon(made, 2026, 4, 1), 300)
    assert (tier(who), through(who)) == ("silver", "2027-12-31")
    assert standing(who).since_at == noon(made, 2025, 3, 1)
    refund(made, done, noon(made, 2026, 4, 2), 300)
    assert (tier(who), through(who)) == ("silver", "2026-12-31")


def test_c15_r8_another_purchase_than_the_one_that_reached_it_costs_nothing(made, who):
    ladder(made, **REVERTS)
    first = earn(made, who, 400, noon(made, 2026, 2, 1))
    earn(made, who, 100, noon(made, 2026, 3, 1))
    refund(made, first, noon(made, 2026, 4, 1))
    assert tier(who) == "silver"
    assert tier(who, midnight(made, 2027, 1, 1)) == "base"


def test_c15_r8_what_was_bought_since_keeps_it(made, who):
    ladder(made, **REVERTS)
    done = earn(made, who, 500, noon(made, 2026, 2, 1))
    ladder(made, tiers={"gold": {"threshold": 2000}})
    earn(made, who, 500, noon(made, 2026, 2, 2))
    assert tier(who) == "silver"
    refund(made, done, noon(made, 2026, 4, 1))
    assert (tier(who), standing(who).reason) == ("silver", "activity")


def test_c15_r8_a_renewal_is_taken_back_and_the_tier_ends_when_it_would_have(made, who):
    ladder(made, **REVERTS)
    ladder(made, validity="rest_of_cycle_plus_next")
    earn(made, who, 1000, noon(made, 2025, 3, 1))
    done = earn(made, who, 1000, noon(made, 2026, 3, 1))
    assert (through(who), standing(who).reason) == ("2027-12-31", "renewal")
    refund(made, done, noon(made, 2026, 4, 1))
    assert (tier(who), through(who)) == ("gold", "2026-12-31")
    assert standing(who).since_at == noon(made, 2025, 3, 1)
    assert tier(who, midnight(made, 2027, 1, 1)) == "base"


def test_c15_r8_what_was_held_before_is_assessed_where_it_is_over_by_now(made, who):
    ladder(made, **REVERTS)
    earn(made, who, 500, noon(made, 2025, 3, 1))
    ladder(made, validity="rest_of_cycle_plus_next")
    done = earn(made, who, 600, noon(made, 2025, 4, 1))
    assert (tier(who), through(who)) == ("gold", "2026-12-31")
    refund(made, done, noon(made, 2026, 2, 1))
    # Silver had been held to the end of 2025, and what was left of 2025 renews it.
    assert (tier(who), through(who)) == ("silver", "2026-12-31")
    assert story(who)[-2:] == [("silver", "reversal"), ("silver", "renewal")]
    assert_balanced(made)


def test_c15_r8_pending_points_have_reached_it_with_their_release_and_the_purchase_is_the_cause(made, who):
    Currency.objects.filter(program=made, code="status").update(pending_days=14)
    made.touch(made.pk)
    ladder(made, **REVERTS)
    done = earn(made, who, 1000, noon(made, 2026, 3, 1))
    assert tier(who) == "base"
    assert tier(who, midnight(made, 2026, 3, 20)) == "gold"
    refund(made, done, noon(made, 2026, 4, 1))
    assert tier(who) == "base"


def test_c15_r8_in_a_trailing_window_the_day_of_the_crossing_decides(made, who):
    ladder(made, model="rolling", window=3, validity="none", on_reversal="revert_if_caused")
    done = earn(made, who, 1000, noon(made, 2026, 1, 10))
    # Long behind the window, and still what reached it: a euro less does not reach.
    more = earn(made, who, 1, noon(made, 2026, 1, 11))
    refund(made, more, noon(made, 2026, 6, 1))
    assert tier(who) == "gold"
    refund(made, done, noon(made, 2026, 6, 2), 500)
    assert tier(who) == "silver"
    twin = factories.member(made, enrolled_at=at(2024, 1, 10))
    done = earn(made, twin, 1200, noon(made, 2026, 1, 10))
    refund(made, done, noon(made, 2026, 6, 1), 200)
    assert tier(twin) == "gold"


def test_c15_r8_a_lock_is_not_touched(made, who):
    ladder(made, **REVERTS)
    done = earn(made, who, 1000, noon(made, 2026, 3, 1))
    set_tier(made, who, "gold", noon(made, 2026, 3, 2), locked_until=date(2026, 6, 30))
    refund(made, done, noon(made, 2026, 4, 1))
    assert tier(who, midnight(made, 2026, 6, 30)) == "gold"


def test_c15_r8_a_manual_credit_that_is_taken_back_costs_what_it_had_reached(made, who):
    ladder(made, **REVERTS)
    item = Adjustment("a", {"number": who.number}, 600, "Goodwill", currency="status")
    done = post_one(made, item, now=noon(made, 2026, 3, 1))
    assert tier(who) == "silver"
    post_one(made, reversal(done.journal_id), now=noon(made, 2026, 3, 2))
    assert tier(who) == "base"


@pytest.mark.parametrize(("points", "after", "at_last"), [(1200, "gold", "base"), (600, "silver", "base")])
def test_c15_r8_the_revision_of_an_order_takes_the_place_of_what_it_replaces(made, who, points, after, at_last):
    ladder(made, **REVERTS)
    day = noon(made, 2026, 3, 1)
    post_one(made, purchase(who, 100_000, "order-1", activity_at=day), now=day)
    assert tier(who) == "gold"
    later = noon(made, 2026, 3, 2)
    order = replace(purchase(who, points * 100, "order-2", activity_at=day), replaces="order-1")
    done = post_one(made, order, now=later)
    assert (tier(who), standing(who).caused_by) == (after, done.journal_id)
    assert standing(who).from_at == day
    refund(made, done, noon(made, 2026, 3, 3))
    assert tier(who) == at_last
    assert_balanced(made)


def test_what_is_taken_back_of_a_closed_cycle_is_taken_from_its_surplus_too(made, who):
    ladder(made, model="calendar", validity="rest_of_cycle", rollover=True)
    done = earn(made, who, 1300, noon(made, 2025, 6, 10))
    settle(who, midnight(made, 2026, 1, 1))
    carried = Tally.objects.filter(member=who, period=date(2026, 1, 1))
    assert carried.get().carried == 300
    refund(made, done, noon(made, 2026, 1, 10), 200)
    assert carried.get().carried == 100
    assert tier(who) == "gold"
    assert_balanced(made)
