"""When do days, months and years begin and end, whatever the zone does? (semantics C1)"""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programs import periods

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
dates = st.dates(date(1950, 1, 1), date(2100, 12, 31))


def zulu(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("anchor", "months", "expected"),
    [
        ("2025-01-31", 1, "2025-02-28"),
        ("2025-01-31", 2, "2025-03-31"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 24, "2026-02-28"),
        ("2024-02-29", 36, "2027-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2025-12-31", 2, "2026-02-28"),
        ("2025-01-15", -1, "2024-12-15"),
    ],
)
def test_months_clamp_to_the_end_and_count_from_the_anchor(anchor, months, expected):
    """C1-X1"""
    assert periods.add_months(date.fromisoformat(anchor), months) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("count", "unit", "expected"),
    [(12, "month", "2024-03-01"), (365, "day", "2024-02-29"), (1, "year", "2024-03-01")],
)
def test_twelve_months_are_not_365_days(count, unit, expected):
    """C1-X2"""
    assert periods.add(date(2023, 3, 1), count, unit) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("day", "to", "expected"),
    [
        ("2025-02-03", "none", "2025-02-03"),
        ("2025-02-03", "month", "2025-02-28"),
        ("2024-02-03", "month", "2024-02-29"),
        ("2025-02-03", "quarter", "2025-03-31"),
        ("2025-10-01", "quarter", "2025-12-31"),
        ("2025-07-01", "half_year", "2025-12-31"),
        ("2025-06-30", "half_year", "2025-06-30"),
        ("2025-12-31", "year", "2025-12-31"),
    ],
)
def test_a_date_rounds_up_to_the_end_of_its_period(day, to, expected):
    """C10-R1"""
    assert periods.round_up(date.fromisoformat(day), to) == date.fromisoformat(expected)


STARTS = [
    pytest.param("Africa/Cairo", "2025-04-25", "2025-04-24T22:00", id="C1-!: Cairo has no midnight that day"),
    pytest.param("Africa/Cairo", "2025-04-26", "2025-04-25T21:00", id="C1-!: Cairo, the day after"),
    pytest.param("Europe/Paris", "2025-03-30", "2025-03-29T23:00", id="C1-!: Paris, 23 hours begin"),
    pytest.param("Europe/Paris", "2025-03-31", "2025-03-30T22:00", id="C1-!: Paris, 23 hours end"),
    pytest.param("Europe/Paris", "2025-10-26", "2025-10-25T22:00", id="C1-!: Paris, 25 hours begin"),
    pytest.param("Europe/Paris", "2025-10-27", "2025-10-26T23:00", id="C1-!: Paris, 25 hours end"),
    pytest.param("Pacific/Kiritimati", "2025-06-01", "2025-05-31T10:00", id="C1-!: the first place on earth"),
    pytest.param("Pacific/Pago_Pago", "2025-06-01", "2025-06-01T11:00", id="C1-!: the last place on earth"),
    pytest.param("America/Havana", "2025-11-02", "2025-11-02T04:00", id="midnight happens twice: the first"),
    pytest.param("Pacific/Apia", "2011-12-30", "2011-12-30T10:00", id="the day that Samoa left out"),
    pytest.param("America/Toronto", "1919-03-31", "1919-03-31T04:30", id="midnight inside a gap, 23:30 to 00:30"),
    pytest.param("Asia/Kathmandu", "2025-01-01", "2024-12-31T18:15", id="an odd offset"),
]


@pytest.mark.parametrize(("zone", "day", "start"), STARTS)
def test_a_day_starts_at_its_first_valid_instant(zone, day, start):
    assert periods.start_of_day(date.fromisoformat(day), ZoneInfo(zone)) == zulu(start)


def test_an_end_date_is_inclusive():
    """C1-R3: usable through the day, over at the first instant of the next one."""
    paris = ZoneInfo("Europe/Paris")
    assert periods.end_of_day(date(2025, 3, 30), paris) == zulu("2025-03-30T22:00")
    assert periods.end_of_day(date(2025, 3, 30), paris) == periods.start_of_day(date(2025, 3, 31), paris)


@pytest.mark.parametrize("zone", ZONES)
def test_days_of_every_zone_start_one_after_the_other_at_their_first_instant(zone):
    zone = ZoneInfo(zone)
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(3 * 366)]
    starts = [periods.start_of_day(day, zone) for day in days]
    assert all(before < after for before, after in pairwise(starts))
    for day, start in zip(days, starts, strict=True):
        assert periods.local_date(start, zone) == day
        assert periods.local_date(start - timedelta(seconds=1), zone) < day


@given(st.sampled_from(ZONES), dates)
def test_a_day_starts_at_its_first_instant_in_every_year(zone, day):
    zone = ZoneInfo(zone)
    start = periods.start_of_day(day, zone)
    # A day that its zone left out (Apia, 30 December 2011) starts with the next one.
    assert periods.local_date(start, zone) >= day
    assert periods.local_date(start - timedelta(seconds=1), zone) < day


@given(dates, st.integers(-600, 600))
def test_adding_months_lands_in_the_right_month_on_the_same_day_or_its_last(day, months):
    landed = periods.add_months(day, months)
    assert (landed.year * 12 + landed.month) - (day.year * 12 + day.month) == months
    assert landed.day == day.day or (landed.day < day.day and (landed + timedelta(days=1)).day == 1)


@given(dates, st.sampled_from(["none", "month", "quarter", "half_year", "year"]))
def test_rounding_up_never_goes_back_and_rests(day, to):
    end = periods.round_up(day, to)
    assert end >= day
    assert periods.round_up(end, to) == end
    assert to == "none" or (end + timedelta(days=1)).day == 1
