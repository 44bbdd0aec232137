"""The surplus of a closed cycle is measured by the tier that was reached in it, also where we learn of it late."""

from datetime import date

from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.factories import at
from tests.support.ladders import earn, ladder, midnight, noon, settle, standing, through, tier


def test_the_surplus_is_that_above_the_tier_which_late_points_reached(db):
    made = factories.program(max_backdate_days=900)
    ladder(made, model="calendar", validity="rest_of_cycle_plus_next", rollover=True)
    who = factories.member(made, enrolled_at=at(2023, 1, 10))
    earn(made, who, 500, noon(made, 2024, 6, 1))
    earn(made, who, 700, noon(made, 2025, 6, 1))
    settle(who, midnight(made, 2026, 1, 1))
    assert who.tallies.get(period=date(2026, 1, 1)).carried == 200
    # The tier of 2025 was renewed on 1 January: gold is told from then on, though it was reached before.
    earn(made, who, 488, noon(made, 2025, 12, 28), now=noon(made, 2026, 1, 12))
    assert tier(who) == "gold"
    assert who.tallies.get(period=date(2026, 1, 1)).carried == 188
    assert_balanced(made)


def test_what_is_taken_back_in_a_closed_cycle_is_missing_in_all_that_opened_since(db):
    made = factories.program(max_backdate_days=900)
    ladder(made, model="calendar", validity="none", rollover=True)
    who = factories.member(made, enrolled_at=at(2023, 1, 10))
    first = earn(made, who, 2600, noon(made, 2024, 6, 1))
    settle(who, midnight(made, 2026, 1, 1))
    carried = lambda: list(who.tallies.order_by("period").values_list("carried", flat=True))  # noqa: E731
    assert carried() == [0, 1600, 600]
    factories.post_one(made, factories.reversal(first.journal_id, amount=30_000), now=noon(made, 2026, 2, 1))
    assert carried() == [0, 1300, 300]
    assert_balanced(made)


def test_a_surplus_that_comes_late_reaches_the_tier_again_on_the_day_it_is_known(db):
    made = factories.program(max_backdate_days=900)
    ladder(made, model="calendar", validity="rest_of_cycle_plus_next", rollover=True, rollover_limit=200)
    who = factories.member(made, enrolled_at=at(2023, 1, 10))
    earn(made, who, 500, noon(made, 2025, 6, 1))
    now = noon(made, 2026, 1, 12)
    earn(made, who, 350, now)
    assert through(who) == "2026-12-31"
    # 200 of these open 2026, and with the 350 they are 550: silver again, through 2027, though nothing opened so.
    earn(made, who, 300, noon(made, 2025, 12, 28), now=now)
    assert (tier(who), standing(who).reason, standing(who).from_at) == ("silver", "renewal", now)
    assert through(who) == "2027-12-31"
    assert_balanced(made)


def test_a_surplus_that_comes_late_raises_on_the_day_it_is_known(db):
    made = factories.program(max_backdate_days=900)
    ladder(made, model="calendar", validity="rest_of_cycle_plus_next", rollover=True)
    who = factories.member(made, enrolled_at=at(2023, 1, 10))
    earn(made, who, 500, noon(made, 2025, 6, 1))
    now = noon(made, 2026, 1, 12)
    earn(made, who, 700, now)
    assert tier(who) == "silver"
    earn(made, who, 400, noon(made, 2025, 12, 28), now=now)
    assert (tier(who), standing(who).from_at, through(who)) == ("gold", now, "2027-12-31")
    assert_balanced(made)


def test_a_cycle_goes_on_being_measured_by_the_tier_that_late_points_had_reached_in_it(db):
    made = factories.program(max_backdate_days=900)
    months = {"validity": "period", "period": 3, "period_unit": "month", "period_end": "through", "rounding": "month"}
    ladder(made, model="calendar", cycle_start="10-01", **months, on_end="one_level", rollover=True, late_window=90)
    who = factories.member(made, enrolled_at=at(2024, 1, 10))
    first = earn(made, who, 104, noon(made, 2025, 6, 24))
    earn(made, who, 416, noon(made, 2025, 7, 4))
    now = noon(made, 2025, 11, 22)
    # Gold of 4 March was over before silver of 4 July was; nobody ever held it.
    earn(made, who, 804, noon(made, 2025, 3, 4), now=now)
    assert who.tallies.get(period=date(2025, 10, 1)).carried == 324
    factories.post_one(made, factories.reversal(first.journal_id, amount=5_200), now=now)
    assert who.tallies.get(period=date(2025, 10, 1)).carried == 272
    assert_balanced(made)
