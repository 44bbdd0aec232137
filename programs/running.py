"""Does a promotion run, is it still to come, or is it over? By its days, and by whether it was stopped."""

from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import NamedTuple

from django.db.models import Q, QuerySet

from programs.models import Promotion
from programs.periods import local_date


class State(StrEnum):
    """Where a promotion that is switched on stands."""

    RUNNING = "running"
    UPCOMING = "upcoming"
    ENDED = "ended"


class Span(NamedTuple):
    """When a promotion runs: its first and last day, None for open, and since when it was stopped, None for never."""

    starts_on: date | None
    ends_on: date | None
    stopped_from: datetime | None

    def state(self, now: datetime, zone: tzinfo) -> State:
        """Where it stands at an instant, in the program's time zone."""
        today = local_date(now, zone)
        if (self.stopped_from and self.stopped_from <= now) or (self.ends_on and self.ends_on < today):
            return State.ENDED
        return State.UPCOMING if self.starts_on and self.starts_on > today else State.RUNNING


def in_state(rows: QuerySet[Promotion], state: State, now: datetime, zone: tzinfo) -> QuerySet[Promotion]:
    """Those of `rows` that stand so at an instant, as `Span.state` says."""
    today = local_date(now, zone)
    if state == State.ENDED:
        return rows.filter(Q(stopped_from__lte=now) | Q(ends_on__lt=today))
    is_to_come = Q(starts_on__gt=today)
    begun = Q(starts_on=None) | Q(starts_on__lte=today)
    return not_over(rows, now, zone).filter(is_to_come if state == State.UPCOMING else begun)


def not_over(rows: QuerySet[Promotion], now: datetime, zone: tzinfo) -> QuerySet[Promotion]:
    """Those of `rows` that run at an instant or are still to come."""
    today = local_date(now, zone)
    # By exclude, SQL would leave out those that have no such day.
    is_open, ends_later = Q(stopped_from=None) | Q(stopped_from__gt=now), Q(ends_on=None) | Q(ends_on__gte=today)
    return rows.filter(is_open, ends_later)
