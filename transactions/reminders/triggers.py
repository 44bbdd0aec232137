"""How long before something ends are members reminded of it? Each active message of the event is a trigger."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from itertools import product
from typing import NamedTuple

from loyalty_site.lib.looking_up import only_looking_up
from members import telling
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


def coming(program: Program, configuration: Configuration, event: str, day: date, now: datetime) -> list[Window]:
    """The `windows` that are not over at `now`; none where nobody listens to `event`."""
    found = [one for one in windows(configuration, event, day) if one.ends > now]
    return found if found and telling.is_heard(program, event) else []


def members(those: Iterable[Window], statements: Collection[str], keys: Collection[int]) -> list[int]:
    """The keys of the members, in ascending order, who have something that ends in one of these windows.

    Each of the `statements` takes one of `keys`, and the ends of a window; it asks for the order of the index that
    has what ends, and is read by no other one: so it costs who is found.
    """
    found: set[int] = set()
    with only_looking_up(sorts=False) as session:
        for window, key, statement in product(those, sorted(keys), statements):
            rows = session.run(statement, [key, window.begins, window.ends])
            found.update(int(member) for (member,) in rows.fetchall())
    return sorted(found)


def _window(configuration: Configuration, days: int, last: date) -> Window:
    zone = configuration.zone
    return Window(days, last, periods.start_of_day(last, zone), periods.end_of_day(last, zone))
