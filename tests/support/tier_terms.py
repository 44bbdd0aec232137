"""How may a ladder be set up, and when do its cycles begin and end? For the model of tiers; by the calendar alone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Paris")
DAY = timedelta(days=1)
#: The window of what has no cycles: all time.
ALWAYS = date(1, 1, 1)


def midnight(day):
    return datetime(day.year, day.month, day.day, tzinfo=ZONE)


def local(at):
    return at.astimezone(ZONE).date()


def months_after(day, months):
    """The same day so many months later, or the last of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for number in range(day.day, 27, -1):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    return date(year, month + 1, day.day)


def after(day, count, unit):
    return months_after(day, count) if unit == "month" else day + count * DAY


def last_of(day, months):
    """The last day of the month, quarter, half-year or year that a day lies in."""
    while (day + DAY).day != 1 or day.month % months:
        day += DAY
    return day


ROUNDED = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


@dataclass(frozen=True)
class Terms:
    """A ladder as it is set up. `entry` and `retention` have, per tier from the lowest, a number per currency."""

    model: str
    names: tuple
    entry: tuple
    retention: tuple
    needs_all: bool = False
    cycle_start: tuple = (1, 1)
    window: tuple = (12, "month")
    validity: str = "none"
    period: tuple = (12, "month")
    period_end: str = "before"
    rounding: str = "none"
    on_end: str = "to_earned"
    grace: tuple = (0, "day")
    grace_to_month_end: bool = False
    rollover: bool = False
    rollover_limit: int | None = None
    late_window: int = 30

    @property
    def has_cycles(self):
        return self.model in ("calendar", "anniversary")

    def meets(self, wanted, counts):
        hits = [count >= need for need, count in zip(wanted, counts, strict=True)]
        return all(hits) if self.needs_all else any(hits)

    def reached(self, counts):
        """The place of the highest tier that is reached, -1 for none."""
        return max((place for place, need in enumerate(self.entry) if self.meets(need, counts)), default=-1)

    def is_base(self, place):
        """Whether a tier asks for nothing, so that it has no end either."""
        return place == self.reached((0,) * len(self.entry[0]))

    def keeps(self, place, counts):
        return self.is_base(place) or self.meets(self.retention[place], counts)

    def below(self, place, counts):
        """Where somebody goes who could not keep a tier."""
        if self.on_end == "one_level":
            return place - 1
        if self.on_end == "to_base":
            return 0 if self.is_base(0) else -1
        return max((lower for lower in range(place) if self.keeps(lower, counts)), default=-1)


@cache
def begins(terms, enrolled_on, day):
    """Whether a cycle begins on a day."""
    anchor = enrolled_on if terms.model == "anniversary" else date(2000, *terms.cycle_start)
    return terms.has_cycles and day == months_after(anchor, 12 * (day.year - anchor.year))


@cache
def cycle_of(terms, enrolled_on, day):
    """The first day of the cycle of a day."""
    while not begins(terms, enrolled_on, day):
        day -= DAY
    return day


@cache
def last_of_cycle(terms, enrolled_on, day):
    while not begins(terms, enrolled_on, day + DAY):
        day += DAY
    return day
