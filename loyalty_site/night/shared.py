"""What is a step of the night that several workers share?

`plan` finds once what is due and cuts it into batches, which are rows. Everybody takes the next open one, the process
that runs the night too; so without any other it does all, and with others it does its part and waits for theirs.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from django.db import connection

from loyalty_site.night.steps import Counts, Night

#: Members in one batch. On SQLite everybody who writes waits while a batch is booked.
SIZE, SIZE_ON_SQLITE = 1000, 200


@dataclass(frozen=True, slots=True)
class Batch:
    """The part of a step that is done in one transaction: members by their `keys`, or by the first and the last one
    where a step that is not divisible takes ranges.

    `now` is the instant for which the step was planned, the same for all batches and whenever they are done.
    """

    program_id: int
    day: date
    now: datetime
    keys: Sequence[int]


@dataclass(frozen=True, slots=True)
class SharedStep:
    """A step in batches.

    `plan(night)` yields the keys of the members to whom something is due, a batch at a time (see `cut`), each member
    once; it only reads. `work(batch)` does it for these and returns its counts by kind of change. It runs inside the
    transaction that marks the batch as done, and must find out by itself that something is no longer due, because
    somebody may have touched the member since. When it fails it is tried again, with `is_divisible` for one member
    after the other: who fails then is logged, counted as `failed`, and stops nobody.
    """

    name: str
    plan: Callable[[Night], Iterable[Sequence[int]]]
    work: Callable[[Batch], Counts]
    is_of_a_day: bool = False
    is_divisible: bool = True


def cut(keys: Iterable[int], size: int | None = None) -> Iterator[list[int]]:
    """Batches of `size` keys, as many as suit the database where it is None."""
    size = size or (SIZE if connection.vendor == "postgresql" else SIZE_ON_SQLITE)
    rest = iter(keys)
    while part := list(islice(rest, size)):
        yield part
