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
    promotion: NotRequired[str]


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
    promotion: NotRequired[str]


class BeatenTrace(TypedDict):
    """A rule that would have given something, had not the rule `by` of its group given more.

    `why` it counts where that is another reason: the choice of the group, or how `by` stands to other rules. Of a
    discount `exact` is in units of `money`.
    """

    rule: str
    name: str
    version: int
    exact: str
    by: str
    why: NotRequired[str]
    money: NotRequired[str]
    promotion: NotRequired[str]


class MoneyTrace(TypedDict):
    """An amount in minor units of `money`, rounded half up where it was said in another one."""

    amount: int
    money: str


class DiscountTrace(TypedDict):
    """A rule that took money off: `amount` in minor units of the program's `money`, `exact` in units of it before it
    was rounded and before other discounts left less to take off.

    `lines` are the places of the lines that it is about, from 0, where these are not all; `desired` is what it would
    have taken off, had not caps cut it.
    """

    rule: str
    name: str
    version: int
    money: str
    exact: str
    amount: int
    lines: NotRequired[list[int]]
    promotion: NotRequired[str]
    desired: NotRequired[int]


class MissTrace(TypedDict):
    """The rule that came nearest to giving something, and `why` it did not."""

    rule: str
    name: str
    version: int
    why: str
    promotion: NotRequired[str]


#: What one cap cut off the points of a currency, or ("") off the `money` that discounts take off, and when it has
#: room again, which those of long ago do not say.
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
        "money": NotRequired[str],
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


class ReachedTrace(TypedDict, total=False):
    """How far a member was with what a rule counts; what is missing is nothing. `last_on` as ISO text."""

    counted: int
    rewarded: int
    used: int
    run: int
    in_last: int
    last_on: str


class AdvanceTrace(TypedDict):
    """What a rule `counts`, how far the member was with it before, and after where that is something else."""

    counts: str
    before: ReachedTrace
    after: NotRequired[ReachedTrace]


class Trace(TypedDict):
    """How the points came about, as the plain JSON that a journal keeps; `eligible` in units of money.

    `seen` is what rules saw of the person, by the name of what they ask; `desired` are the points by currency code
    before the caps cut them. `promotions` are the points that promotions gave, by their codes and by currency code;
    `codes` the keys of the promotions' own codes that were used for it, by the codes of the promotions; `progress`
    what rules count for the member, by their codes. `discounts` is the money off that tills were told of, and
    `taken_off` what the lines say that was taken off.
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
    promotions: NotRequired[Mapping[str, Mapping[str, int]]]
    codes: NotRequired[Mapping[str, int]]
    progress: NotRequired[Mapping[str, AdvanceTrace]]
    discounts: NotRequired[list[DiscountTrace]]
    taken_off: NotRequired[MoneyTrace]
