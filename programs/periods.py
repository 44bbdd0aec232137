"""When does a day, a month or a year begin and end in a program's zone? Pure functions.

Dates are local to the program; instants are UTC. Source of the rules: semantics C1.
"""

import calendar
from datetime import UTC, date, datetime, time, timedelta


def local_date(instant, zone):
    """The date that a wall calendar in `zone` shows at `instant`."""
    return instant.astimezone(zone).date()


def start_of_day(day, zone):
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


def end_of_day(day, zone):
    """The first instant after the local `day`: what is valid through `day` ends here (C1-R3)."""
    return start_of_day(day + timedelta(days=1), zone)


def add_months(anchor, months):
    """`anchor` plus so many months, clamped to the month's end. Always from the anchor, never chained."""
    index = anchor.year * 12 + anchor.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(anchor.day, calendar.monthrange(year, month + 1)[1]))


def add(anchor, count, unit):
    """`anchor` plus `count` of "day", "month" or "year"."""
    if unit == "day":
        return anchor + timedelta(days=count)
    return add_months(anchor, count * (12 if unit == "year" else 1))


#: How many months the period has that a date is rounded to the end of.
_MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


def round_up(day, to):
    """The last day of the month, quarter, half_year or year that `day` lies in; "none" leaves it."""
    if to == "none":
        return day
    size = _MONTHS[to]
    first = date(day.year, (day.month - 1) // size * size + 1, 1)
    return add_months(first, size) - timedelta(days=1)
