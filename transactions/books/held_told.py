"""Who hears that a purchase was written down and held? Whoever may decide it, when its batch is written.

Only what a sender held for a second look: a redemption that waits for the approver of a group is theirs to decide,
not the staff's. It is named as its sender calls it; why it was held stands at the transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from loyalty_site.lib.arrays import Values
from loyalty_site.lib.json_types import Json
from members import telling
from members.notes.readers import once
from members.telling import Telling

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

    def told(self, now: datetime) -> Telling:
        """What is told of it; a journal is held once."""
        said: dict[str, Json] = {
            "id": self.journal_id,
            "kind": KIND,
            "what": self.what,
            "by": "",
            "status": "waiting",
            "address": self.address,
        }
        return Telling(self.member_id, {"approval": said}, now, once(_REQUESTED, KIND, self.journal_id))


def rows(program_id: int, held: Collection[Held], now: datetime) -> list[Values]:
    """The rows of an event for each of these, of the columns of `members.telling.EVENT` and `once`."""
    return telling.rows(program_id, _REQUESTED, [one.told(now) for one in held], now)
