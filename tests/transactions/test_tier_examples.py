"""The worked examples of tiers (semantics C15, C16): what a member holds on which day."""

from datetime import date

import pytest

from members import progress
from members.models import Tally
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.factories import at
from tests.support.ladders import (
    earn,
    ladder,
    midnight,
    noon,
    second_currency,
    settle,
    standing,
    story,
    through,
    tier,
)
from transactions.proof import history


@pytest.fixture
def made(db):
    return factories.program(max_backdate_days=900)


@pytest.fixture
def who(made):
    return factories.member(made, enrolled_at=at(2024, 1, 10))


@pytest.fixture
def plus_next(made):
    return ladder(made, model="calendar", validity="rest_of_cycle_plus_next")


@pytest.mark.parametrize(
    ("on_end", "points", "code", "until"),
    [
        ("to_earned", 620, "silver", "2027-12-31"),
        ("to_earned", 0, "base", None),
        ("one_level", 0, "silver", "2027-12-31"),
        ("to_base", 620, "base", None),
        ("never", 0, "gold", None),
    ],
)
def test_c15_x1_a_year_and_the_next_and_then_what_was_earned(made, who, on_end, points, code, until):
    ladder(made, model="calendar", validity="rest_of_cycle_plus_next", on_end=on_end)
    earn(made, who, 1000, noon(made, 2025, 6, 10))
    assert (tier(who), through(who)) == ("gold", None if on_end == "never" else "2026-12-31")
    if points:
        earn(made, who, points, noon(made, 2026, 5, 5))
    assert tier(who, midnight(made, 2026, 12, 31)) == "gold"
    assert tier(who, midnight(made, 2027, 1, 1)) == code
    assert through(who) == until
    assert_balanced(made)


def test_c15_x2_what_keeps_a_tier_may_be_less_than_what_reaches_it(made, who):
    ladder(made, model="calendar", validity="rest_of_cycle_plus_next", tiers={"gold": {"retention": 800}})
    earn(made, who, 1000, noon(made, 2025, 6, 10))
    earn(made, who, 850, noon(made, 2026, 3, 1))
    assert tier(who, midnight(made, 2027, 1, 1)) == "gold"
    assert through(who) == "2027-12-31"
    row = standing(who)
    assert (row.reason, row.counted, row.cycle) == ("renewal", {"status": 850}, date(2026, 1, 1))
    assert row.since_at == noon(made, 2025, 6, 10)


def test_c15_x3_years_of_membership_from_29_february(made):
    ladder(made, model="anniversary", validity="rest_of_cycle")
    who = factories.member(made, enrolled_at=noon(made, 2024, 2, 29))
    earn(made, who, 500, noon(made, 2025, 2, 27))
    assert through(who) == "2025-02-27"
    earn(made, who, 500, noon(made, 2025, 2, 28))
    assert through(who) == "2026-02-27"
    for year in (2026, 2027):
        earn(made, who, 500, noon(made, year, 2, 28))
    assert through(who) == "2028-02-28"
    firsts = who.tallies.order_by("period").values_list("period", flat=True)
    assert list(firsts) == [date(2024, 2, 29), date(2025, 2, 28), date(2026, 2, 28), date(2027, 2, 28)]


@pytest.mark.parametrize(("more", "code", "until"), [(40, "gold", "2027-06-09"), (-300, "silver", "2027-06-09")])
def test_c15_x4_the_trailing_window_includes_the_day_of_crossing_and_not_the_day_itself(made, who, more, code, until):
    ladder(made, model="rolling", validity="period")
    crossing = earn(made, who, 1000, noon(made, 2025, 6, 10))
    assert (tier(who), through(who)) == ("gold", "2026-06-09")
    if more > 0:
        earn(made, who, more, noon(made, 2026, 1, 1))
    else:
        undo = factories.reversal(crossing.journal_id, amount=-more * 100)
        factories.post_one(made, undo, now=noon(made, 2026, 1, 1))
    earn(made, who, 10_000, noon(made, 2024, 12, 1), now=noon(made, 2026, 1, 2))
    assert tier(who, midnight(made, 2026, 6, 9)) == "gold"
    assert tier(who, midnight(made, 2026, 6, 10)) == code
    assert through(who) == until
    assert standing(who).counted == {"status": 1000 + more}
    assert_balanced(made)


@pytest.mark.parametrize(("rounded", "last"), [(False, (2026, 5, 15)), (True, (2026, 5, 31))])
def test_c15_x5_grace_keeps_the_tier_and_reaching_the_threshold_in_it_renews_from_the_original_end(
    made, who, rounded, last
):
    ladder(made, model="calendar", cycle_start="04-16", validity="rest_of_cycle", grace=1, grace_to_month_end=rounded)
    earn(made, who, 1000, noon(made, 2025, 4, 15))
    assert through(who) == "2025-04-15"
    assert tier(who, midnight(made, 2025, 4, 16)) == "gold"
    assert through(who) == "2026-04-15"
    # Nothing in the cycle that closes on 15 April 2026.
    assert tier(who, midnight(made, 2026, 4, 16)) == "gold"
    assert tier(who, midnight(made, *last)) == "gold"
    twin = factories.member(made, enrolled_at=at(2024, 1, 10))
    earn(made, twin, 1000, noon(made, 2025, 4, 20))
    earn(made, twin, 1000, noon(made, *last))
    following = date(*last).toordinal() + 1
    day = date.fromordinal(following)
    assert tier(who, midnight(made, day.year, day.month, day.day)) == "base"
    assert tier(twin, midnight(made, day.year, day.month, day.day)) == "gold"


def test_c15_x6_the_surplus_opens_the_next_cycle_up_to_its_limit(made, who):
    ladder(made, model="calendar", validity="rest_of_cycle", rollover=True, rollover_limit=500)
    earn(made, who, 1300, noon(made, 2025, 6, 10))
    settle(who, midnight(made, 2026, 1, 1))
    assert Tally.objects.get(member=who, period=date(2026, 1, 1)).carried == 300
    assert Tally.objects.get(member=who, period=date(2025, 1, 1)).points == 1300
    earn(made, who, 700, noon(made, 2026, 2, 1))
    assert (tier(who), through(who)) == ("gold", "2026-12-31")
    assert_balanced(made)


def _step(made, who, now):
    from members.admin.members import as_account
    from programs import versions

    held = {row.group_id: row for row in who.standings.current()}
    account = as_account(who, list(who.tallies.all()), held)
    return next(progress.steps(versions.current(made.pk), account, now=now))


def test_c15_x7_points_to_the_next_tier_and_points_to_keep_this_one(made, who, plus_next):
    ladder(made, tiers={"gold": {"retention": 800}})
    earn(made, who, 620, noon(made, 2026, 3, 1))
    step = _step(made, who, noon(made, 2026, 4, 1))
    assert (step.tier.code, step.next.code, step.measures[0].to_next, step.next_by) == (
        "silver",
        "gold",
        380,
        date(2026, 12, 31),
    )
    gold = factories.member(made, enrolled_at=at(2024, 1, 10))
    earn(made, gold, 1000, noon(made, 2025, 6, 1))
    earn(made, gold, 700, noon(made, 2026, 3, 1))
    step = _step(made, gold, noon(made, 2026, 4, 1))
    assert (step.measures[0].to_keep, step.keep_by, step.projected.code) == (100, date(2026, 12, 31), "silver")


def test_c16_x1_a_late_order_confirms_the_tier_of_the_cycle_that_has_closed(made, who):
    ladder(made, model="calendar", validity="rest_of_cycle")
    earn(made, who, 1000, noon(made, 2024, 6, 1))
    earn(made, who, 960, noon(made, 2025, 6, 1))
    assert tier(who, midnight(made, 2026, 1, 1)) == "silver"
    now = noon(made, 2026, 1, 12)
    earn(made, who, 60, noon(made, 2025, 12, 28), now=now)
    assert tier(who) == "gold"
    row = standing(who)
    assert (row.from_at, row.reason, through(who)) == (midnight(made, 2026, 1, 1), "assessed", "2026-12-31")
    assert row.counted == {"status": 1020}
    lowered = who.standings.get(reason="downgrade")
    assert lowered.superseded_at == now
    assert not who.tallies.filter(period=date(2026, 1, 1)).exists()
    day = noon(made, 2026, 1, 5)
    assert list(history.as_of(who.pk, true_at=day).tiers.values()) == [row.tier_id]
    assert list(history.as_of(who.pk, true_at=day, known_at=day).tiers.values()) == [lowered.tier_id]
    assert story(who)[-2:] == [("gold", "renewal"), ("gold", "assessed")]
    assert_balanced(made)


@pytest.mark.parametrize("is_looked_at", [False, True])
def test_c16_r3_a_downgrade_is_undone_whether_or_not_anybody_had_looked_before_the_next_purchase(
    made, who, is_looked_at
):
    """Found at the next purchase, which had happened in grace, the downgrade was replaced at its own instant."""
    ladder(made, model="calendar", validity="rest_of_cycle", grace=1, grace_unit="month", late_window=90)
    earn(made, who, 1000, noon(made, 2024, 6, 1))
    if is_looked_at:
        assert tier(who, noon(made, 2026, 2, 2)) == "base"
    now = noon(made, 2026, 2, 3)
    earn(made, who, 500, noon(made, 2026, 1, 15), now=now)
    assert (tier(who), standing(who).from_at) == ("silver", midnight(made, 2026, 2, 1))
    earn(made, who, 600, noon(made, 2025, 12, 20), now=now)
    assert (tier(who), standing(who).reason, through(who)) == ("gold", "assessed", "2026-12-31")
    assert_balanced(made)


def test_c16_r3_what_comes_later_than_the_late_window_counts_in_the_present_cycle(made, who):
    ladder(made, model="calendar", validity="rest_of_cycle")
    earn(made, who, 960, noon(made, 2025, 6, 1))
    now = noon(made, 2026, 2, 1)
    late = earn(made, who, 500, noon(made, 2025, 12, 28), now=now)
    assert list(who.tallies.order_by("period").values_list("period", "points")) == [
        (date(2025, 1, 1), 960),
        (date(2026, 1, 1), 500),
    ]
    assert (tier(who), standing(who).from_at) == ("silver", midnight(made, 2026, 1, 1))
    factories.post_one(made, factories.reversal(late.journal_id), now=noon(made, 2026, 2, 2))
    assert list(who.tallies.order_by("period").values_list("points", flat=True)) == [960, 0]
    assert_balanced(made)


@pytest.mark.parametrize("late", [(2026, 10, 11), (2026, 4, 11)])
def test_what_comes_late_in_grace_keeps_a_tier_by_the_window_that_it_would_have_kept_it_in(made, who, late):
    ladder(
        made,
        tiers={"silver": {"retention": 300}},
        model="rolling",
        window=6,
        window_unit="month",
        validity="period",
        period=3,
        period_unit="month",
        grace=20,
    )
    earn(made, who, 500, noon(made, 2026, 1, 10))
    earn(made, who, 180, noon(made, 2026, 4, 12))
    now = noon(made, 2026, 10, 20)
    assert (tier(who, now), through(who)) == ("silver", "2026-10-09")
    # By 9 October, or on the 11th, 300 counted; by the 20th those of April have left the window.
    earn(made, who, 120, noon(made, *late), now=now)
    assert (standing(who).reason, standing(who).from_at) == ("renewal", midnight(made, 2026, 10, 10))
    assert (tier(who), through(who)) == ("silver", "2027-01-09")
    assert_balanced(made)


def test_points_of_two_currencies_reach_tiers_in_the_order_of_their_days(made, who):
    """A late fact raises on its own day, though its other currency reaches the same tier only today."""
    group = ladder(made, model="rolling", window=90, window_unit="day", validity="period")
    segments = second_currency(made, group, thresholds={"silver": (3, None), "gold": (6, None)})
    rule = made.rules.get(currency=segments)
    rule.params = {"points": "1", "counts": "purchase"}
    rule.save()
    now = noon(made, 2026, 12, 5)
    for points in (125, 160):
        earn(made, who, points, now)
    late = noon(made, 2026, 11, 18)
    earn(made, who, 832, late, now=now)
    assert story(who) == [("base", "enrolment"), ("silver", "activity"), ("gold", "activity")]
    assert who.standings.get(tier__code="silver").from_at == late
