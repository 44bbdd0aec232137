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
    """A rule that gave something: `exact` before multipliers and rounding, `points` in the smallest unit."""

    rule: str
    name: str
    version: int
    kind: str
    currency: str
    exact: str
    points: int
    multiplied_by: NotRequired[list[FactorTrace]]


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


class Trace(TypedDict):
    """How the points came about, as the plain JSON that a journal keeps; `eligible` in units of money."""

    version: int
    eligible: str
    local: str
    tiers: Mapping[str, str]
    rules: list[RuleTrace]
    beaten: NotRequired[list[BeatenTrace]]
    nearest: NotRequired[MissTrace]
