"""How would a message read for somebody, and would they get it now? Nothing is written, and nothing sent."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from loyalty_site.lib.json_types import Json
from members.messages import addresses, composing
from members.messages.reading import currencies_of
from members.models import Delivery, Event, Member
from members.outbox.base import Later, Skip
from partners import event_shapes
from programs.messages import languages, saving, templates
from programs.messages.rendering import Words, Written
from programs.messages.text_length import Length, length
from programs.models import Message

#: The key of a delivery that there is not.
_NONE = -1


@dataclass(frozen=True, slots=True)
class Preview:
    """A message in one language; `verdict` says whether the member would get it now, `notes` what else to know.

    `written` is None where it cannot be made; then `verdict` says why.
    """

    language: str
    written: Written | None
    verdict: str
    notes: tuple[str, ...] = ()
    length: Length | None = None


def latest_data(message: Message, member: Member) -> dict[str, Json] | None:
    """What the latest event of the message's type told of the member; None where there was none."""
    found = Event.objects.of_members([member.pk]).filter(type=message.event).order_by("-pk").first()
    return found.data if found else None


def preview(
    message: Message,
    language: str,
    *,
    member: Member | None = None,
    data: Mapping[str, Json] | None = None,
    now: datetime | None = None,
) -> Preview:
    """How `message` reads for `member` (None: somebody made up), of `data` or of the event's example."""
    there = {text.language: text.words for text in message.texts.all()}
    chosen = languages.choose(there, language, message.program.language)
    if chosen is None:
        return Preview("", None, "The message has no text yet.")
    try:
        written = _written(message, there[chosen], member, data)
    except templates.BadTemplate as error:
        return Preview(chosen, None, str(error))
    channel = message.connection.channel
    notes: tuple[str, ...] = ()
    if channel:
        written, cut = composing.fit(written, channel)
        notes = (f"It is{cut.replace('(', '').replace(')', '')}.",) if cut else ()
    if not message.is_active:
        notes += ("It is switched off: nobody gets it.",)
    verdict = _verdict(message, member, data, now or timezone.now()) if member else ""
    is_sms = channel is not None and channel.consent == "sms"
    return Preview(chosen, written, verdict, notes, length(written.text) if is_sms else None)


def _written(message: Message, words: Words, member: Member | None, data: Mapping[str, Json] | None) -> Written:
    if member is None:
        return saving.example(words, message.event, data)
    told = event_shapes.sample(message.event) if data is None else data
    channel = message.connection.channel
    address = addresses.unsubscribe_url(member.pk, channel.consent if channel else "")
    currencies = currencies_of([message.program_id])[message.program_id]
    values = composing.values_for(member, message.program, [told], currencies, address)
    return composing.write(words, values, message.program)


def _verdict(message: Message, member: Member, data: Mapping[str, Json] | None, now: datetime) -> str:
    """Whether the member would get it, if it were switched on and happened at this moment."""
    message = copy(message)
    message.is_active = True
    told = dict(event_shapes.sample(message.event) if data is None else data)
    # The days of an example, or of an event of then, are over; whether they are is not the question.
    told = {name: part for name, part in told.items() if name not in ("expiring", "missing")}
    event = Event(
        program=message.program, member=member, type=message.event, occurred_at=now, recorded_at=now, data=told
    )
    delivery = Delivery(
        pk=_NONE,
        kind=Delivery.Kind.MESSAGE,
        program=message.program,
        event=event,
        connection=message.connection,
        message=message,
        member=member,
        key="preview",
        created_at=now,
    )
    found = composing.compose([delivery], now)[_NONE]
    if isinstance(found, Skip):
        return f"Would not get it: {found.reason}"
    if isinstance(found, Later):
        return f"Would get it later: {found.reason}"
    return f"Would get it now, at {found.recipient}."
