"""How many marketing messages may reach a member? So many in any 24 hours, and so many in any seven days."""

from collections.abc import Sequence
from datetime import datetime, timedelta

DAY, WEEK = timedelta(days=1), timedelta(days=7)


def free_at(sent: Sequence[datetime], now: datetime, *, per_day: int, per_week: int) -> datetime | None:
    """When the next one may leave after those that were `sent` at these instants; None: now. 0 is no limit."""
    latest = sorted(sent, reverse=True)
    found = [
        latest[most - 1] + span
        for most, span in ((per_day, DAY), (per_week, WEEK))
        if most and len(latest) >= most and latest[most - 1] + span > now
    ]
    return max(found, default=None)
