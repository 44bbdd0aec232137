"""How is an event written down for whoever listens? By `tell`, in the transaction in which it happened.

Posting writes its own (transactions/books/telling.py), all of a batch with one statement.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from loyalty_site.lib.json_types import Json
from members.models import Event
from members.outbox import bell
from partners.events import EVENTS, About
from programs.models import Program


def is_heard(program: Program, name: str) -> bool:
    """Whether anybody listens to this event of `program`; staff always do."""
    return EVENTS[name].about == About.STAFF or name in program.listens_to.split()


def tell(
    program: Program,
    name: str,
    data: Mapping[str, Json],
    *,
    member_id: int | None = None,
    partner_id: int | None = None,
    occurred_at: datetime | None = None,
    once: str = "",
) -> bool:
    """Write the event `name` (partners/events.py) with its `data`; says whether it is new and somebody listens.

    Of one `once` there is one event in a program, whoever tells it again. Call it within the transaction of the fact.
    """
    if not is_heard(program, name):
        return False
    event = Event(
        program=program,
        member_id=member_id,
        partner_id=partner_id,
        type=name,
        version=EVENTS[name].version,
        occurred_at=occurred_at or timezone.now(),
        data=dict(data),
        once=once,
    )
    if once and Event.objects.filter(program=program, once=once).exists():
        return False
    Event.objects.bulk_create([event], ignore_conflicts=bool(once))
    bell.ring_on_commit()
    return True


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told of one member; of one `once` there is one event in a program, "" for any number."""

    member_id: int
    data: Mapping[str, Json]
    occurred_at: datetime
    once: str = ""
    partner_id: int | None = None


def tell_many(program: Program, name: str, tellings: Collection[Telling]) -> int:
    """Write the event `name` for each of `tellings`, in two statements; returns how many of them are new.

    Those whose `once` was told before are left out. Call it within the transaction of the facts.
    """
    if not tellings or not is_heard(program, name):
        return 0
    names = {one.once for one in tellings} - {""}
    told = set(Event.objects.filter(program=program, once__in=names).values_list("once", flat=True)) if names else ()
    events = [
        Event(
            program=program,
            member_id=one.member_id,
            partner_id=one.partner_id,
            type=name,
            version=EVENTS[name].version,
            occurred_at=one.occurred_at,
            data=dict(one.data),
            once=one.once,
        )
        for one in tellings
        if not one.once or one.once not in told
    ]
    if events:
        Event.objects.bulk_create(events, ignore_conflicts=bool(names))
        bell.ring_on_commit()
    return len(events)


def reminder(days: int, about: str) -> str:
    """The `once` of a reminder by the trigger of so many days before; `about` names what it reminds of."""
    return f"{days} days before {about}"


def trigger_of(event: Event) -> int | None:
    """How many days before the message is to come that this event is for; None for what is no reminder.

    It is sent later than that where a night was missed, so the days that are left do not say it.
    """
    days, is_reminder, _ = event.once.partition(" days before ")
    return int(days) if is_reminder and days.isdigit() else None
