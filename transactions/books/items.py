"""What does the ledger take, and what does it tell of each?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, cast

from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.refusals import Refusal, Refused

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
else:
    DataclassInstance = object

Status: TypeAlias = Literal["posted", "replayed", "kept", "refused"]


class Item(Protocol, DataclassInstance):
    """A frozen dataclass of partners/activity.py. `activity_at` None: the moment at which it reaches us."""

    @property
    def activity_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item.

    `answer` is what the sender is answered, now and at each repetition; `refusal` says why nothing was written, and
    `refusals` has each reason at its own field.
    Kept: the fact is written down and waits (failed, held, or ahead of what it refers to), no points moved.
    """

    status: Status
    journal_id: int | None = None
    answer: JsonObject | None = None
    refusal: Refusal | None = None
    several: Sequence[Refusal] = ()

    @property
    def refusals(self) -> Sequence[Refusal]:
        """Each reason why nothing was written, none where it was."""
        return self.several or ((self.refusal,) if self.refusal else ())

    @classmethod
    def of(cls, refused: Refused) -> "Result":
        """The Result of an item that was refused so."""
        return cls("refused", refusal=refused.refusal, several=refused.refusals)


def accepted(result: Result) -> Result:
    """The Result itself. Raises Refused, with all that it was refused for, where nothing was written."""
    if result.refusal:
        found = result.refusal
        raise Refused(found.detail, field=found.field, code=found.code, several=result.refusals)
    return result


def warnings_of(result: Result) -> list[Refusal]:
    """What is surely wrong with a fact that was taken all the same, as it is answered (`verbs/doubts.py`)."""
    found = cast("list[dict[str, str]]", (result.answer or {}).get("warnings", []))
    return [Refusal(**warning) for warning in found]


def wait_of(result: Result) -> str:
    """Why a fact that was only written down waits, as it is answered; "" for every other one."""
    return str((result.answer or {}).get("detail", "")) if result.status == "kept" else ""
