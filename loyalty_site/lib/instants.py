"""Which instant or day does a text say? As RFC 3339 writes them, and in no other way."""

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, tzinfo

from loyalty_site.lib.memoising import memoised

#: Years in which anything that a loyalty program speaks of can lie; both databases and `datetime` bear them.
FIRST_YEAR, LAST_YEAR = 1900, 2199

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LONGEST = 40
#: Their first three letters are what they are called in short.
MONTHS = "January February March April May June July August September October November December".split()


def instant(text: str) -> datetime | None:
    """The instant that `text` says, in UTC; None for one without a time zone or outside the years."""
    if len(text) > _LONGEST or not _INSTANT.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None


@memoised
def last_day(end: datetime, zone: tzinfo) -> date:
    """The last day, on the calendars of `zone`, on which something is usable that is none any more at `end`.

    In a night very many ask it of the same instant.
    """
    return (end - timedelta(microseconds=1)).astimezone(zone).date()


def full_day(day: date) -> str:
    """A day as people read it, e.g. "31 December 2026"."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year:04}"


def day(text: str) -> date | None:
    """The day that `text` says, like 1984-03-09; None for none of the calendar, or one outside the years."""
    if not _DAY.fullmatch(text):
        return None
    with suppress(ValueError):
        found = date.fromisoformat(text)
        return found if FIRST_YEAR <= found.year <= LAST_YEAR else None
    return None
