"""What does a member bring along from another system, as a value? What all values have in common says activity.py."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, TypeAlias

from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.money import LARGEST
from partners.activity import ADDED, ATTRIBUTES, Identifiers
from partners.limits import Longest, Within

_Name: TypeAlias = Annotated[str, Longest(128)]
_Code: TypeAlias = Annotated[str, Longest(40)]
_Amount: TypeAlias = Annotated[int, Within()]


@dataclass(frozen=True, slots=True)
class Opening:
    """What a member brings along from another system, called `source` there; points in the smallest unit.

    `points` of `currency` are added to the balance, or the balance is made so (`sets`); below zero they are owed,
    None says nothing of the balance. They end at `ends_at`, with `never_ends` never, else as points that were earned
    at `earned_at` would. `earned_before` and `redeemed_before` are sums of there. `qualifying` points count for the
    ladder `tier_group`; `tier` is held in it, until `tier_until` at least. `last_activity_at` is the last one there.
    `stated` is what the file says of the points, where it had to be rounded. A balance that is made so takes the
    place of what the lots `replaces` (primary keys) have left, where it says another end.
    """

    external_id: _Name
    member: Identifiers
    source: Annotated[str, Longest(60)]
    points: Annotated[int | None, Within(-LARGEST)] = None
    sets: bool = False
    currency: _Code = ""
    ends_at: datetime | None = None
    never_ends: bool = False
    earned_at: datetime | None = None
    earned_before: _Amount = 0
    redeemed_before: _Amount = 0
    qualifying: Annotated[int | None, Within()] = None
    tier_group: _Code = ""
    tier: _Code = ""
    tier_until: datetime | None = None
    last_activity_at: datetime | None = None
    stated: Annotated[str, Longest(60)] = ""
    activity_at: datetime | None = None
    attributes: Annotated[JsonObject, ATTRIBUTES] = field(default_factory=dict)
    replaces: Sequence[int] = field(default=(), metadata=ADDED)
