"""Who hears that a purchase was written down and held? Whoever may decide it, when its batch is written.

Only what a sender held for a second look: a redemption that waits for the approver of a group is theirs to decide,
not the staff's. It is named as its sender calls it; why it was held stands at the transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from members.models import Event
from members.notes.readers import once
from members.outbox import bell
from partners.events import EVENTS

#: The kind of such a request (members/notes/readers.py).
KIND = "transaction"

_REQUESTED = "approval.requested"


@dataclass(frozen=True, slots=True)
class Held:
    """A purchase that was held: the key of its journal, what its sender calls it, and its member."""

    journal_id: int
    external_id: str
    member_id: int
    number: str

    @property
    def what(self) -> str:
        """What is to be agreed to."""
        return f"The purchase {self.external_id} of member {self.number}, which was held"

    @property
    def address(self) -> str:
        """Where it is decided."""
        return reverse("admin:transactions_journal_change", args=[self.journal_id])


def tell(program_id: int, held: Collection[Held], now: datetime) -> None:
    """Write an event for each of these, all with one statement, in the transaction of their batch."""
    Event.objects.bulk_create([_event(program_id, one, now) for one in held], ignore_conflicts=True)
    bell.ring_on_commit()


def _event(program_id: int, held: Held, now: datetime) -> Event:
    said = {
        "id": held.journal_id,
        "kind": KIND,
        "what": held.what,
        "by": "",
        "status": "waiting",
        "address": held.address,
    }
    return Event(
        program_id=program_id,
        member_id=held.member_id,
        type=_REQUESTED,
        version=EVENTS[_REQUESTED].version,
        occurred_at=now,
        data={"approval": said},
        once=once(_REQUESTED, KIND, held.journal_id),
    )
