"""How does a changed, removed or inserted ledger row show? Each entry hashes the one before it."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import TypedDict

from loyalty_site.lib.memoising import memoised

#: What a chain value vouches for, in this order; behind it come the instants of the activity and of the posting.
FIELDS = (
    "member_id sequence journal_id currency_id kind points available pending reserved arrears balance_after".split()
)
_fields = itemgetter(*FIELDS)


class Linked(TypedDict):
    """A stored entry, by the names of its columns."""

    member_id: int
    sequence: int
    journal_id: int
    currency_id: int
    kind: str
    points: int
    available: int
    pending: int
    reserved: int
    arrears: int
    balance_after: int
    activity_at: datetime
    posted_at: datetime


def link(previous: str, entry: Linked) -> str:
    """The chain value of a stored `entry` behind the entry of the same member whose value is `previous`."""
    return value(previous, _fields(entry), text(entry["activity_at"]), text(entry["posted_at"]))


def value(previous: str, fields: Sequence[int | str], activity_at: str, posted_at: str) -> str:
    """The same for values in the order of FIELDS and instants as `text` writes them."""
    return hashlib.sha256("|".join((previous, *map(str, fields), activity_at, posted_at)).encode()).hexdigest()


@memoised
def text(instant: datetime) -> str:
    """An instant as it is hashed: UTC, always with microseconds. A batch asks it of one instant for all its items."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")
