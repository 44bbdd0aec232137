"""Until when are points pending? Source of the rules: semantics C9."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from programs import periods
from programs.configuration import Currency


@dataclass(frozen=True, slots=True)
class Escrow:
    """Until when points are pending: an instant, or an event with a deadline."""

    available_at: datetime | None = None
    waits_for: str = ""
    deadline_at: datetime | None = None


def escrow_of(currency: Currency, *, activity_at: datetime, now: datetime, zone: ZoneInfo) -> Escrow | None:
    """The Escrow of points earned at `activity_at` (C9-R1), or None when they are free at once."""
    if not currency.may_wait:
        return None
    day = periods.local_date(activity_at, zone)
    if currency.pending_event:
        deadline = periods.start_of_day(day + timedelta(days=currency.pending_deadline_days), zone)
        if deadline <= now:
            # Reported so late that the deadline is over: the event may be as late as its order.
            today = periods.local_date(now, zone)
            deadline = periods.start_of_day(today + timedelta(days=max(1, currency.pending_deadline_days)), zone)
        return Escrow(waits_for=currency.pending_event, deadline_at=deadline)
    at = periods.start_of_day(day + timedelta(days=currency.pending_days), zone)
    return Escrow(available_at=at) if at > now else None
