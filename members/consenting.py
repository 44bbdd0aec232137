"""What does somebody say about messages, and what was their last word? The one place that writes and reads it."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from loyalty_site.lib.refusals import Refused
from members import changes
from members.models import Consent, Customer
from members.models.consents import AHEAD


def say(
    customer: Customer,
    channel: str,
    is_given: bool,
    *,
    source: str,
    version: str = "",
    said_at: datetime | None = None,
) -> Consent:
    """Write down that `customer` wants messages over `channel` (Consent.Channel), or wants none any more.

    `source` says where it was said, `version` to which terms. Each word is a row of its own and stays, and whoever
    listens hears that the member's consents were changed. What is said now (no `said_at`) is the last word, also
    after one whose clock went fast. Raises Refused for a channel that there is not, and for what would be said in
    the future.
    """
    now = timezone.now()
    if channel not in Consent.Channel.values:
        there = ", ".join(Consent.Channel.values)
        raise Refused(f"There is no channel “{channel[:20]}”; choose one of {there}.", field="channel")
    if said_at and said_at > now + AHEAD:
        raise Refused("It cannot have been said in the future; send the instant of then, or none.", field="said_at")
    with transaction.atomic():
        said = Consent.objects.create(
            customer=customer,
            channel=channel,
            is_given=is_given,
            source=source[:80],
            version=version[:40],
            said_at=said_at or _after_all(customer, channel, now),
        )
        changes.tell_updated({customer.pk: ["consents"]}, now=now)
    return said


def _after_all(customer: Customer, channel: str, now: datetime) -> datetime:
    """Now, or the instant of the last word where that is later: of two of the same instant the later row counts."""
    last: datetime | None = Consent.objects.filter(customer=customer, channel=channel).aggregate(at=Max("said_at"))[
        "at"
    ]
    return max(now, last) if last else now


def latest(customers: Collection[int]) -> dict[tuple[int, str], bool]:
    """{(customer, channel): whether consent is given} of all who ever said something. One statement.

    Of two words of the same instant the one that was recorded later counts.
    """
    said = Consent.objects.filter(customer__in=customers).order_by("said_at", "pk")
    return {(who, channel): given for who, channel, given in said.values_list("customer", "channel", "is_given")}
