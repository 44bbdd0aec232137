"""Every model of expiry, with its roundings, as a table: pure, no database (semantics C10)."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from programs.expiry import NEVER, Terms, days_from, end_of_inactivity, end_of_lot, extended, next_anniversary
from programs.periods import local_date

PARIS = ZoneInfo("Europe/Paris")


def on(year, month, day, hour=12):
    return datetime(year, month, day, hour, tzinfo=UTC)


def last_day(terms, earned_at, enrolled_at=None):
    """The last usable day of points that were booked when they were earned."""
    end = end_of_lot(terms, earned_at=earned_at, processed_at=earned_at, zone=PARIS, enrolled_at=enrolled_at)
    # The end is the first instant behind it.
    return local_date(end.at, PARIS).toordinal() - 1


ROUNDINGS = [
    ("none", 12, date(2026, 2, 10)),
    ("month", 12, date(2026, 2, 28)),
    ("quarter", 12, date(2026, 3, 31)),
    ("half_year", 12, date(2026, 6, 30)),
    ("year", 12, date(2026, 12, 31)),
    ("chosen", 3, date(2026, 3, 31)),
    ("chosen", 2, date(2026, 2, 28)),
    ("chosen", 1, date(2027, 1, 31)),
]


@pytest.mark.parametrize(("rounding", "month", "expected"), ROUNDINGS)
def test_fixed_with_its_roundings(rounding, month, expected):
    terms = Terms("fixed", period=12, rounding=rounding, rounding_month=month)
    assert last_day(terms, on(2025, 2, 10)) == expected.toordinal()


@pytest.mark.parametrize(
    ("unit", "period", "expected"),
    [("day", 365, date(2024, 2, 29)), ("month", 12, date(2024, 3, 1)), ("year", 1, date(2024, 3, 1))],
)
def test_c1_x2_twelve_months_are_not_365_days(unit, period, expected):
    assert last_day(Terms("fixed", period=period, unit=unit), on(2023, 3, 1)) == expected.toordinal()


CALENDAR = [
    (("12-31",), 90, on(2025, 10, 1), date(2025, 12, 31)),
    (("12-31",), 90, on(2025, 10, 5), date(2026, 12, 31)),
    (("03-31", "09-30"), 0, on(2025, 2, 1), date(2025, 3, 31)),
    (("03-31", "09-30"), 0, on(2025, 4, 1), date(2025, 9, 30)),
    (("03-31", "09-30"), 60, on(2025, 2, 10), date(2025, 9, 30)),
    (("02-29",), 0, on(2024, 1, 1), date(2024, 2, 29)),
    (("02-29",), 0, on(2025, 1, 1), date(2025, 2, 28)),
]


@pytest.mark.parametrize(("cut_offs", "age", "earned", "expected"), CALENDAR)
def test_calendar(cut_offs, age, earned, expected):
    assert last_day(Terms("calendar", cut_offs=cut_offs, min_age_days=age), earned) == expected.toordinal()


@pytest.mark.parametrize(
    ("enrolled", "after", "expected"),
    [
        (date(2024, 2, 29), date(2024, 2, 29), date(2025, 2, 28)),
        (date(2024, 2, 29), date(2027, 6, 1), date(2028, 2, 29)),
        (date(2024, 5, 10), date(2025, 5, 9), date(2025, 5, 10)),
        (date(2024, 5, 10), date(2025, 5, 10), date(2026, 5, 10)),
    ],
)
def test_anniversary(enrolled, after, expected):
    assert next_anniversary(enrolled, after=after) == expected


def test_never_and_activity_give_lots_no_end():
    for model in ("never", "activity"):
        assert end_of_lot(
            Terms(model, period=1), earned_at=on(2025, 1, 1), processed_at=on(2025, 1, 1), zone=PARIS
        ) == (NEVER)


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [("none", on(2026, 3, 10, 23)), ("month", on(2026, 3, 31, 22)), ("quarter", on(2026, 3, 31, 22))],
)
def test_c10_x1_inactivity(rounding, expected):
    terms = Terms("activity", period=12, rounding=rounding)
    assert end_of_inactivity(terms, last_activity_at=on(2025, 3, 10), zone=PARIS) == expected


@pytest.mark.parametrize(("months", "expected"), [(1, on(2026, 2, 28, 23)), (3, on(2026, 4, 30, 22))])
def test_an_extension_counts_from_the_last_usable_day(months, expected):
    assert extended(on(2026, 1, 31, 23), months=months, zone=PARIS) == expected


def test_the_floor_is_a_whole_day_in_the_zone_whatever_the_clocks_do():
    # 30 days behind 10 March 2026, over the change to summer time.
    assert days_from(on(2026, 3, 10), 30, PARIS) == on(2026, 4, 9, 22)


def test_the_end_that_lies_exactly_on_the_floor_is_floored():
    terms = Terms("fixed", period=30, unit="day", min_validity_days=30)
    end = end_of_lot(terms, earned_at=on(2026, 1, 1), processed_at=on(2026, 1, 1, 23), zone=PARIS)
    assert (end.at, end.is_floored) == (on(2026, 2, 1, 23), True)
