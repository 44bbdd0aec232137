"""When does a lot expire? Pure. Source of the rules: semantics C10."""

from dataclasses import dataclass
from datetime import date, timedelta

from programs import periods


@dataclass(frozen=True, slots=True)
class Terms:
    """The expiry rule of a currency as values. `cut_offs` are MM-DD, sorted; `counts` empty: everything."""

    model: str = "never"
    period: int = 0
    unit: str = "month"
    rounding: str = "none"
    rounding_month: int = 12
    cut_offs: tuple = ()
    min_age_days: int = 0
    counts: frozenset = frozenset()
    extension_months: int = 0
    notice_days: int = 30
    min_validity_days: int = 30

    def counts_activity(self, activity):
        """Whether an activity of this name keeps the balance alive (C10-R3)."""
        return self.model == "activity" and (not self.counts or activity in self.counts)


@dataclass(frozen=True, slots=True)
class End:
    """`at`: the first instant at which the lot is no longer usable, None for never.

    `is_floored`: the rule's own end was too near, so the lot got the shortest validity.
    """

    at: object = None
    is_floored: bool = False


NEVER = End()


def end_of_lot(terms, *, earned_at, processed_at, zone, enrolled_at=None):
    """When points earned (or released) at `earned_at` and booked at `processed_at` end.

    Under the activity model the lots have no end of their own: see `end_of_inactivity`.
    """
    if terms.model in ("never", "activity"):
        return NEVER
    earned_on = periods.local_date(earned_at, zone)
    enrolled_on = periods.local_date(enrolled_at or earned_at, zone)
    at = periods.end_of_day(_last_day(terms, earned_on, enrolled_on), zone)
    if at <= processed_at + timedelta(days=terms.min_validity_days):
        floor = periods.local_date(processed_at, zone) + timedelta(days=terms.min_validity_days)
        return End(periods.end_of_day(floor, zone), is_floored=True)
    return End(at)


def _last_day(terms, earned_on, enrolled_on):
    if terms.model == "calendar":
        return _next_cut_off(terms, earned_on)
    if terms.model == "anniversary":
        return next_anniversary(enrolled_on, after=earned_on)
    last_day = periods.add(earned_on, terms.period, terms.unit)
    if terms.rounding == "chosen":
        year = last_day.year + (last_day.month > terms.rounding_month)
        return periods.round_up(date(year, terms.rounding_month, 1), "month")
    return periods.round_up(last_day, terms.rounding)


def _next_cut_off(terms, earned_on):
    """The first cut-off day on which the points are old enough (C10-R2)."""
    for year in range(earned_on.year, earned_on.year + 12):
        for cut_off in terms.cut_offs:
            month, day = map(int, cut_off.split("-"))
            # From a leap year, so that 02-29 is a date; add_months clamps it in the others.
            on = periods.add_months(date(2000, month, day), 12 * (year - 2000))
            if on >= earned_on and (on - earned_on).days >= terms.min_age_days:
                return on
    return date(earned_on.year + 12, 12, 31)


def next_anniversary(enrolled_on, *, after):
    """The first anniversary of `enrolled_on` that lies behind `after`; 29 February becomes the 28th."""
    years = max(1, after.year - enrolled_on.year)
    on = periods.add_months(enrolled_on, 12 * years)
    return on if on > after else periods.add_months(enrolled_on, 12 * (years + 1))


def end_of_inactivity(terms, *, last_activity_at, zone):
    """When a whole balance ends that nothing has kept alive since `last_activity_at` (C10-R3, X1)."""
    last_day = periods.add(periods.local_date(last_activity_at, zone), terms.period, terms.unit)
    return periods.end_of_day(periods.round_up(last_day, terms.rounding), zone)


def extended(at, *, months, zone):
    """The end `at` moved on by so many months, from the last usable day (C10-R5)."""
    last_day = periods.local_date(at - timedelta(microseconds=1), zone)
    return periods.end_of_day(periods.add_months(last_day, months), zone)


def days_from(now, days, zone):
    """The end of the day that lies `days` days behind today, inclusive."""
    return periods.end_of_day(periods.local_date(now, zone) + timedelta(days=days), zone)
