"""Can a message reach a member, and may it? What stands against it, as a reason for staff."""

from loyalty_site.lib.json_types import Json
from members.messages.limits import WEEK
from members.models import Customer, Delivery, Event, Member
from partners.channels.base import Ability, Channel, NoAddress, Person
from programs.models import Message, Program

#: What was reported later than this after it happened is history, which nobody is told as news.
NEWS = 2 * (WEEK / 7)


def against(
    delivery: Delivery, message: Message, member: Member, channel: type[Channel] | None, consent: bool | None
) -> str:
    """Why it is not to be sent, ever; "" where nothing stands against it.

    `consent` is the member's last word about the channel; None: they never said any.
    """
    reason = _of_message(message, delivery.program, channel) or _of_event(delivery.event, member)
    if reason or (channel and channel.is_for_staff()):
        # What staff read about a member needs no consent of theirs.
        return reason
    return _of_member(member, message) or _of_consent(message, channel, consent)


def _of_message(message: Message, program: Program, channel: type[Channel] | None) -> str:
    if not message.is_active:
        return "The message is switched off."
    if program.status != Program.Status.ACTIVE:
        return f"The program is not active: {program.get_status_display()}."
    if channel is None or not channel.can & {Ability.MESSAGE, Ability.NOTE}:
        return "Its connection brings no messages to people."
    return ""


def _of_member(member: Member, message: Message) -> str:
    if member.status in (Member.Status.MERGED, Member.Status.CLOSED):
        return f"The membership is no more: {member.get_status_display()}."
    if member.status == Member.Status.SUSPENDED and message.purpose == Message.Purpose.MARKETING:
        return "The membership is suspended; only service messages go."
    if is_erased(member.customer):
        return "Nothing is known of the person any more."
    return ""


def is_erased(customer: Customer) -> bool:
    """Whether the person was erased, or neither a name nor an address is known."""
    return customer.erased_at is not None or not (customer.full_name or customer.email or customer.phone)


def _of_event(event: Event, member: Member) -> str:
    late = event.recorded_at - event.occurred_at
    if late > NEWS:
        return f"It happened {late.days} days before it was reported; what is that old is not told as news."
    if part(event.data, "transaction").get("kind") == "opening":
        return "The points were brought in from another system."
    if event.type == "member.enrolled" and member.channel == Member.Channel.IMPORT:
        return "The member was brought in by an import."
    return ""


def part(data: dict[str, Json], name: str) -> dict[str, Json]:
    """A part of an event's data; nothing where it is none."""
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _of_consent(message: Message, channel: type[Channel] | None, consent: bool | None) -> str:
    if channel is None or not channel.consent:
        return ""
    if consent is False:
        return f"The member wants no messages over this channel ({channel.label})."
    if consent is None and message.purpose == Message.Purpose.MARKETING:
        return f"The member has given no consent to messages over this channel ({channel.label})."
    return ""


def address(channel: Channel, customer: Customer) -> str:
    """Where the channel reaches the person. Raises NoAddress."""
    found = channel.address(Person(customer.full_name, customer.email, customer.phone))
    if not found:
        raise NoAddress("No address is known for this channel.")
    return found
