"""Which conditions ask the clock and the calendar of the program?"""

import re
from datetime import date, time, timedelta

from loyalty_site.lib import instants
from loyalty_site.lib.json_types import ExactJson
from programs.rules.base import Basket, Facts
from programs.rules.conditions.base import MOST, Condition, either, listing
from programs.written import is_day_of_year

#: How many spans of days a rule may list.
MOST_SPANS = 100

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


class Weekdays(Condition):
    """Days of the week by their ISO numbers, in the program's zone."""

    key, hint = "weekdays", "weekdays, 1 (Monday) to 7 (Sunday)"
    wanted: frozenset[int]

    def __init__(self, value: ExactJson) -> None:
        given = value if isinstance(value, list) and len(value) <= MOST else []
        days = [day for day in given if type(day) is int and 1 <= day <= 7]
        if not days or len(days) < len(given):
            raise ValueError(f"must be a list of {self.hint}")
        self.wanted = frozenset(days)

    def holds(self, basket: Basket, facts: Facts) -> bool:
        return basket.local.isoweekday() in self.wanted

    def miss(self, basket: Basket, facts: Facts) -> str:
        wanted = [WEEKDAYS[day - 1] for day in sorted(self.wanted)]
        return f"it was a {WEEKDAYS[basket.local.weekday()]}, needs {listing(wanted)}"

    def says(self) -> str:
        days = sorted(self.wanted)
        if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
            return f"{WEEKDAYS[days[0] - 1][:3]} to {WEEKDAYS[days[-1] - 1][:3]}"
        return f"on {either([WEEKDAYS[day - 1] for day in days])}"

    def example(self, basket: Basket) -> Basket:
        local = basket.local
        while local.isoweekday() not in self.wanted:
            local += timedelta(days=1)
        return basket._replace(local=local)


class Hours(Condition):
    """From the first time of day up to, not including, the second; over midnight when it is the smaller one."""

    key, hint = "hours", 'two times, like ["17:00", "19:00"]'
    wanted: tuple[time, time]

    def __init__(self, value: ExactJson) -> None:
        given = value if isinstance(value, list) else []
        times = [text for text in given if isinstance(text, str) and _TIME.fullmatch(text)]
        if len(given) != 2 or len(times) != 2:
            raise ValueError(f"must be {self.hint}")
        if times[0] == times[1]:
            raise ValueError("must be two different times; leave the condition out for the whole day")
        self.wanted = time.fromisoformat(times[0]), time.fromisoformat(times[1])

    def holds(self, basket: Basket, facts: Facts) -> bool:
        start, end = self.wanted
        now = basket.local.time()
        return start <= now < end if start < end else now >= start or now < end

    def miss(self, basket: Basket, facts: Facts) -> str:
        start, end = self.wanted
        return f"it was {basket.local:%H:%M}, needs {start:%H:%M} to {end:%H:%M}"

    def says(self) -> str:
        start, end = self.wanted
        return f"from {start:%H:%M} to {end:%H:%M}"

    def example(self, basket: Basket) -> Basket:
        start, _ = self.wanted
        return basket._replace(local=basket.local.replace(hour=start.hour, minute=start.minute))


class Dates(Condition):
    """Spans of local days, both ends inclusive: of some year, or as month and day of every year, which may go over
    the new year."""

    key = "dates"
    hint = 'spans of days, like [["2026-12-01", "2026-12-24"]], or of every year, like [["12-01", "12-24"]]'

    def __init__(self, value: ExactJson) -> None:
        given = value if isinstance(value, list) and len(value) <= MOST_SPANS else []
        spans = [(span[0], span[1]) for span in given if isinstance(span, list) and len(span) == 2]
        if not spans or len(spans) < len(given):
            raise ValueError(f"must be a list of 1 to {MOST_SPANS} {self.hint}")
        self.spans = [_span(first, last) for first, last in spans]

    def holds(self, basket: Basket, facts: Facts) -> bool:
        return any(_contains(span, basket.local.date()) for span in self.spans)

    def miss(self, basket: Basket, facts: Facts) -> str:
        return f"it was {instants.full_day(basket.local.date())}, needs {listing(list(map(_said, self.spans)))}"

    def says(self) -> str:
        return either([_said(span) for span in self.spans])

    def example(self, basket: Basket) -> Basket:
        today = basket.local.date()
        coming = [today + timedelta(days=days) for days in range(366)]
        days = [day for day in coming if any(_contains(span, day) for span in self.spans)]
        # Where all of them are over, the first day of the last one.
        day = days[0] if days else date.fromisoformat(max(first for first, _ in self.spans))
        return basket._replace(local=basket.local.replace(year=day.year, month=day.month, day=day.day))


def _span(first: ExactJson, last: ExactJson) -> tuple[str, str]:
    """Both days as text, which is in the order of the calendar."""
    if not isinstance(first, str) or not isinstance(last, str):
        raise ValueError(f"must be a list of {Dates.hint}")
    if is_day_of_year(first) and is_day_of_year(last):
        return first, last
    if not instants.day(first) or not instants.day(last):
        named = "”, “".join(text[:20] for text in (first, last))
        raise ValueError(f"“{named}” are not two days like 2026-12-01, or two of every year like 12-01")
    if last < first:
        raise ValueError(f"{first} to {last} ends before it begins")
    return first, last


def _contains(span: tuple[str, str], day: date) -> bool:
    first, last = span
    text = day.isoformat() if len(first) > 5 else f"{day:%m-%d}"
    return first <= text <= last if first <= last else text >= first or text <= last


def _said(span: tuple[str, str]) -> str:
    first, last = span
    if len(first) > 5:
        return f"from {_full(first)} to {_full(last)}"
    return f"each year from {_of_year(first)} to {_of_year(last)}"


def _full(text: str) -> str:
    return instants.full_day(date.fromisoformat(text))


def _of_year(text: str) -> str:
    month, day = text.split("-")
    return f"{int(day)} {instants.MONTHS[int(month) - 1]}"


CONDITIONS: tuple[type[Condition], ...] = (Weekdays, Hours, Dates)
