"""What does the ledger take, and what does it tell of each?"""

from dataclasses import Field, dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

from loyalty_site.lib.refusals import Refusal
from transactions.books.columns import Json

#: How somebody is named, e.g. {"number": "42"} or {"email": "a@b.c"}; members/lookup.py tries them in its order.
Identifiers: TypeAlias = dict[str, str]

Status: TypeAlias = Literal["posted", "replayed", "kept", "refused"]


class Item(Protocol):
    """A frozen dataclass of partners/activity.py. `activity_at` None: the moment at which it reaches us."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def activity_at(self) -> datetime | None: ...


class Fact(Item, Protocol):
    """An item that is written down under a name of its own: told twice, it counts once."""

    @property
    def external_id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item.

    `answer` is what the sender is told and told again; `refusal` says why nothing was written. Kept: the
    fact is written down and waits (failed, held, or ahead of what it refers to), no points moved.
    """

    status: Status
    journal_id: int | None = None
    answer: Json | None = None
    refusal: Refusal | None = None
