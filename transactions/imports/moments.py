"""Which moment does a text name? By ISO 8601 or a pattern of `strptime`, with its offset where it names one."""

import re
from contextlib import suppress
from datetime import date, datetime, time, timedelta, timezone
from functools import cache

ISO = "iso"

_OFFSET = r"(?P<offset>[+-]\d\d(?::?\d\d)?|[Zz]|UTC|GMT)"
_CLOCK = r"(?P<clock>\d[\d:.,]*)"
_DAY = r"(?P<date>\d{4}-\d\d-\d\d|\d{8}|\d{4}-?W\d\d(?:-?\d)?)"
#: `fromisoformat` takes any character for a `T`, and so the offset of 2026-10-07+02:00 for a time.
_ISO_DATE = re.compile(rf"{_DAY}(?:[Tt ]{_CLOCK})?(?: *{_OFFSET})?", re.ASCII)
_ISO_TIME = re.compile(rf"{_CLOCK}(?: *{_OFFSET})?", re.ASCII)

#: What the documentation of Python knows, and `strptime` of some of its versions does not.
_LONGER = {"%F": "%Y-%m-%d", "%T": "%H:%M:%S", "%R": "%H:%M", "%D": "%m/%d/%y", "%:z": "%z", "%Z": "%z"}
_DIRECTIVE = re.compile(r"%:?.", re.DOTALL)
#: An offset of hours alone, and one with a single digit of them, which `strptime` does not read.
_SHORT_OFFSET = re.compile(r"(?<=[\d ])([+-])(\d{1,2})(?::(\d\d))?$", re.ASCII)
#: The only names that mean one offset wherever they are written.
_UTC = re.compile(r"(?<![A-Za-z])(?:UTC|GMT)(?![A-Za-z])", re.IGNORECASE)

#: No two parts alike, so that one in the place of another shows.
_SAMPLE = datetime(2031, 12, 28, 13, 45, tzinfo=timezone(timedelta(hours=5, minutes=30)))


def problem_of(pattern: object, *, is_time: bool) -> str:
    """Why `pattern` cannot say a date (or a time); "" if it can."""
    what = "%H:%M" if is_time else "%d.%m.%Y"
    wrong = f"must be iso or a pattern that says it in full, like {what}"
    if not isinstance(pattern, str):
        return wrong
    if pattern == ISO:
        return ""
    found = None
    # `strptime` raises re.error where a part stands twice.
    with suppress(ValueError, re.error):
        written, _ = _expanded(pattern)
        found = datetime.strptime(_SAMPLE.strftime(written), written)
    if found is None or (is_time and found.time() != _SAMPLE.time()):
        return wrong
    if not is_time and found.date() != _SAMPLE.date():
        return wrong
    # A pattern of a date may leave the time out, but half a time would be read as another one.
    return "" if found.hour in (0, _SAMPLE.hour) else "must say with %p which half of the day %I counts"


@cache
def _expanded(pattern: str) -> tuple[str, bool]:
    """(the pattern that every `strptime` reads, whether it names its zone)."""
    directives = _DIRECTIVE.findall(pattern)
    return _DIRECTIVE.sub(lambda found: _LONGER.get(found[0], found[0]), pattern), "%Z" in directives


def read_date(text: str, pattern: str) -> datetime:
    """The date that `text` names, with its time and its offset where it has them. Raises ValueError."""
    if pattern != ISO:
        return _by_pattern(text, pattern)
    found = _ISO_DATE.fullmatch(text)
    if not found:
        raise ValueError(text)
    return datetime.fromisoformat(f"{found['date']}T{found['clock'] or '00'}{_offset(found)}")


def read_time(text: str, pattern: str) -> time:
    """The time of day that `text` names, with its offset where it has one. Raises ValueError."""
    if pattern != ISO:
        return _by_pattern(text, pattern).timetz()
    found = _ISO_TIME.fullmatch(text.removeprefix("T"))
    if not found:
        raise ValueError(text)
    return time.fromisoformat(f"{found['clock']}{_offset(found)}")


def read_day(text: str, pattern: str) -> date:
    """The day that `text` names, without a time. Raises ValueError."""
    return date.fromisoformat(text) if pattern == ISO else _by_pattern(text, pattern).date()


def _offset(found: re.Match[str]) -> str:
    offset = (found["offset"] or "").upper()
    return "+00:00" if offset in ("Z", "UTC", "GMT") else offset


def _by_pattern(text: str, pattern: str) -> datetime:
    written, has_zone = _expanded(pattern)
    # `strptime` reads the names of zones and forgets them.
    text = _UTC.sub("+0000", text) if has_zone else text
    if written.endswith("%z"):
        text = _SHORT_OFFSET.sub(lambda found: f"{found[1]}{found[2]:0>2}{found[3] or '00'}", text)
    return datetime.strptime(text, written)
