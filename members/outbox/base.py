"""What is a kind of delivery? The values it gives the engine, and the interface it fills.

The engine (spreading, claiming, sending) knows nothing of webhooks, members or staff; a kind knows nothing of leases,
retries and breakers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, TypeAlias

from members.models import Delivery, Event
from partners.channels.base import Channel, Mail, Outcome, Request


@dataclass(frozen=True, slots=True)
class Ready:
    """What is to be sent now. `tells` are keys of other open deliveries that it tells of, too: they end as "merged"
    before it is sent. `recipient` is what staff see of the address."""

    channel: Channel
    request: Request | Mail
    recipient: str
    tells: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Skip:
    """It is not to be sent, ever; the reason is for staff."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """Not before `at`; this counts as no attempt."""

    at: datetime
    reason: str


Composed: TypeAlias = Ready | Skip | Later


class Kind:
    """Deliveries to one kind of receiver; `name` is one of `Delivery.Kind`."""

    name: ClassVar[str]

    def spread(self, events: Sequence[Event]) -> list[Delivery]:
        """The unsaved deliveries of these events, which have their program, member and partner read along.

        A fixed number of statements. Whoever should get one but cannot gets it all the same, and `compose` says why
        it is skipped.
        """
        raise NotImplementedError

    def compose(self, deliveries: Sequence[Delivery], now: datetime) -> Mapping[int, Composed]:
        """What to do with each delivery, by its key, as things stand at `now`; a fixed number of statements.

        The deliveries are leased to the caller and have event, program, member with customer, connection, endpoint,
        message and user read along. Never raises for what somebody typed: that is a `Skip`.
        """
        raise NotImplementedError

    def ended(self, delivery: Delivery, outcome: Outcome, now: datetime) -> None:
        """What follows from an outcome for others than the delivery: a consent that ended, an endpoint that is gone.

        Runs in the transaction that stores the outcome.
        """
