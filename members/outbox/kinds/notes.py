"""How do people of the staff hear of an event? In their list in the admin, and by e-mail or Slack as each chose."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from members.models import Delivery, Event, StaffNotice, StaffSubscription
from members.notes import hearing, readers, words
from members.notes.readers import Readers
from members.outbox.base import Composed, Kind, Ready, Skip
from partners.channels.base import Message, NoAddress, Person
from partners.events import EVENTS, About
from partners.models import Connection

#: Answers of absence are not wanted (RFC 3834).
_HEADERS = {"Auto-Submitted": "auto-generated"}


@dataclass(frozen=True, slots=True)
class _Wish:
    """Somebody wants to hear through a connection, in Slack under the name `slack`."""

    user_id: int
    connection: Connection
    slack: str


class _Wishes:
    """Who asked for which events, and how they want to hear of them besides their list; one statement."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._subscribed: dict[str, set[int]] = {}
        self._wishes: dict[str, list[_Wish]] = {}
        rows = StaffSubscription.objects.filter(event__in={one.type for one in events}).order_by("pk")
        for row in rows.select_related("connection__partner"):
            self._subscribed.setdefault(row.event, set()).add(row.user_id)
            if row.connection:
                self._wishes.setdefault(row.event, []).append(_Wish(row.user_id, row.connection, row.slack))

    def of(self, event: Event) -> list[_Wish]:
        """Those about events like this one, in the order in which they were made."""
        return self._wishes.get(event.type, [])

    def subscribed(self, event: Event) -> Collection[int]:
        """The keys of the users who asked for events like this one, in whatever way."""
        return self._subscribed.get(event.type, set())


class Notes(Kind):
    """Notes to staff. Nothing of it is done in the transaction of the fact, which wrote its event and no more."""

    name: ClassVar[str] = Delivery.Kind.NOTE

    def spread(self, events: Sequence[Event]) -> list[Delivery]:
        events = [one for one in events if one.type in EVENTS and EVENTS[one.type].about == About.STAFF]
        if not events:
            return []
        concerned, wishes = Readers(events), _Wishes(events)
        _list(events, concerned, wishes)
        return [one for event in events for one in _deliveries(event, concerned.of(event), wishes.of(event))]

    def compose(self, deliveries: Sequence[Delivery], now: datetime) -> Mapping[int, Composed]:
        events = list({one.event_id: one.event for one in deliveries}.values())
        if not events:
            return {}
        concerned, wishes, decided = Readers(events), _Wishes(events), readers.decided(events)
        done: dict[int, Composed] = {}
        for one in deliveries:
            if (one.event.program_id, readers.decision_of(one.event)) in decided:
                done[one.pk] = Skip("It was decided already.")
            else:
                done[one.pk] = _composed(one, concerned.of(one.event).keys(), wishes.of(one.event))
        return done


def _list(events: Sequence[Event], concerned: Readers, wishes: _Wishes) -> None:
    """Put the events into the lists of the admin; what waits no more is read from the start, or from now on."""
    now, decided = timezone.now(), readers.decided(events)
    notices = [
        StaffNotice(
            user=user,
            event=event,
            read_at=now if (event.program_id, readers.decision_of(event)) in decided else None,
        )
        for event in events
        for user in concerned.listed(event, wishes.subscribed(event))
    ]
    StaffNotice.objects.bulk_create(notices, ignore_conflicts=True)
    settled = Q()
    for event in events:
        if event.type == "approval.decided":
            settled |= Q(program=event.program_id, once=readers.request_of(event))
    if settled:
        asked = Event.objects.filter(settled).values("pk")
        StaffNotice.objects.filter(event__in=asked, read_at=None).update(read_at=now)


def _deliveries(event: Event, concerned: Mapping[int, User], wishes: Sequence[_Wish]) -> list[Delivery]:
    """One for each person and way that is still one; where it is the same place for all, one for all."""
    made: dict[str, Delivery] = {}
    for wish in wishes:
        user = concerned.get(wish.user_id)
        if user is None or wish.connection.status == Connection.Status.REVOKED:
            continue
        is_shared = hearing.is_shared(wish.connection, hearing.reached(user, wish.slack))
        user_id = None if is_shared else user.pk
        key = f"note:{event.name}:{user_id or 'all'}:{wish.connection.pk}"
        made[key] = Delivery(
            kind=Delivery.Kind.NOTE,
            program=event.program,
            event=event,
            connection=wish.connection,
            user_id=user_id,
            key=key,
        )
    return list(made.values())


def _composed(delivery: Delivery, concerned: Collection[int], wishes: Sequence[_Wish]) -> Composed:
    user = delivery.user
    if user and not (user.is_active and user.is_staff):
        return Skip("The login is closed.")
    if user and user.pk not in concerned:
        return Skip("They may not see this any more.")
    meant = concerned if user is None else {user.pk}
    ways = [one for one in wishes if one.connection.pk == delivery.connection_id and one.user_id in meant]
    if not ways:
        return Skip("Nobody who may see it wants to hear of it in this way any more.")
    return _ready(delivery, ways[0].slack)


def _ready(delivery: Delivery, slack: str) -> Composed:
    user, channel = delivery.user, hearing.channel_of(delivery.connection)
    if channel is None:
        return Skip("This connection brings no notes to staff.")
    try:
        address = channel.address(hearing.reached(user, slack) if user else Person())
    except NoAddress as why:
        return Skip(str(why))
    note = words.note(delivery.event)
    ways = [f"How you hear of things: {words.choosing()}"] if user else []
    text = "\n\n".join([*note.lines, words.opening(delivery.event), *ways])
    message = Message(key=delivery.key, to=address, text=text, subject=note.title, headers=_HEADERS)
    return Ready(channel, channel.message(message), recipient=address[:500])
