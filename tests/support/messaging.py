"""What do tests of messages need? Channels that send nothing, messages with words, and events of a member."""

from itertools import count

import pytest
from django.utils import timezone

from members.models import Delivery, Event
from members.outbox.kinds import registry
from partners import channels, event_shapes
from partners.channels.base import Ability, Channel, Mail, NoAddress, Request
from partners.models import Connection
from programs.models import Message, MessageText

_numbers = count(1)


class FakeMail(Channel):
    """E-mail, as far as messages go."""

    slug = "fake-mail"
    label = "Fake mail"
    can = frozenset({Ability.MESSAGE, Ability.NOTE})
    consent = "email"

    def address(self, person):
        if "@" not in person.email:
            raise NoAddress("There is no e-mail address.")
        return person.email

    def message(self, message):
        return Mail(
            to=message.to, subject=message.subject, text=message.text, html=message.html, headers=message.headers
        )


class FakeSms(Channel):
    """Text messages, as far as messages go."""

    slug = "fake-sms"
    label = "Fake SMS"
    can = frozenset({Ability.MESSAGE})
    consent = "sms"
    longest = 1600

    def address(self, person):
        if not person.phone.startswith("+"):
            raise NoAddress("The phone number is none.")
        return person.phone

    def message(self, message):
        return Request("POST", "https://sms.example.com/", form={"To": message.to, "Body": message.text})


class FakeHook(Channel):
    """What brings events only."""

    slug = "fake-hook"
    label = "Fake hook"
    can = frozenset({Ability.EVENT})


@pytest.fixture
def fake_channels(monkeypatch):
    """The channels above are there like those of the folder."""
    for channel in (FakeMail, FakeSms, FakeHook):
        monkeypatch.setitem(channels.registry, channel.slug, channel)


def connection(program, platform="fake-mail", **fields):
    name = f"{platform} {next(_numbers)}"
    return Connection.objects.create(partner=program.owner, name=name, platform=platform, **fields)


def message(program, event="points.earned", *, via=None, texts=None, **fields):
    """An active service message with a text in English; `texts` is {language: (subject, text, html)}."""
    fields = {"purpose": "service", "is_active": True, "name": f"Message {next(_numbers)}"} | fields
    made = Message.objects.create(program=program, event=event, connection=via or connection(program), **fields)
    for language, (subject, text, html) in (texts or {"en": ("News", "Hello {{ member.name }}.", "")}).items():
        MessageText.objects.create(message=made, language=language, subject=subject, text=text, html=html)
    return made


def event(member, name="points.earned", data=None, **fields):
    """An event of the member as posting would tell it: the example of its shape, with `data` over it."""
    now = timezone.now()
    fields = {"occurred_at": now, "recorded_at": now} | fields
    told = event_shapes.sample(name) | (data or {})
    return Event.objects.create(program=member.program, member=member, type=name, data=told, **fields)


def read(deliveries):
    """The deliveries as the engine hands them to a kind: with all read along."""
    keys = [one.pk for one in deliveries]
    along = ("event__program", "program", "member__customer", "connection", "endpoint", "message", "user")
    return list(Delivery.objects.filter(pk__in=keys).select_related(*along).order_by("pk"))


#: What the engine asks about messages.
KIND = registry["message"]


def spread(*events):
    """The deliveries of these events, saved."""
    return Delivery.objects.bulk_create(KIND.spread(list(events)))


def composed(*deliveries, now=None):
    return list(KIND.compose(read(deliveries), now or timezone.now()).values())


def only(member, name="points.earned", *, now=None, **fields):
    """What becomes of the one delivery of an event of the member."""
    [delivery] = spread(event(member, name, **fields))
    [found] = composed(delivery, now=now)
    return found


def sent(delivery, at, state="sent"):
    Delivery.objects.filter(pk=delivery.pk).update(state=state, next_at=None, ended_at=at)
