"""How is an event written down for whoever listens? By `tell`, in the transaction in which it happened.

Posting writes its own (transactions/books/telling.py), all of a batch with one statement.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from loyalty_site.lib.arrays import Fragment, Value, Values
from loyalty_site.lib.sql import Session
from members.models import Event
from members.models.events import new_names
from members.outbox import bell
from members.snapshots import as_json
from partners.events import EVENTS, About
from programs.models import Program

#: The columns of an event.
EVENT = "name program_id member_id partner_id type version occurred_at recorded_at data"


def is_heard(program: Program, name: str) -> bool:
    """Whether anybody listens to this event of `program`; staff always do."""
    return EVENTS[name].about == About.STAFF or name in program.listens_to.split()


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told of one member, or of nobody; of one `once` there is one event in a program, "" for any number."""

    member_id: int | None
    data: Mapping[str, Value]
    occurred_at: datetime
    once: str = ""
    partner_id: int | None = None


def tell(
    program: Program,
    name: str,
    data: Mapping[str, Value],
    *,
    member_id: int | None = None,
    partner_id: int | None = None,
    occurred_at: datetime | None = None,
    once: str = "",
) -> bool:
    """Write the event `name` (partners/events.py) with its `data`; says whether it is new and somebody listens.

    Of one `once` there is one event in a program, whoever tells it again. Call it within the transaction of the fact.
    """
    one = Telling(member_id, data, occurred_at or timezone.now(), once, partner_id)
    return tell_many(program, name, [one]) == 1


def tell_many(program: Program, name: str, tellings: Collection[Telling]) -> int:
    """Write the event `name` for each of `tellings`, in one statement; returns how many of them are new.

    Those whose `once` was told before are left out. Call it within the transaction of the facts.
    """
    if not tellings or not is_heard(program, name):
        return 0
    new = Session().insert_new(Event, f"{EVENT} once", rows(program.pk, name, tellings, timezone.now()))
    if new:
        bell.ring_on_commit()
    return new


def rows(program_id: int, name: str, tellings: Collection[Telling], now: datetime) -> list[Values]:
    """The rows of the event `name` for each of `tellings`, of the columns EVENT and `once`, written down now."""
    version, names = EVENTS[name].version, new_names(len(tellings))
    told = [(one, Fragment(as_json(one.data))) for one in tellings]
    return [
        (event, program_id, one.member_id, one.partner_id, name, version, one.occurred_at, now, said, one.once)
        for event, (one, said) in zip(names, told, strict=True)
    ]


def reminder(days: int, about: str) -> str:
    """The `once` of a reminder by the trigger of so many days before; `about` names what it reminds of."""
    return f"{days} days before {about}"


def trigger_of(event: Event) -> int | None:
    """How many days before the message is to come that this event is for; None for what is no reminder.

    It is sent later than that where a night was missed, so the days that are left do not say it.
    """
    days, is_reminder, _ = event.once.partition(" days before ")
    return int(days) if is_reminder and days.isdigit() else None
