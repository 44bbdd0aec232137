"""Does a period include the day on which it is complete? As its currency says (semantics C1-R3b)."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from loyalty_site.lib import instants
from programs import compiling, document, periods
from programs.expiry import Terms, days_from, end_of_inactivity, end_of_lot
from tests.support.examples import changed, compiled

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2025, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("begins", "count", "unit", "through", "before"),
    [
        (date(2025, 3, 10), 12, "month", date(2026, 3, 10), date(2026, 3, 9)),
        (date(2025, 3, 10), 1, "year", date(2026, 3, 10), date(2026, 3, 9)),
        (date(2025, 3, 1), 30, "day", date(2025, 3, 31), date(2025, 3, 30)),
        (date(2024, 2, 29), 12, "month", date(2025, 2, 28), date(2025, 2, 27)),
        (date(2025, 1, 31), 1, "month", date(2025, 2, 28), date(2025, 2, 27)),
        (date(2025, 3, 1), 1, "day", date(2025, 3, 2), date(2025, 3, 1)),
        (date(2025, 3, 1), 0, "day", date(2025, 3, 1), date(2025, 3, 1)),
    ],
    ids=["C1-R3b", "a year", "C1-R3b: days", "C15-X3", "C1-X1", "one day", "none"],
)
def test_the_last_day_of_a_period_is_the_day_of_its_completion_or_the_day_before(
    begins, count, unit, through, before
):
    assert periods.last_day(begins, count, unit) == through
    assert periods.last_day(begins, count, unit, "before") == before


def last_day(period_end, model="fixed", earned=NOON, **terms):
    found = Terms(model, **{"period": 12, "period_end": period_end} | terms)
    end = end_of_lot(
        found, earned_at=earned, processed_at=earned, zone=PARIS, enrolled_at=terms.get("enrolled", NOON)
    )
    return instants.last_day(end.at, PARIS).isoformat()


@pytest.mark.parametrize(
    ("terms", "through", "before"),
    [
        ({"period": 12}, "2026-03-10", "2026-03-09"),
        ({"period": 365, "unit": "day"}, "2026-03-10", "2026-03-09"),
        ({"period": 12, "rounding": "month"}, "2026-03-31", "2026-03-31"),
        ({"model": "anniversary"}, "2026-03-10", "2026-03-09"),
        ({"model": "calendar", "cut_offs": ("12-31",)}, "2025-12-31", "2025-12-31"),
        # As short as the shortest validity, which counts in the same way.
        ({"period": 30, "unit": "day", "min_validity_days": 30}, "2025-04-09", "2025-04-08"),
        ({"period": 1, "unit": "day", "min_validity_days": 30}, "2025-04-09", "2025-04-08"),
        ({"period": 1, "unit": "day", "min_validity_days": 0}, "2025-03-11", "2025-03-10"),
    ],
)
def test_points_are_usable_through_the_day_that_the_currency_means(terms, through, before):
    assert last_day("through", **terms) == through
    assert last_day("before", **terms) == before


def test_a_period_from_the_first_of_a_month_rounds_to_the_month_in_which_it_ends():
    first = datetime(2025, 3, 1, 12, tzinfo=UTC)
    assert last_day("through", earned=first, rounding="month") == "2026-03-31"
    assert last_day("before", earned=first, rounding="month") == "2026-02-28"


@pytest.mark.parametrize(("period_end", "expected"), [("through", "2026-03-10"), ("before", "2026-03-09")])
def test_a_balance_that_nobody_moves_ends_in_the_same_way(period_end, expected):
    terms = Terms("activity", period=12, period_end=period_end)
    end = end_of_inactivity(terms, last_activity_at=NOON, zone=PARIS)
    assert instants.last_day(end, PARIS).isoformat() == expected


def test_a_balance_may_live_to_the_end_of_a_chosen_month():
    terms = Terms("activity", period=12, rounding="chosen", rounding_month=6)
    end = end_of_inactivity(terms, last_activity_at=NOON, zone=PARIS)
    assert instants.last_day(end, PARIS) == date(2026, 6, 30)


def test_days_of_grace_and_of_notice_count_in_the_same_way():
    assert instants.last_day(days_from(NOON, 30, PARIS), PARIS) == date(2025, 4, 9)
    assert instants.last_day(days_from(NOON, 30, PARIS, "before"), PARIS) == date(2025, 4, 8)


@pytest.mark.parametrize("period_end", ["through", "before"])
def test_nothing_is_born_expired_whichever_day_is_the_last(period_end):
    late = end_of_lot(
        Terms("fixed", period=1, unit="day", min_validity_days=0, period_end=period_end),
        earned_at=datetime(2024, 1, 1, tzinfo=UTC),
        processed_at=NOON,
        zone=PARIS,
    )
    assert (late.is_floored, instants.last_day(late.at, PARIS)) == (True, date(2025, 3, 10))


def test_the_document_says_which_day_is_the_last():
    made = changed(("currencies", 0, "expiry"), {"period": 12, "period_end": "before"})
    assert document.check(made) == []
    full = document.normal(made)
    assert full["currencies"][0]["expiry"]["period_end"] == "before"
    assert compiling.build(full).currencies["points"].expiry.period_end == "before"
    made["currencies"][0]["expiry"]["period_end"] = "after"
    problems = [str(problem) for problem in document.check(made)]
    assert problems == ["currencies[0].expiry.period_end: must be one of through, before"]


def test_a_version_from_before_there_was_a_choice_means_through():
    old = document.normal(changed(("currencies", 0, "expiry"), {"period": 12}))
    del old["currencies"][0]["expiry"]["period_end"]
    assert compiling.build(old).currencies["points"].expiry.period_end == "through"
    assert compiled().currencies["points"].expiry.period_end == "through"
