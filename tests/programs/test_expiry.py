"""When do points end? (semantics C1, C10)"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from programs.expiry import Terms, end_of_lot

PARIS = ZoneInfo("Europe/Paris")
YEAR = Terms(model="fixed", period=12, unit="month", rounding="none")


def zulu(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def end(terms, earned, *, processed=None, zone=PARIS):
    return end_of_lot(terms, earned_at=zulu(earned), processed_at=zulu(processed or earned), zone=zone)


@pytest.mark.parametrize(
    ("earned", "expected"),
    [("2025-01-31T23:10", "2026-02-28T23:00"), ("2025-01-31T22:30", "2026-01-31T23:00")],
    ids=["C1-X3: 1 February 00:10 in Paris", "C1-X3: forty minutes earlier, 28 days less"],
)
def test_the_zone_decides_the_month(earned, expected):
    terms = Terms(model="fixed", period=12, unit="month", rounding="month")
    assert end(terms, earned).at == zulu(expected)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (YEAR, "2026-03-10T23:00"),
        (Terms("fixed", 365, "day"), "2026-03-10T23:00"),
        (Terms("fixed", 2, "year", "year"), "2027-12-31T23:00"),
        (Terms("fixed", 3, "month", "quarter"), "2025-06-30T22:00"),
    ],
)
def test_points_last_through_the_last_day_of_their_period(terms, expected):
    """C1-R3, C10-R1"""
    assert end(terms, "2025-03-10T12:00").at == zulu(expected)
    assert not end(terms, "2025-03-10T12:00").is_floored


def test_points_without_a_rule_never_end():
    assert end(Terms(), "2025-03-10T12:00").at is None


def test_the_last_day_is_whole_where_the_next_has_no_midnight():
    """C1-!: 25 April 2025 starts at 01:00 in Cairo."""
    terms = Terms("fixed", 1, "month", min_validity_days=0)
    assert end(terms, "2025-03-24T12:00", zone=ZoneInfo("Africa/Cairo")).at == zulu("2025-04-24T22:00")


def test_points_are_never_born_expired():
    """C10-!: booked two years late they still live thirty days, and say so."""
    late = end(YEAR, "2023-03-10T12:00", processed="2025-03-10T12:00")
    assert late.is_floored
    # Thirty whole days after the day of booking; Paris is an hour ahead by then.
    assert late.at == zulu("2025-04-09T22:00")


def test_points_that_would_end_within_the_shortest_validity_get_it():
    """C10-!"""
    processed = zulu("2025-03-10T12:00")
    for days_ago in range(300, 400):
        earned = processed - timedelta(days=days_ago)
        lot = end_of_lot(YEAR, earned_at=earned, processed_at=processed, zone=PARIS)
        assert lot.at > processed + timedelta(days=30)
        # 335 days ago was 9 April 2024: it ends with 9 April 2025, half a day past the shortest validity.
        assert lot.is_floored == (days_ago > 335)


def test_no_shortest_validity_still_leaves_the_day_of_booking():
    terms = Terms("fixed", 1, "day", min_validity_days=0)
    assert end(terms, "2025-01-01T12:00", processed="2025-03-10T12:00").at == zulu("2025-03-10T23:00")
