"""What became of some rows, in the words of the mapping?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.refusals import Refusal

CONFLICT = Refusal(
    "idempotency_conflict",
    "Another balance of this member was brought in from this source before. Leave the row out, let the mapping set "
    "balances, or give the file a source of its own.",
    field="points",
)
OTHER_LOTS = replace(
    CONFLICT,
    detail="This member has brought other lots, or a whole balance, from this source before, and brings them once. "
    "Leave these rows out, let a file with one row for each member set balances, or give this file another source.",
)
FURTHER_CARD = Refusal(
    "further_card", "Taken all the same. This is a further card of a member; its points were added.", field="card"
)

PROMISED_END = Refusal(
    "end_promised",
    "Taken all the same. The end in expires counts; the one that would follow from last_activity does not.",
    field="expires",
)


@dataclass(slots=True)
class Brought:
    """What became of some rows; `moved` is by how much balances moved, by currency; `refusals` are by line.

    `rounded` rows had fractions of points, `newcomers` are the keys of those who were enrolled. `notes` are by line,
    of rows that were taken all the same.
    """

    posted: int = 0
    replayed: int = 0
    enrolled: int = 0
    moved: Counter[str] = field(default_factory=Counter)
    rounded: int = 0
    newcomers: Sequence[str] = ()
    refusals: dict[int, Refusal] = field(default_factory=dict)
    notes: dict[int, Refusal] = field(default_factory=dict)


#: What the mapping calls the fields that the ledger names otherwise.
_COLUMNS = {
    "ends_at": "expires",
    "earned_at": "earned",
    "tier_until": "tier_expires",
    "earned_before": "lifetime_earned",
    "redeemed_before": "lifetime_redeemed",
    "qualifying": "qualifying_points",
    "last_activity_at": "last_activity",
}


def in_own_words(refusal: Refusal) -> Refusal:
    """A refusal of the ledger in the words of the mapping."""
    return replace(refusal, field=_COLUMNS.get(refusal.field, refusal.field))


def moved(answer: JsonObject | None) -> int:
    points = (answer or {}).get("points")
    return sum(each for each in points.values() if isinstance(each, int)) if isinstance(points, dict) else 0
