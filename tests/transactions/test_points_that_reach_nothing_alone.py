"""Points that reach no tier by themselves still count with others, keep what is in grace, and open the next cycle."""

from datetime import date

import pytest

from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.factories import at
from tests.support.ladders import earn, ladder, midnight, noon, settle, standing, through, tier


@pytest.fixture
def made(db):
    return factories.program(max_backdate_days=900)


@pytest.fixture
def who(made):
    return factories.member(made, enrolled_at=at(2024, 1, 10))


def test_points_of_several_days_reach_a_tier_together_in_a_trailing_window(made, who):
    ladder(made, model="rolling", window=90, window_unit="day", validity="period")
    earn(made, who, 300, noon(made, 2026, 3, 1))
    assert tier(who) == "base"
    earn(made, who, 200, noon(made, 2026, 3, 10))
    assert (tier(who), standing(who).from_at) == ("silver", noon(made, 2026, 3, 10))
    assert_balanced(made)


def test_points_in_grace_keep_a_tier_with_those_of_the_cycle_that_ended(made, who):
    ladder(made, model="calendar", validity="rest_of_cycle", grace=1, grace_unit="month")
    earn(made, who, 500, noon(made, 2024, 6, 1))
    earn(made, who, 400, noon(made, 2025, 6, 1))
    earn(made, who, 150, noon(made, 2026, 1, 20))
    assert (tier(who), standing(who).reason, through(who)) == ("silver", "renewal", "2026-12-31")
    assert standing(who).from_at == midnight(made, 2026, 1, 1)
    assert_balanced(made)


def test_points_on_top_of_a_tier_for_life_open_the_next_cycle(made, who):
    ladder(made, model="calendar", validity="none", rollover=True)
    earn(made, who, 500, noon(made, 2024, 6, 1))
    settle(who, noon(made, 2025, 1, 1))
    earn(made, who, 700, noon(made, 2025, 6, 1))
    settle(who, noon(made, 2026, 1, 1))
    assert who.tallies.get(period=date(2026, 1, 1)).carried == 200
    assert_balanced(made)


def test_late_points_undo_a_downgrade_though_they_reach_no_tier_by_entry(made, who):
    ladder(made, tiers={"gold": {"retention": 300}}, model="calendar", validity="rest_of_cycle", late_window=30)
    earn(made, who, 1000, noon(made, 2024, 6, 1))
    earn(made, who, 280, noon(made, 2025, 6, 1))
    now = noon(made, 2026, 1, 12)
    assert tier(who, now) == "base"
    earn(made, who, 40, noon(made, 2025, 12, 28), now=now)
    assert (tier(who), standing(who).reason) == ("gold", "assessed")
    assert_balanced(made)
