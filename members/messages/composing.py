"""What becomes of each message that is due: is it sent, put off, or skipped with its reason?

What is needed is read for all of them at once; the rest asks no database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from loyalty_site.lib import instants
from loyalty_site.lib.json_types import Json
from members.messages import addresses, clocks, limits, reaching
from members.messages.reading import Known, channel_key, read
from members.models import Customer, Delivery, Member
from members.outbox.base import Composed, Later, Ready, Skip
from partners.channels import base
from partners.channels.base import Channel, NoAddress
from programs import periods
from programs.messages import languages, rendering, templates, variables
from programs.messages.rendering import Words, Written
from programs.messages.speech import Speech
from programs.models import Message, Program

#: What found no room for so long among what may reach a member is no news any more.
LONGEST_WAIT = limits.WEEK
#: So many are listed in a message with all of a day; all of them are told by it.
MOST_LISTED = 100


def compose(deliveries: Sequence[Delivery], now: datetime) -> dict[int, Composed]:
    """What to do with each delivery of a message, by its key. A fixed number of statements."""
    known = read(deliveries, now)
    return {one.pk: _one(one, known, now) for one in sorted(deliveries, key=lambda one: one.pk)}


def _one(delivery: Delivery, known: Known, now: datetime) -> Composed:
    message, member = delivery.message, delivery.member
    if message is None or member is None:
        return Skip("It is for nobody.")
    kind = delivery.connection.channel
    consent = known.consents.get((member.customer_id, kind.consent)) if kind else None
    reason = reaching.against(delivery, message, member, kind, consent)
    reason = reason or _elsewhere(message, member, known) or _outdated(delivery, known, now)
    if reason or kind is None:
        return Skip(reason)
    channel = kind(delivery.connection.pasted)
    try:
        to = reaching.address(channel, member.customer)
    except NoAddress as error:
        return Skip(str(error)[:300] or "No address is known for this channel.")
    return _put_off(delivery, message, member, known, now) or _ready(
        delivery, message, member, known, channel, to, now
    )


def _elsewhere(message: Message, member: Member, known: Known) -> str:
    """Why it is not for this member; "" where it is."""
    segment = known.outside.get((message.pk, member.pk))
    return f"The message is for the segment “{segment}”, which the member is not in." if segment else ""


def _outdated(delivery: Delivery, known: Known, now: datetime) -> str:
    """Why there is nothing to tell any more; "" where there is."""
    event = delivery.event
    changed = known.changed.get(event.pk)
    if isinstance(changed, str):
        return changed
    until = reaching.part(event.data, "expiring").get("expires_on") or reaching.part(event.data, "missing").get("by")
    last = instants.day(until) if isinstance(until, str) else None
    if last and last < periods.local_date(now, delivery.program.zone):
        return f"The day of which it reminds is over: {instants.full_day(last)}."
    return ""


def _put_off(delivery: Delivery, message: Message, member: Member, known: Known, now: datetime) -> Composed | None:
    """Until when it waits, or why it will never go; None: it goes now."""
    policy = known.policies.get(delivery.program_id)
    channel = delivery.connection.channel
    if policy is None or channel is None or channel.is_for_staff():
        return None
    zone = zone_of(member.customer, delivery.program)
    quiet = clocks.quiet_until(now, zone, policy.quiet_from, policy.quiet_until)
    if quiet:
        return Later(quiet, "Quiet hours where the member is.")
    if message.purpose != Message.Purpose.MARKETING:
        return None
    sent = known.sent[member.pk, channel_key(delivery.connection.platform)]
    free = limits.free_at(sent, now, per_day=policy.most_per_day, per_week=policy.most_per_week)
    if free is None:
        return None
    if free > delivery.created_at + LONGEST_WAIT:
        return Skip("The limit of marketing messages leaves no room for it within a week.")
    return Later(free, "The member has had as many marketing messages as the program allows.")


def zone_of(customer: Customer, program: Program) -> ZoneInfo:
    """Where the person is, as far as it is known."""
    try:
        return ZoneInfo(customer.time_zone) if customer.time_zone else program.zone
    except (ZoneInfoNotFoundError, ValueError):
        # A name that the list of zones had when it was typed.
        return program.zone


def _ready(
    delivery: Delivery,
    message: Message,
    member: Member,
    known: Known,
    channel: Channel,
    to: str,
    now: datetime,
) -> Composed:
    there = known.texts.get(message.pk, {})
    # Staff read the language of their program, whatever the member speaks.
    spoken = "" if channel.is_for_staff() else member.customer.language
    language = languages.choose(there, spoken, delivery.program.language)
    if language is None:
        return Skip("The message has no text.")
    others = known.waiting.get((message.pk, member.pk), [])
    told = [*_told(delivery, known), *(one.event.data for one in others)]
    address = addresses.unsubscribe_url(member.pk, channel.consent)
    values = values_for(member, delivery.program, told[-MOST_LISTED:], known.currencies[delivery.program_id], address)
    try:
        written = write(there[language], values, delivery.program)
    except templates.BadTemplate as error:
        return Skip(f"{language}: {error}"[:300])
    if not written.text:
        return Skip(f"The text in {language} is empty for this member.")
    written, note = fit(written, channel)
    outgoing = base.Message(
        key=delivery.key,
        to=to,
        subject=written.subject or ("" if channel.is_for_staff() else message.name),
        text=written.text,
        html=written.html,
        headers=unsubscribe_headers(address) if channel.consent == "email" else {},
    )
    if message.purpose == Message.Purpose.MARKETING:
        known.sent[member.pk, channel_key(delivery.connection.platform)].append(now)
    return Ready(channel, channel.message(outgoing), f"{to}{note}", _open(others))


def _open(deliveries: Sequence[Delivery]) -> tuple[int, ...]:
    return tuple(one.pk for one in deliveries if one.state == Delivery.State.WAITING)


def _told(delivery: Delivery, known: Known) -> list[Mapping[str, Json]]:
    changed = known.changed.get(delivery.event_id)
    return [changed if isinstance(changed, dict) else delivery.event.data]


def values_for(
    member: Member,
    program: Program,
    told: Sequence[Mapping[str, Json]],
    currencies: Mapping[str, variables.Currency],
    address: str,
) -> dict[str, variables.Value]:
    """What the templates of a message to `member` are given."""
    customer = member.customer
    person = variables.Person(
        customer.first_name, customer.last_name, customer.full_name, customer.language or program.language
    )
    return variables.values(told, person=person, program=program.name, currencies=currencies, unsubscribe_url=address)


def write(words: Words, values: dict[str, variables.Value], program: Program) -> Written:
    """The message, its instants on the clocks of the program. Raises templates.BadTemplate."""
    return rendering.render(words, values, Speech(words.language, program.zone))


def fit(written: Written, channel: Channel | type[Channel]) -> tuple[Written, str]:
    """The message as its channel takes it, and what to say of it where it had to be cut."""
    if channel.consent == "sms":
        # Blanks that do not break are no letters of a text message and would make all of it twice as long.
        written = replace(written, text=written.text.replace("\u00a0", " ").replace("\u202f", " "))
    longest = channel.longest
    if longest is None or len(written.text) <= longest:
        return written, ""
    return replace(written, text=f"{written.text[: longest - 1]}…"), f" (cut to {longest:,} characters)"


def unsubscribe_headers(address: str) -> dict[str, str]:
    """What tells programs for mail where one unsubscribes with one click (RFC 8058)."""
    if not address:
        return {}
    return {"List-Unsubscribe": f"<{address}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
