"""What does one cell of a file say: a number, or a moment?"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, time, tzinfo
from typing import Protocol, TypeVar

from loyalty_site.lib.refusals import Refused
from programs import periods
from transactions.imports import moments
from transactions.imports.layout import Layout

T = TypeVar("T")

#: How what is read by `iso` looks.
_EXAMPLES = {
    "date": "2026-12-31, 2026-12-31T18:30:00 or 2026-12-31 18:30:00 +02:00",
    "time": "18:30, 18:30:00 or 18:30 +02:00",
    "birth_date": "2026-12-31",
}


class Misread(Refused):
    """A cell does not say what its column is for."""

    code = "invalid_value"


class Take(Protocol):
    """Converts the value of a name; what is refused is noted, and None instead of it."""

    def __call__(self, convert: Callable[..., T], name: str, *rest: str) -> T | None: ...


def number(name: str, text: str, layout: Layout) -> str:
    """A number in the file's own notation as one with a decimal point. Raises Misread."""
    if not text:
        raise Misread("The cell is empty; write a number.", field=name)
    if layout.thousands and layout.thousands in text:
        groups, sign, rest = text.partition(layout.decimal)
        if not re.fullmatch(rf"-?\d{{1,3}}({re.escape(layout.thousands)}\d{{3}})+", groups):
            raise Misread(f"“{layout.thousands}” does not stand between thousands here.", field=name)
        text = groups.replace(layout.thousands, "") + sign + rest
    if layout.decimal == ",":
        if "." in text:
            raise Misread("The mapping says that the decimal sign is a comma; here is a point.", field=name)
        text = text.replace(",", ".")
    return text


def parsed(name: str, text: str, pattern: str, read: Callable[[str, str], T]) -> T:
    """What `text` says by the pattern. Raises Misread."""
    try:
        return read(text, pattern)
    except ValueError:
        what = _EXAMPLES.get(name, _EXAMPLES["date"]) if pattern == moments.ISO else pattern
        what += " (by %Z: UTC or GMT; other names have several offsets)" if "%Z" in pattern else ""
        raise Misread(f"There is no such {name}; it is read as {what}.", field=name) from None


def safely(name: str, compute: Callable[[], T]) -> T:
    """The calendar ends in the years 1 and 9999. Raises Misread."""
    try:
        return compute()
    except (OverflowError, ValueError):
        raise Misread("The date lies outside the calendar.", field=name) from None


def instant(name: str, found: datetime, zone: tzinfo, *, is_end: bool = False) -> datetime:
    """The instant of what was read; a day without a time is its first one, or as an end the first one behind it."""
    if found.tzinfo is not None:
        return safely(name, lambda: found.astimezone(UTC))
    if found.time() == time.min:
        bound = periods.end_of_day if is_end else periods.start_of_day
        return safely(name, lambda: bound(found.date(), zone))
    return safely(name, lambda: found.replace(tzinfo=zone).astimezone(UTC))
