"""When does something happen in the demo? Between a purchase and now, wherever in the calendar now is."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from loyalty_site.demo.purchases import Purchase
from programs import periods


class Present:
    """The instant at which the demo ends, in the program's zone; the last purchases were made the day before."""

    def __init__(self, now: datetime, zone: ZoneInfo) -> None:
        # In UTC a difference is time that has passed; in a zone it would be one of wall clocks.
        self.now = now.astimezone(UTC)
        self.zone = zone
        self.last_day = periods.local_date(now, zone) - timedelta(days=1)

    def of(self, purchase: Purchase) -> datetime:
        """When the purchase was made (UTC), always before now."""
        return purchase.at(self.last_day, self.zone)


@dataclass(frozen=True, slots=True)
class Moment(ABC):
    """A moment between `purchase` and now; `part` (from 0 to below 1) says where in its span it lies."""

    purchase: Purchase
    part: float

    @abstractmethod
    def span(self, present: Present) -> tuple[datetime, datetime]:
        """The first and the last instant that are possible."""

    def at(self, present: Present) -> datetime:
        """The instant (UTC, whole seconds)."""
        start, end = self.span(present)
        return (start + (end - start) * self.part).replace(microsecond=0)


class Soon(Moment):
    """Within the ten days behind the purchase."""

    def span(self, present: Present) -> tuple[datetime, datetime]:
        bought_at = present.of(self.purchase)
        return bought_at, min(bought_at + timedelta(days=10), present.now)


class Lately(Moment):
    """Within the 90 days before now."""

    def span(self, present: Present) -> tuple[datetime, datetime]:
        return max(present.of(self.purchase), present.now - timedelta(days=90)), present.now
