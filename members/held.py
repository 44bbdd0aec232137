"""What did a member hold at some instant, as values?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class HeldLot:
    """A lot as it stood, points in the smallest unit; `expires_at` and `is_pending` too are those of then."""

    id: int
    currency_id: int
    points: int
    remaining: int
    is_pending: bool
    activity_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class State:
    """`balances` {currency id: {available, pending, reserved, arrears}}, `lots` with something left by key,
    `tiers` {tier group id: tier id}."""

    balances: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    lots: Sequence[HeldLot] = field(default_factory=list)
    tiers: Mapping[int, int] = field(default_factory=dict)
