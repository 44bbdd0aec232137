"""How much of a limit is used up, as its page and that of its promotion draw it?"""

from collections.abc import Iterator
from datetime import date, datetime

from django.db.models import Count, Max

from loyalty_site.lib.panels import Bar, Card, link_to
from programs import capping
from programs.admin.caps import describe, most, quantity
from programs.models import Cap
from programs.periods import local_date

_PERIODS: dict[str, str] = {
    Cap.Period.EVER: "",
    Cap.Period.DAY: " today",
    Cap.Period.WEEK: " this week",
    Cap.Period.MONTH: " this month",
    Cap.Period.QUARTER: " this quarter",
    Cap.Period.YEAR: " this year",
}


def in_units(cap: Cap, used: int) -> int:
    """What a counter of `cap` says, in the unit of its limit: money is counted in parts of its smallest unit."""
    limit = cap.counted_limit()
    return used * cap.limit // limit if limit else 0


def card(cap: Cap, now: datetime) -> Card:
    """The limit in words, and how much of it is used up in the period that is under way."""
    warning = "" if cap.is_active else "Switched off: it limits nothing."
    bars = list(_bars(cap, now)) if cap.is_active else []
    return Card(label=link_to(cap, cap.name), value=most(cap), warning=warning, bars=bars, sentences=[describe(cap)])


def _bars(cap: Cap, now: datetime) -> Iterator[Bar]:
    if cap.scope == Cap.Scope.TRANSACTION or cap.period == Cap.Period.TRAILING:
        return
    when = _PERIODS[cap.period]
    used, counters = _used(cap, now)
    share = min(100, used * 100 // cap.limit)
    if cap.scope == Cap.Scope.PROGRAM:
        yield Bar(f"{quantity(cap, used)} of {most(cap)} used{when} ({share} %)", share)
    elif counters:
        whose = "stores have" if cap.scope == Cap.Scope.STORE else "members have"
        yield Bar(f"{counters:,} {whose} used some{when}; the most {quantity(cap, used)} ({share} %)", share)


def budget(cap: Cap, now: datetime) -> str:
    """How much of a budget is used up, e.g. "120 of 500 Points (24 %)"; of counters that were read along."""
    first = _first_day(cap, now)
    used = in_units(cap, max((one.used for one in cap.counters.all() if one.period == first), default=0))
    return f"{quantity(cap, used)} of {most(cap)} ({min(100, used * 100 // cap.limit)} %)"


def _used(cap: Cap, now: datetime) -> tuple[int, int]:
    """(what the fullest counter of this period says in the unit of the limit, how many counters there are)."""
    counters = cap.counters.filter(period=_first_day(cap, now), used__gt=0)
    found = counters.aggregate(most=Max("used"), count=Count("pk"))
    return in_units(cap, found["most"] or 0), found["count"]


def _first_day(cap: Cap, now: datetime) -> date:
    return capping.first_day(cap.period, local_date(now, cap.program.zone))
