"""How do members hear of what happened to them? By the messages of their program, as they allowed it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils import timezone

from members import consenting, telling
from members.messages import clocks, composing
from members.messages.composing import zone_of
from members.messages.reaching import part
from members.models import Customer, Delivery, Event
from members.outbox.base import Composed, Kind
from partners.channels.base import GiveUp, Outcome
from programs import periods
from programs.models import Currency, Message
from programs.models.messages import DIGEST_AT


class Messages(Kind):
    """Deliveries of messages to members. Those that tell all of a day are one lane for each message and member."""

    name = Delivery.Kind.MESSAGE

    def spread(self, events: Sequence[Event]) -> list[Delivery]:
        about = [event for event in events if event.member_id]
        messages = self._messages(about)
        spendable = self._spendable(messages)
        customers = self._customers(about, messages)
        now = timezone.now()
        return [
            self._delivery(event, message, customers.get(event.member_id or 0), now)
            for event in about
            for message in messages
            if message.program_id == event.program_id
            and message.event == event.type
            and _is_meant(message, event, spendable)
            and _is_trigger(message, event)
        ]

    def compose(self, deliveries: Sequence[Delivery], now: datetime) -> Mapping[int, Composed]:
        return composing.compose(deliveries, now)

    def ended(self, delivery: Delivery, outcome: Outcome, now: datetime) -> None:
        channel, member = delivery.connection.channel, delivery.member
        if not (isinstance(outcome, GiveUp) and outcome.ends_consent and channel and channel.consent and member):
            return
        said = consenting.latest([member.customer_id])
        # The platform says so of each message; the member has said it once.
        if said.get((member.customer_id, channel.consent)) is not False:
            consenting.say(member.customer, channel.consent, False, source=channel.label, said_at=now)

    def _messages(self, events: Sequence[Event]) -> list[Message]:
        found = Message.objects.filter(
            program__in={event.program_id for event in events},
            event__in={event.type for event in events},
            is_active=True,
        )
        along = ("program__message_policy", "currency")
        return list(found.select_related(*along).order_by("pk")) if events else []

    def _spendable(self, messages: Sequence[Message]) -> set[tuple[int, str]]:
        """(program, code) of currencies that can be spent."""
        if not messages:
            return set()
        rows = Currency.objects.filter(
            program__in={message.program_id for message in messages}, kind=Currency.Kind.SPENDABLE
        )
        return set(rows.values_list("program_id", "code"))

    def _customers(self, events: Sequence[Event], messages: Sequence[Message]) -> dict[int, Customer]:
        """Where the members are, of whom something is told once a day."""
        told_daily = {message.event for message in messages if message.digest != Message.Digest.NONE}
        members = {event.member_id for event in events if event.type in told_daily}
        if not members:
            return {}
        rows = Customer.objects.filter(memberships__in=members).values_list("memberships", "time_zone")
        return {member: Customer(time_zone=zone) for member, zone in rows}

    def _delivery(self, event: Event, message: Message, customer: Customer | None, now: datetime) -> Delivery:
        delivery = Delivery(
            kind=self.name,
            program_id=event.program_id,
            event=event,
            connection_id=message.connection_id,
            message=message,
            member_id=event.member_id,
            key=f"message:{message.pk}:{event.name}",
            next_at=now,
            created_at=now,
        )
        if message.digest != Message.Digest.NONE:
            policy = getattr(message.program, "message_policy", None)
            zone = zone_of(customer, message.program) if customer else message.program.zone
            delivery.lane = f"message:{message.pk}:{event.member_id}"
            delivery.next_at = clocks.next_at(now, zone, policy.digest_at if policy else DIGEST_AT)
        return delivery


def _is_meant(message: Message, event: Event, spendable: set[tuple[int, str]]) -> bool:
    """Whether it is about points of the currency that the message is for; what is about none is."""
    codes = {part(event.data, name).get("currency") for name in ("points", "expiring", "milestone")} - {None}
    if not codes:
        return True
    if message.currency:
        return message.currency.code in codes
    return any((event.program_id, code) in spendable for code in codes)


def _is_trigger(message: Message, event: Event) -> bool:
    """Whether a reminder is for this message; what is none has no days.

    One that was told late says of itself for which it is; of any other that is the days that are left.
    """
    if message.days_before is None:
        return True
    if (trigger := telling.trigger_of(event)) is not None:
        return trigger == message.days_before
    days = part(event.data, "expiring").get("days")
    if days is None:
        by = part(event.data, "missing").get("by")
        day = periods.local_date(event.occurred_at, message.program.zone)
        days = (datetime.fromisoformat(by).date() - day).days if isinstance(by, str) else None
    return days == message.days_before
