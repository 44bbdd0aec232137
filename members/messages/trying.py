"""How does a message look where it arrives? It is sent once to who asks, and nobody else hears of it."""

import time

from members.messages import composing
from partners import connecting
from partners.channels import base
from partners.channels.base import Ability, NoAddress, Outcome, Person
from programs.messages import saving, templates
from programs.models import Message, MessageText


class NotTried(Exception):
    """It cannot be sent; the text says why."""


def send(message: Message, text: MessageText, to: Person) -> Outcome:
    """Send `text` with the values of an example to `to`, through the connection of `message`, and write nothing.

    Says what became of it. Raises NotTried for an address that the channel cannot reach, and for a text that cannot
    be made.
    """
    kind = message.connection.channel
    if kind is None or not kind.can & {Ability.MESSAGE, Ability.NOTE}:
        raise NotTried("The connection of this message brings no messages to people.")
    channel = kind(message.connection.pasted)
    try:
        address = channel.address(to)
        written, _ = composing.fit(saving.example(text.words, message.event), channel)
    except (NoAddress, templates.BadTemplate) as error:
        raise NotTried(str(error)) from error
    outgoing = base.Message(
        key=f"test:{message.pk}:{time.time_ns()}",
        to=address,
        subject=f"[Test] {written.subject or message.name}",
        text=written.text,
        html=written.html,
    )
    return connecting.say(channel, outgoing)
