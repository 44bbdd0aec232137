"""Who hears that something waits for a second person, and what became of it? Whoever may decide, and who asked.

The events are written in the transaction of the request and of the decision: no more than one row each.
"""

from dataclasses import dataclass
from datetime import datetime

from loyalty_site.lib.json_types import Json
from members.notes.readers import once
from members.telling import tell
from programs.models import Program

#: The status of what nobody has decided.
WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be agreed to: its kind (members/notes/readers.py) and key, a sentence, who asked, and where.

    `by` is a user name, "" for another system; `address` is where in the back office it is decided. `member_id` is
    the member whom it concerns, None where it is no single one.
    """

    kind: str
    id: int
    what: str
    by: str
    address: str
    member_id: int | None = None


def tell_of(program: Program, asked: Request, status: str, at: datetime) -> bool:
    """Tell that a request waits, or with another `status` what became of it; says whether it is new."""
    name = "approval.requested" if status == WAITING else "approval.decided"
    said: dict[str, Json] = {
        "id": asked.id,
        "kind": asked.kind,
        "what": asked.what,
        "by": asked.by,
        "status": status,
        "address": asked.address,
    }
    return tell(
        program,
        name,
        {"approval": said},
        member_id=asked.member_id,
        occurred_at=at,
        once=once(name, asked.kind, asked.id),
    )
