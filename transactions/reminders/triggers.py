"""How long before something ends are members reminded of it? Each active message of the event is a trigger."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from programs import periods
from programs.configuration import Configuration
from programs.models import Message, Program


class Window(NamedTuple):
    """What ends with the local day `last`: at an instant after `begins`, and not after `ends`.

    `days` is the trigger that asks for it.
    """

    days: int
    last: date
    begins: datetime
    ends: datetime

    def holds(self, at: datetime | None) -> bool:
        """Whether it is there that something ends."""
        return at is not None and self.begins < at <= self.ends


def windows(configuration: Configuration, event: str, day: date) -> list[Window]:
    """For each trigger of `event` what ends so many days after the local `day`; none in a program that is not active.

    Several messages with the same number of days are one trigger.
    """
    if configuration.status != Program.Status.ACTIVE:
        return []
    messages = Message.objects.filter(program=configuration.id, event=event, is_active=True)
    found = {days for days in messages.values_list("days_before", flat=True) if days is not None}
    return [_window(configuration, days, day + timedelta(days=days)) for days in sorted(found, reverse=True)]


def _window(configuration: Configuration, days: int, last: date) -> Window:
    zone = configuration.zone
    return Window(days, last, periods.start_of_day(last, zone), periods.end_of_day(last, zone))
