"""How do tests tell staff of something? Events as their verbs write them, spread and composed without the engine."""

import pytest

from members.models import Delivery, Event, StaffNotice, StaffSubscription
from members.outbox.kinds.notes import Notes
from members.telling import tell
from partners import channels, event_shapes
from partners.channels.base import Ability, Channel, NoAddress, Request
from partners.events import EVENTS
from partners.models import Connection
from tests.support import factories


def _said(message):
    return {"to": message.to, "subject": message.subject, "text": message.text}


class Post(Channel):
    """Reaches people by their address of e-mail."""

    slug, label, can = "post", "Post", frozenset({Ability.NOTE, Ability.MESSAGE})

    def address(self, person):
        if not person.email:
            raise NoAddress("There is no e-mail address.")
        return person.email

    def message(self, message):
        return Request("POST", "https://post.example", json=_said(message))


class Room(Channel):
    """One room for everybody; with a token each person by an id, and who has none in the room, where one is named."""

    slug, label, can = "room", "Room", frozenset({Ability.NOTE})

    def address(self, person):
        if "token" not in self.credentials:
            return "#everybody"
        if not person.slack and "room" not in self.credentials:
            raise NoAddress("There is no Slack member id.")
        return person.slack or self.credentials["room"]

    def message(self, message):
        return Request("POST", "https://room.example", json=_said(message))


class Lines(Channel):
    """Brings messages to members, and nothing to staff."""

    slug, label, can = "lines", "Lines", frozenset({Ability.MESSAGE})


@pytest.fixture
def ways_out(monkeypatch):
    """The channels of this file beside those of the product."""
    for one in (Post, Room, Lines):
        monkeypatch.setitem(channels.registry, one.slug, one)


def connection(platform, name="", *, owner=None, **fields):
    owner = owner or factories.partner()
    return Connection.objects.create(partner=owner, name=name or platform, platform=platform, **fields)


def subscribe(user, event, via=None, slack=""):
    return StaffSubscription.objects.create(user=user, event=event, connection=via, slack=slack)


def told(event_type):
    """The events of a type, the oldest first."""
    return list(Event.objects.filter(type=event_type).order_by("pk"))


def fits(event):
    """Whether an event says what its shape has, no less and no more."""
    shape, said = event_shapes.shape(EVENTS[event.type]), event.data
    return said.keys() == shape.fields.keys() and all(
        said[name].keys() == one.fields.keys() for name, one in shape.fields.items()
    )


def spread(*events):
    """Spread these events, or all; the deliveries as the engine stores them."""
    rows = Event.objects.select_related("program", "member", "partner").order_by("pk")
    rows = rows.filter(pk__in=[one.pk for one in events]) if events else rows
    return Delivery.objects.bulk_create(Notes().spread(list(rows)), ignore_conflicts=True)


def read_along():
    """All deliveries, as the engine reads them."""
    names = ["event__program", "program", "member__customer", "connection__partner", "endpoint", "message", "user"]
    return list(Delivery.objects.select_related(*names).order_by("pk"))


def composed(now):
    """What is to be done with each delivery, in their order."""
    deliveries = read_along()
    done = Notes().compose(deliveries, now)
    return [done[one.pk] for one in deliveries]


def listed(event_type):
    """The user names of those in whose list the events of a type stand."""
    return sorted(StaffNotice.objects.filter(event__type=event_type).values_list("user__username", flat=True))


def approval(club, name="approval.requested", *, key=1, kind="points", by="store", status="waiting", member=None):
    said = {
        "id": key,
        "kind": kind,
        "what": "+600 Points for member 7",
        "by": by,
        "status": status,
        "address": f"/admin/transactions/approval/{key}/change/",
    }
    tell(club, name, {"approval": said}, member_id=member and member.pk, once=f"{name}:{kind}:{key}")
    return told(name)[-1]


def night(club, name="night.failed", **said):
    day = {"program": club.code, "day": "2026-10-05", "step": "settle", "error": "OSError: full"} | said
    tell(club, name, {"night": day, "differences": {"count": 2, "first": ["one", "two"]}})
    return told(name)[-1]


def dead(club):
    said = {"connection": "Shop / Slack", "endpoint": "", "reason": "HTTP 500", "since": "2026-10-05T10:00:00Z"}
    tell(club, "channel.dead", {"channel": said})
    return told("channel.dead")[-1]
