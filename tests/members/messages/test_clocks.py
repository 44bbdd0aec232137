"""When do quiet hours end, when does a digest leave, and how many messages may reach a member? Without a database."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from members.messages import clocks, limits

PARIS, APIA, CAIRO = ZoneInfo("Europe/Paris"), ZoneInfo("Pacific/Apia"), ZoneInfo("Africa/Cairo")


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "begins", "ends", "until"),
    [
        # Winter: Paris is one hour ahead.
        ("2026-01-10T20:59", "22:00", "08:00", None),
        ("2026-01-10T21:00", "22:00", "08:00", "2026-01-11T07:00"),
        ("2026-01-11T02:00", "22:00", "08:00", "2026-01-11T07:00"),
        ("2026-01-11T07:00", "22:00", "08:00", None),
        ("2026-01-10T12:00", "12:00", "14:00", "2026-01-10T13:00"),
        ("2026-01-10T13:00", "12:00", "14:00", None),
        ("2026-01-10T10:59", "12:00", "14:00", None),
        # The night in which clocks are put forward is an hour shorter.
        ("2026-03-28T21:30", "22:00", "08:00", "2026-03-29T06:00"),
        # Its 02:30 does not exist: quiet until clocks jump over it.
        ("2026-03-29T00:30", "22:00", "02:30", "2026-03-29T01:00"),
        # The night in which they are put back is an hour longer, and has two 02:30.
        ("2026-10-24T21:30", "22:00", "08:00", "2026-10-25T07:00"),
        ("2026-10-24T23:30", "22:00", "02:30", "2026-10-25T00:30"),
        ("2026-10-25T01:10", "22:00", "02:30", "2026-10-25T01:30"),
        ("2026-12-31T23:30", "22:00", "00:00", None),
        ("2026-12-31T22:30", "22:00", "00:00", "2026-12-31T23:00"),
    ],
)
def test_quiet_hours_end_by_the_clock_of_the_member_also_past_midnight_and_when_clocks_change(
    now, begins, ends, until
):
    found = clocks.quiet_until(utc(now), PARIS, time.fromisoformat(begins), time.fromisoformat(ends))
    assert found == (utc(until) if until else None)


def test_without_quiet_hours_nobody_is_left_alone():
    assert clocks.quiet_until(utc("2026-01-10T03:00"), PARIS, None, None) is None


@pytest.mark.parametrize(
    ("now", "zone", "at"),
    [
        ("2026-01-10T07:59", PARIS, "2026-01-10T08:00"),
        ("2026-01-10T08:00", PARIS, "2026-01-11T08:00"),
        ("2026-07-10T07:30", PARIS, "2026-07-11T07:00"),
        ("2026-01-10T22:00", APIA, "2026-01-11T20:00"),
        ("2026-03-28T12:00", PARIS, "2026-03-29T07:00"),
    ],
)
def test_a_digest_leaves_at_the_next_nine_where_the_member_is(now, zone, at):
    assert clocks.next_at(utc(now), zone, time(9)) == utc(at)


def test_a_time_over_which_clocks_jump_is_when_they_do():
    # 24 April 2026 in Cairo has no midnight.
    assert clocks.next_at(utc("2026-04-23T12:00"), CAIRO, time(0, 0)) == utc("2026-04-23T22:00")


NOW = utc("2026-05-10T12:00")
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("hours_ago", "per_day", "per_week", "in_hours"),
    [
        ([], 1, 1, None),
        ([1], 0, 0, None),
        ([1], 1, 0, 23),
        ([24], 1, 0, None),
        ([1, 5], 3, 2, 163),
        ([1, 5], 2, 9, 19),
        ([30, 60, 100], 1, 3, 68),
        ([1, 60, 100], 1, 3, 68),
        ([1, 60, 167], 1, 3, 23),
    ],
)
def test_a_limit_leaves_room_when_the_oldest_that_fill_it_are_a_day_or_a_week_old(
    hours_ago, per_day, per_week, in_hours
):
    sent = [NOW - hours * HOUR for hours in hours_ago]
    found = limits.free_at(sent, NOW, per_day=per_day, per_week=per_week)
    assert found == (NOW + in_hours * HOUR if in_hours else None)
