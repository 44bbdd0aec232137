"""When does a lot expire? Pure. Source of the rules: semantics C10."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import NamedTuple

from loyalty_site.lib import instants
from loyalty_site.lib.memoising import memoised
from programs import periods


@dataclass(frozen=True, slots=True)
class Terms:
    """The expiry rule of a currency as values. `cut_offs` are MM-DD, sorted; `counts` empty: everything.

    `period_end` is "through" or "before": whether its periods include the day on which they are complete.
    """

    model: str = "never"
    period: int = 0
    unit: str = "month"
    rounding: str = "none"
    rounding_month: int = 12
    cut_offs: tuple[str, ...] = ()
    min_age_days: int = 0
    counts: frozenset[str] = frozenset()
    extension_months: int = 0
    notice_days: int = 30
    min_validity_days: int = 30
    period_end: str = "through"

    def counts_activity(self, activity: str) -> bool:
        """Whether an activity of this name keeps the balance alive (C10-R3)."""
        return self.model == "activity" and (not self.counts or activity in self.counts)


class End(NamedTuple):
    """`at`: the first instant at which the lot is no longer usable, None for never.

    `is_floored`: the rule's own end was too near, so the lot got the shortest validity.
    """

    at: datetime | None = None
    is_floored: bool = False


NEVER = End()


def end_of_lot(
    terms: Terms,
    *,
    earned_at: datetime,
    processed_at: datetime,
    zone: tzinfo,
    enrolled_at: datetime | None = None,
) -> End:
    """When points earned (or released) at `earned_at` and booked at `processed_at` end.

    Under the activity model the lots have no end of their own: see `end_of_inactivity`.
    """
    if terms.model in ("never", "activity"):
        return NEVER
    earned_on = periods.local_date(earned_at, zone)
    if terms.model == "calendar":
        last_day = _next_cut_off(earned_on, terms.cut_offs, terms.min_age_days)
    elif terms.model == "anniversary":
        anniversary = next_anniversary(periods.local_date(enrolled_at or earned_at, zone), after=earned_on)
        # The year that it completes is a period like any other.
        last_day = anniversary - periods.ONE_DAY if terms.period_end == "before" else anniversary
    else:
        last_day = _last_day(terms, earned_on)
    at = periods.end_of_day(last_day, zone)
    shortest = days_from(processed_at, terms.min_validity_days, zone, terms.period_end)
    return End(shortest, is_floored=True) if at < shortest else End(at)


def _last_day(terms: Terms, begins_on: date) -> date:
    """The last usable day of the period of `terms` that begins on a day, rounded (C10-R1)."""
    return _rounded_end(begins_on, terms.period, terms.unit, terms.period_end, terms.rounding, terms.rounding_month)


@memoised
def _rounded_end(
    begins_on: date, period: int, unit: str, period_end: str, rounding: str, rounding_month: int
) -> date:
    last_day = periods.last_day(begins_on, period, unit, period_end)
    if rounding == "chosen":
        year = last_day.year + (last_day.month > rounding_month)
        return periods.round_up(date(year, rounding_month, 1), "month")
    return periods.round_up(last_day, rounding)


@memoised
def _next_cut_off(earned_on: date, cut_offs: tuple[str, ...], min_age_days: int) -> date:
    """The first cut-off day on which the points are old enough (C10-R2)."""
    for year in range(earned_on.year, earned_on.year + 12):
        for cut_off in cut_offs:
            month, day = map(int, cut_off.split("-"))
            # From a leap year, so that 02-29 is a date; add_months clamps it in the others.
            on = periods.add_months(date(2000, month, day), 12 * (year - 2000))
            if on >= earned_on and (on - earned_on).days >= min_age_days:
                return on
    return date(earned_on.year + 12, 12, 31)


def next_anniversary(enrolled_on: date, *, after: date) -> date:
    """The first anniversary of `enrolled_on` that lies behind `after`; 29 February becomes the 28th."""
    years = max(1, after.year - enrolled_on.year)
    on = periods.add_months(enrolled_on, 12 * years)
    return on if on > after else periods.add_months(enrolled_on, 12 * (years + 1))


def end_of_inactivity(terms: Terms, *, last_activity_at: datetime, zone: tzinfo) -> datetime:
    """When a whole balance ends that nothing has kept alive since `last_activity_at` (C10-R3, X1)."""
    return periods.end_of_day(_last_day(terms, periods.local_date(last_activity_at, zone)), zone)


def extended(at: datetime, *, months: int, zone: tzinfo) -> datetime:
    """The end `at` moved on by so many months, from the last usable day (C10-R5)."""
    last_day = instants.last_day(at, zone)
    return periods.end_of_day(periods.add_months(last_day, months), zone)


@memoised
def days_from(now: datetime, days: int, zone: tzinfo, period_end: str = "through") -> datetime:
    """The end of a period of so many days that begins today; see `periods.last_day`."""
    return periods.end_of_day(periods.last_day(periods.local_date(now, zone), days, "day", period_end), zone)
