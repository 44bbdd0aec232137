"""When does a day, a month or a year begin and end in a program's zone? Pure functions.

Dates are local to the program; instants are UTC. Source of the rules: semantics C1.
"""

import calendar
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from loyalty_site.lib.memoising import memoised

ONE_DAY = timedelta(days=1)


@memoised
def local_date(instant: datetime, zone: tzinfo) -> date:
    """The date that a wall calendar in `zone` shows at `instant`; a posting asks it of few instants very often."""
    return instant.astimezone(zone).date()


@memoised
def start_of_day(day: date, zone: tzinfo) -> datetime:
    """The first instant (UTC) of the local `day`.

    Where midnight does not exist (Africa/Cairo, 25 April 2025) it is the first instant that does;
    where it happens twice it is the first of the two.
    """
    midnight = datetime.combine(day, time.min, tzinfo=zone)
    instant = midnight.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return instant
    # A gap: fold=0 applies the offset from before it and so lands as far behind the gap's end as midnight
    # lies behind its start. Midnight starts the gap or lies inside it: look for the change of the offset.
    low, high = instant - timedelta(hours=3), instant
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if local_date(middle, zone) >= day:
            high = middle
        else:
            low = middle
    return high.replace(microsecond=0)


@memoised
def end_of_day(day: date, zone: tzinfo) -> datetime:
    """The first instant after the local `day`: what is valid through `day` ends here (C1-R3)."""
    return start_of_day(day + ONE_DAY, zone)


def add_months(anchor: date, months: int) -> date:
    """`anchor` plus so many months, clamped to the month's end. Always from the anchor, never chained."""
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    day = anchor.day
    if day > 28:
        day = min(day, calendar.monthrange(year, month + 1)[1])
    return date(year, month + 1, day)


def add(anchor: date, count: int, unit: str) -> date:
    """`anchor` plus `count` of "day", "month" or "year"."""
    if unit == "day":
        return anchor + timedelta(days=count)
    return add_months(anchor, count * (12 if unit == "year" else 1))


def last_day(anchor: date, count: int, unit: str, period_end: str = "through") -> date:
    """The last day of a period of `count` of "day", "month" or "year" that begins on the day `anchor`.

    `period_end` says whether the day on which it is complete belongs to it (semantics C1-R3b): 12 months from
    10 March last through 10 March, or with "before" through 9 March. No period ends before its first day.
    """
    complete = add(anchor, count, unit)
    return max(anchor, complete - ONE_DAY) if period_end == "before" else complete


#: How many months the period has that a date is rounded to the end of.
_MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


def round_up(day: date, to: str) -> date:
    """The last day of the month, quarter, half_year or year that `day` lies in; "none" leaves it."""
    if to == "none":
        return day
    size = _MONTHS[to]
    first = date(day.year, (day.month - 1) // size * size + 1, 1)
    return add_months(first, size) - ONE_DAY
