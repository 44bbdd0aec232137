"""Which rows beside the entries does a seal vouch for, and how are they hashed?

Entries carry a hash of their own. Of these rows the columns are hashed that never change once they are written: what
ended since, or was superseded, is told by the rows that follow.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Protocol, TypeAlias

from django.db import models

from members.models import MemberBenefit, Standing
from programs.models import Program
from transactions.books import chain

#: What a seal says of one kind of rows: the first and the last key that belong to it, and how many rows there are.
Span: TypeAlias = dict[str, int]

#: Which rows, by the name that a seal calls them, and the columns that are hashed, in this order.
KINDS: dict[str, tuple[type[models.Model], str]] = {
    "standings": (
        Standing,
        "id member_id group_id tier_id since_at from_at valid_until reason note counted cycle caused_by recorded_at",
    ),
    "benefits": (MemberBenefit, "id member_id benefit_id group_id assigned_at recorded_at"),
}
#: How many rows are read at once.
CHUNK = 5000


class Hash(Protocol):
    """What hashlib makes."""

    def update(self, data: bytes, /) -> None: ...


def last_keys() -> dict[str, int]:
    """The largest key of each kind that is taken by now."""
    return {name: _last(model) for name, (model, _) in KINDS.items()}


def _last(model: type[models.Model]) -> int:
    last: int | None = model._default_manager.aggregate(last=models.Max("pk"))["last"]
    return last or 0


def span(first: int, last: int) -> Span:
    """The keys from `first` to `last`; none where `last` comes before. The rows are not counted yet."""
    return {"first": first, "last": max(last, first - 1), "rows": 0}


def add(root: Hash, program: Program, name: str, keys: Span) -> int:
    """Hash the rows of a span into a root, in the order of their keys; returns how many there are."""
    count = 0
    for line in lines(program, name, keys["first"], keys["last"]):
        root.update(line)
        count += 1
    return count


def lines(program: Program, name: str, first: int, last: int) -> Iterator[bytes]:
    """What is hashed of each row; the same on both databases."""
    model, columns = KINDS[name]
    groups = list(program.tier_groups.values_list("pk", flat=True))
    rows = model._default_manager.filter(pk__gte=first, pk__lte=last, group__in=groups).order_by("pk")
    for row in rows.values_list(*columns.split()).iterator(chunk_size=CHUNK):
        yield hashlib.sha256("|".join((name, *map(_text, row))).encode()).hexdigest().encode()


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return chain.text(value)
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
