"""What does the model of tiers write down: what was earned, and what was held?"""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass
class Earned:
    """What one purchase gave: it happened at `at`, and counts in the cycle that begins on `cycle`."""

    at: datetime
    day: date
    cycle: date
    points: tuple


@dataclass
class Row:
    """A tier that was held (-1 for none) from an instant on; `through` is the last day of its validity."""

    tier: int
    since: datetime
    begins: datetime
    through: date | None
    reason: str
    #: The cycle that was assessed, of a downgrade.
    cycle: date | None = None
