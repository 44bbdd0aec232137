"""How is it written down how points came about? The plain JSON that a journal keeps for good."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypeAlias, TypedDict


class FactorTrace(TypedDict):
    """A multiplier that a rule's points were multiplied by.

    `of` are the exact points that it multiplied where these are not all; one that `compounds` comes after the others.
    """

    rule: str
    name: str
    version: int
    factor: str
    of: NotRequired[str]
    compounds: NotRequired[bool]


class RuleTrace(TypedDict):
    """A rule that gave something: `exact` before multipliers and rounding, `points` in the smallest unit.

    `desired` is what it would have given, had not caps cut it.
    """

    rule: str
    name: str
    version: int
    kind: str
    currency: str
    exact: str
    points: int
    multiplied_by: NotRequired[list[FactorTrace]]
    desired: NotRequired[int]


class BeatenTrace(TypedDict):
    """A rule that would have given something, had not the rule `by` of its group given more.

    `why` it counts where that is another reason: the choice of the group, or how `by` stands to other rules.
    """

    rule: str
    name: str
    version: int
    exact: str
    by: str
    why: NotRequired[str]


class MissTrace(TypedDict):
    """The rule that came nearest to giving something, and `why` it did not."""

    rule: str
    name: str
    version: int
    why: str


#: What one cap cut off the points of a currency, and when it has room again, which those of long ago do not say.
CutTrace = TypedDict(
    "CutTrace",
    {
        "cap": str,
        "name": str,
        "currency": str,
        "from": int,
        "to": int,
        "period": NotRequired[str],
        "trailing_days": NotRequired[int],
        "resets_on": NotRequired[str],
    },
)

#: What was used up of a counter: code of the cap, its key, key of the member or store, first day, use.
CountedTrace: TypeAlias = tuple[str, int, int, str, int]


class CapsTrace(TypedDict, total=False):
    """What the caps did: their cuts, the room that each had, the most that fitted each balance by currency code, and
    what was used up of counters."""

    cuts: list[CutTrace]
    rooms: dict[str, int]
    balances: dict[str, int]
    counted: list[CountedTrace]


class Trace(TypedDict):
    """How the points came about, as the plain JSON that a journal keeps; `eligible` in units of money.

    `seen` is what rules saw of the person, by the name of what they ask; `desired` are the points by currency code
    before the caps cut them.
    """

    version: int
    eligible: str
    local: str
    tiers: Mapping[str, str]
    rules: list[RuleTrace]
    seen: NotRequired[Mapping[str, Sequence[str]]]
    beaten: NotRequired[list[BeatenTrace]]
    nearest: NotRequired[MissTrace]
    caps: NotRequired[CapsTrace]
    desired: NotRequired[Mapping[str, int]]
