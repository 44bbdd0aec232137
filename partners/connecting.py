"""How is a connection to a platform set up, tested and taken up again?"""

from collections.abc import Mapping
from dataclasses import replace

from django.db import transaction

from loyalty_site.lib import http, mail
from partners.channels.base import (
    Ability,
    Answer,
    Channel,
    Mail,
    MailServer,
    Message,
    NoAddress,
    Outcome,
    Person,
    Refused,
    Request,
    Sent,
)
from partners.models import Connection
from partners.models.health import HEALTH, taken_up
from partners.secrets import Lost

#: Seconds for which somebody at a screen waits for a platform.
TEST_S = 8.0
A_TEST = "This is a test of the connection. Nothing has to be done."


class Unreadable(Exception):
    """The credentials were encrypted with a key that is gone. The text is for staff."""


def kept(connection: Connection) -> dict[str, str]:
    """The credentials of a connection, empty where there are none. Raises Unreadable."""
    if isinstance(connection.credentials, Lost):
        raise Unreadable(
            "What was pasted cannot be read any more, because the SECRET_KEY of the installation was changed: paste "
            "it again, or let an administrator add the old key to SECRET_KEY_FALLBACKS."
        )
    return connection.pasted


def is_needed(channel: type[Channel]) -> bool:
    """Whether something has to be pasted before the channel can send."""
    return any(field.required for field in channel.Credentials.base_fields.values())


def keep(connection: Connection, credentials: Mapping[str, str]) -> Connection:
    """Store what was pasted, encrypted. A connection that waited for it begins; one that failed begins anew."""
    with transaction.atomic():
        is_first = not Connection.objects.filter(pk=connection.pk, credentials__isnull=False).exists()
        stored = _locked(connection)
        stored.credentials = dict(credentials)
        if is_first and stored.channel and is_needed(stored.channel) and stored.status == Connection.Status.PAUSED:
            stored.status = Connection.Status.ACTIVE
        stored.begin_anew()
        stored.save(update_fields=["credentials", "status", *HEALTH])
        taken_up.send(Connection, outlet=stored)
    return stored


def try_again(connection: Connection) -> Connection:
    """Let what waits be sent now, whatever failed before."""
    with transaction.atomic():
        stored = _locked(connection)
        stored.begin_anew()
        stored.save(update_fields=HEALTH)
        taken_up.send(Connection, outlet=stored)
    return stored


def can_be_tested(channel: type[Channel]) -> bool:
    """Whether the platform can be asked whether it takes us; who only gets events is asked by an endpoint's page."""
    return channel.can != {Ability.EVENT}


def test(connection: Connection) -> Outcome:
    """Ask the platform whether it takes us, within TEST_S seconds; where it cannot be asked, write a line to staff.

    Never raises for what the platform does. Raises Unreadable. To be called outside of a transaction.
    """
    if connection.channel is None:
        raise ValueError(f"{connection} sends nothing.")
    channel = connection.channel(kept(connection))
    try:
        probe = channel.probe()
        if probe is None:
            return say(channel, Message("test", channel.address(Person()), A_TEST))
        if isinstance(probe, MailServer):
            mail.knock()
            return Sent()
        return channel.read_probe(_answer(probe))
    except NoAddress as error:
        return Refused(str(error))
    except Exception as error:
        return channel.failed(error, has_key=False)


def say(channel: Channel, message: Message) -> Outcome:
    """Bring one message to the platform now, within TEST_S seconds, and write nothing down.

    Never raises for what the platform does.
    """
    try:
        outgoing = channel.message(message)
        if isinstance(outgoing, Mail):
            mail.send(outgoing)
            return Sent()
        return channel.read(_answer(outgoing))
    except Exception as error:
        return channel.failed(error, has_key=False)


def _answer(request: Request) -> Answer:
    return http.exchange(replace(request, total_s=TEST_S))


def _locked(connection: Connection) -> Connection:
    rows = Connection.objects.defer("credentials")
    return rows.select_for_update(of=["self"], no_key=True).get(pk=connection.pk)
