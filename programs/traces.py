"""How is it written down how points came about? The plain JSON that a journal keeps for good."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict


class FactorTrace(TypedDict):
    """A multiplier that a rule's points were multiplied by."""

    rule: str
    name: str
    version: int
    factor: str


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
    """A rule that would have given something, had not the rule `by` of its group given more."""

    rule: str
    name: str
    version: int
    exact: str
    by: str


class MissTrace(TypedDict):
    """The rule that came nearest to giving something, and `why` it did not."""

    rule: str
    name: str
    version: int
    why: str


class CapsTrace(TypedDict, total=False):
    """What the caps did: their cuts, the room that each had, the most that fitted each balance by currency code, and
    what was used up of which counter, as [code of the cap, its key, key of the member or store, first day, use]."""

    cuts: list[dict[str, str | int]]
    rooms: dict[str, int]
    balances: dict[str, int]
    counted: list[list[str | int]]


class Trace(TypedDict):
    """How the points came about, as the plain JSON that a journal keeps; `eligible` in units of money.

    `desired` are the points by currency code before the caps cut them.
    """

    version: int
    eligible: str
    local: str
    tiers: Mapping[str, str]
    rules: list[RuleTrace]
    beaten: NotRequired[list[BeatenTrace]]
    nearest: NotRequired[MissTrace]
    caps: NotRequired[CapsTrace]
    desired: NotRequired[Mapping[str, int]]
