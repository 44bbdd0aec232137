"""When does a lot expire? Pure. Source of the rules: semantics C10."""

from dataclasses import dataclass
from datetime import timedelta

from programs import periods


@dataclass(frozen=True, slots=True)
class Terms:
    """The expiry rule of a currency as values."""

    model: str = "never"
    period: int = 0
    unit: str = "month"
    rounding: str = "none"
    min_validity_days: int = 30


@dataclass(frozen=True, slots=True)
class End:
    """`at`: the first instant at which the lot is no longer usable, None for never.

    `is_floored`: the rule's own end was too near, so the lot got the shortest validity.
    """

    at: object = None
    is_floored: bool = False


def end_of_lot(terms, *, earned_at, processed_at, zone):
    """When points earned at `earned_at` and booked at `processed_at` end."""
    if terms.model == "never":
        return End()
    last_day = periods.add(periods.local_date(earned_at, zone), terms.period, terms.unit)
    at = periods.end_of_day(periods.round_up(last_day, terms.rounding), zone)
    if at <= processed_at + timedelta(days=terms.min_validity_days):
        floor = periods.local_date(processed_at, zone) + timedelta(days=terms.min_validity_days)
        return End(periods.end_of_day(floor, zone), is_floored=True)
    return End(at)
