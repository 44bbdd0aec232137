"""How far is a member with what a rule counts from one activity to the next? Pure values; what refunds do to them.

What an activity has counted is taken back as what is left of it would have counted, whatever came in between; so the
numbers of a member are always the sum over what the member has kept, in whatever order things come back.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from programs.periods import ONE_DAY
from programs.traces import AdvanceTrace, ReachedTrace

#: A number that nothing was rounded off, as in rules/base.py, which imports this file.
Exact: TypeAlias = int | Fraction

#: What is counted: by these names it stands in the database and in traces. Units are counted in thousandths, money
#: in minor units of the program's own.
UNITS, PURCHASES, MONEY, TIMES = "units", "purchases", "money", "times"
DAYS, WEEKS, MONTHS = "days", "weeks", "months"
PERIODS = frozenset([DAYS, WEEKS, MONTHS])


class Reached(NamedTuple):
    """How far one member is with one rule.

    `counted` is all that was counted, of which `used` has gone into the `rewarded` rewards; after a refund it may be
    less than that. Of a streak: `run` periods in a row up to the one that begins on `last_on`, in which there were
    `in_last` activities; 0 where that is not known any more.
    """

    counted: int = 0
    rewarded: int = 0
    used: int = 0
    run: int = 0
    in_last: int = 0
    last_on: date | None = None

    def trace(self) -> ReachedTrace:
        """As plain JSON, without what is nothing."""
        trace = ReachedTrace()
        if self.counted:
            trace["counted"] = self.counted
        if self.rewarded:
            trace["rewarded"] = self.rewarded
        if self.used:
            trace["used"] = self.used
        if self.last_on:
            trace["run"], trace["in_last"], trace["last_on"] = self.run, self.in_last, self.last_on.isoformat()
        return trace

    @classmethod
    def read(cls, trace: ReachedTrace) -> "Reached":
        last_on = trace.get("last_on")
        return cls(
            trace.get("counted", 0),
            trace.get("rewarded", 0),
            trace.get("used", 0),
            trace.get("run", 0),
            trace.get("in_last", 0),
            date.fromisoformat(last_on) if last_on else None,
        )


class Shown(NamedTuple):
    """What is told of a member's progress: `counted` of the `needed` towards the next reward, and what is missing.

    All three count in units of what `of` says (cups, purchases, money, days ...). `to_go` is None where no further
    reward is given.
    """

    counted: Exact
    needed: Exact
    to_go: Exact | None
    of: str


#: Of whom nothing was counted yet.
NOTHING = Reached()


class Advance(NamedTuple):
    """How an activity changed what a rule counts by some `measure`."""

    measure: str
    before: Reached
    after: Reached

    def trace(self) -> AdvanceTrace:
        """As plain JSON; without `after` where nothing changed."""
        trace: AdvanceTrace = {"counts": self.measure, "before": self.before.trace()}
        if self.after != self.before:
            trace["after"] = self.after.trace()
        return trace

    @classmethod
    def read(cls, trace: AdvanceTrace) -> "Advance":
        before = Reached.read(trace["before"])
        return cls(trace["counts"], before, Reached.read(trace["after"]) if "after" in trace else before)


def stood(traces: Mapping[str, AdvanceTrace]) -> dict[str, Advance]:
    """{code of a rule: Advance} of a trace, also of rules of which nothing changed."""
    return {code: Advance.read(trace) for code, trace in traces.items()}


def kept(advance: Advance, rest: Reached) -> Reached:
    """What still counts of an `advance`, of which `rest` is left: never more than was."""
    before, was = advance.before, advance.after
    if _streak(was) == _streak(before):
        rest = _with_streak(rest, before)
    return rest._replace(
        counted=min(was.counted, rest.counted),
        rewarded=min(was.rewarded, rest.rewarded),
        used=min(was.used, rest.used),
    )


def less(advance: Advance, now: Reached, rest: Reached) -> Reached:
    """`now` without what an `advance` has counted beyond its `rest`, as `kept` says it; nothing falls below nothing.

    A streak takes a step back while the period of that step is its last one, and nothing else happened in it.
    """
    was = advance.after
    left = _changed(now, was, rest)
    is_last = now.last_on == was.last_on and now.in_last > 0
    return _step_back(left, advance) if is_last and _streak(rest) != _streak(was) else left


def joined(first: Reached, second: Reached) -> Reached:
    """The progress of two members who are one: numbers add up, the later streak counts, of equal ones the longer."""
    none = date.min
    lead = max(first, second, key=lambda one: (one.last_on or none, one.run))
    in_last = lead.in_last
    if first.last_on == second.last_on:
        in_last = first.in_last + second.in_last if first.in_last and second.in_last else 0
    numbers = (first.counted + second.counted, first.rewarded + second.rewarded, first.used + second.used)
    return Reached(*numbers, lead.run, in_last, lead.last_on)


def parted(now: Reached, before: Reached, after: Reached, back: Reached) -> Reached:
    """`now` of who was `before` and then joined by another one (`after`), who gets the numbers of `back` again."""
    left = _changed(now, back, NOTHING)
    return _with_streak(left, before) if _streak(now) == _streak(after) else left


def lost(now: Reached, advance: Advance) -> Reached:
    """The numbers of `now` without what an `advance` says that it took away."""
    return _changed(now, advance.before, advance.after)


def _changed(now: Reached, was: Reached, instead: Reached) -> Reached:
    """`now` with the numbers of `instead` in place of those that `was` has in it; nothing falls below nothing."""
    return now._replace(
        counted=max(0, now.counted - was.counted + instead.counted),
        rewarded=max(0, now.rewarded - was.rewarded + instead.rewarded),
        used=max(0, now.used - was.used + instead.used),
    )


def _streak(reached: Reached) -> tuple[int, int, date | None]:
    return reached.run, reached.in_last, reached.last_on


def _with_streak(numbers: Reached, of: Reached) -> Reached:
    """The numbers of one, with the streak of another."""
    return numbers._replace(run=of.run, in_last=of.in_last, last_on=of.last_on)


def _step_back(now: Reached, advance: Advance) -> Reached:
    """One activity less in the last period of a streak; the period falls away with the last of them.

    Exactly as it was before, where the activity was the first of its period. Else how many there were in the period
    before is not known, and that one stays whatever comes back of it.
    """
    if now.in_last > 1:
        return now._replace(in_last=now.in_last - 1)
    before = advance.before
    if before.last_on != now.last_on:
        return _with_streak(now, before)
    former = first_day(advance.measure, now.last_on - ONE_DAY) if now.last_on and now.run > 1 else None
    return now._replace(run=now.run - 1, in_last=0, last_on=former)


# Periods.


def first_day(measure: str, day: date) -> date:
    """The first day of the day, the ISO week or the month in which `day` lies."""
    if measure == WEEKS:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if measure == MONTHS else day


def next_period(measure: str, first: date) -> date:
    """The first day of the period behind the one that begins on `first`."""
    return first_day(measure, first + timedelta(days={DAYS: 1, WEEKS: 7, MONTHS: 31}[measure]))
