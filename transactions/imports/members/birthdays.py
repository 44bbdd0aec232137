"""When was somebody born, also where nobody knows the year? Systems write a year that cannot be meant instead."""

import re
from contextlib import suppress
from datetime import date, datetime
from typing import NamedTuple

from transactions.imports.moments import ISO

#: Nobody alive was born before: 1004 of Shopify and Smile, 1604 of address books and 0001 stand for "no year".
_FIRST_YEAR = 1900
#: A leap year, so that 29 February is a day of it.
_ANY_LEAP_YEAR = 2000
_YEARS = ("%Y", "%y", "%F", "%D", "%G", "%c", "%x")
_ISO = re.compile(r"(?:(\d{4})-|--)?(\d\d)-(\d\d)(?:[T ].*)?", re.ASCII)


class Birthday(NamedTuple):
    """The day of the year as MM-DD, and the whole date where the year is known."""

    day: str
    born: date | None


def problem_of(pattern: object) -> str:
    """Why `pattern` cannot say a birthday; "" if it can."""
    wrong = "must be iso or a pattern that says day and month, like %d.%m.%Y or %d.%m."
    if not isinstance(pattern, str):
        return wrong
    if pattern == ISO:
        return ""
    sample = date(2031, 12, 28)
    with suppress(ValueError, re.error):
        found = _by_pattern(sample.strftime(pattern), pattern)
        if (found.month, found.day) == (sample.month, sample.day):
            return ""
    return wrong


def read(text: str, pattern: str) -> Birthday:
    """The birthday that `text` names: by ISO 8601, as MM-DD or --MM-DD without a year, or by a pattern.

    Raises ValueError.
    """
    if pattern == ISO:
        found = _ISO.fullmatch(text)
        if not found:
            raise ValueError(text)
        year, month, day = int(found[1] or 0), int(found[2]), int(found[3])
    else:
        at = _by_pattern(text, pattern)
        year, month, day = at.year if _has_year(pattern) else 0, at.month, at.day
    is_known = year >= _FIRST_YEAR
    on = date(year if is_known else _ANY_LEAP_YEAR, month, day)
    return Birthday(f"{on:%m-%d}", on if is_known else None)


def _has_year(pattern: str) -> bool:
    return any(directive in pattern for directive in _YEARS)


def _by_pattern(text: str, pattern: str) -> datetime:
    if _has_year(pattern):
        return datetime.strptime(text, pattern)
    return datetime.strptime(f"{_ANY_LEAP_YEAR} {text}", f"%Y {pattern}")
