"""What is a rule of a program as a frozen value, and which rules hear of an activity?"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from programs.capping import CutOrder

if TYPE_CHECKING:
    # Kinds and conditions see the configuration that holds the rules; here only their names are needed.
    from programs.rules.base import Kind
    from programs.rules.conditions.base import Condition, LineCondition
    from programs.rules.conditions.tree import Node


#: The phase of rules that take money off.
DISCOUNT: Final = "discount"


@dataclass(frozen=True, slots=True)
class Promotion:
    """An offer, which rules and caps name by its `code`.

    So many of a hundred members, `holdout_percent`, are left out; each code of its own list can be used
    `uses_per_code` times, 0 where it has none. Nothing that happens from `stopped_from` on counts.
    """

    id: int
    code: str
    name: str
    opt_in: bool
    uses_per_code: int
    holdout_percent: int
    stopped_from: datetime | None


@dataclass(frozen=True, slots=True)
class Rule:
    """An earning rule; `kind` is a ready instance of a file of programs/rules/, `filters` are those of its
    `conditions` that narrow the lines which it counts, `tree` has the conditions that are put together, or ask for
    sums of lines. Its `currency` is "" where it takes money off. `choice` is that of its whole group. What its
    `promotion` (a code, "" for none) asks for is among its own conditions and dates."""

    code: str
    name: str
    version: int
    currency: str
    group: str
    priority: int
    stacking: str
    choice: str
    starts_on: date | None
    ends_on: date | None
    kind: "Kind"
    conditions: "tuple[Condition, ...]"
    filters: "tuple[LineCondition, ...]"
    tree: "Node | None" = None
    #: Whether it is about some lines of a basket.
    chooses_lines: bool = False
    promotion: str = ""
    #: Of how many things it is made that have to be there: its conditions, lines that it counts, and points.
    asked: int = field(init=False, compare=False, repr=False)
    #: The codes of the rules of which it asks what they give (waiting.py).
    waits_for: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "asked", len(self.conditions) + 2)

    @property
    def leaves(self) -> "Iterator[Condition]":
        """All its conditions, wherever they stand."""
        yield from self.conditions
        if self.tree:
            yield from self.tree.leaves()

    @property
    def asks(self) -> Iterator[tuple[str, frozenset[str]]]:
        """What it asks of the member beyond the tiers: by a name, which of the values it tells from others."""
        yield from ((leaf.needs, leaf.asks()) for leaf in self.leaves if leaf.needs)
        yield from self.kind.asks.items()

    @property
    def cut_order(self) -> CutOrder:
        """By what its points are cut, the first of them first (semantics C8-R4)."""
        return self.kind.phase == "base", self.group == "base", self.priority, self.code


class Listening(NamedTuple):
    """The rules that are about one kind of activity, in evaluation order; multipliers only of currencies in which
    the `base` rules give something to multiply; those of `activity` give nothing and keep balances alive,
    those of `discounts` take money off.

    `waiting` are the rules of both phases that ask what others give, in steps: each waits only for rules of those
    before it. None of them stands among `base` and `multipliers`. It `waits` where there are any, of whatever phase.
    `asks` is what the rules ask of the member, as in Configuration.
    """

    base: tuple[Rule, ...] = ()
    multipliers: tuple[Rule, ...] = ()
    activity: tuple[Rule, ...] = ()
    discounts: tuple[Rule, ...] = ()
    waiting: tuple[tuple[Rule, ...], ...] = ()
    waits: bool = False
    asks: Mapping[str, frozenset[str]] = {}

    def without(self, promotions: Collection[str]) -> "Listening":
        """But for the rules of these promotions."""

        def kept(rules: Iterable[Rule]) -> tuple[Rule, ...]:
            return tuple(rule for rule in rules if rule.promotion not in promotions)

        steps = tuple(map(kept, self.waiting))
        return self._replace(
            base=kept(self.base),
            multipliers=kept(self.multipliers),
            activity=kept(self.activity),
            discounts=kept(self.discounts),
            waiting=steps,
        )


def listen(rules: Iterable[Rule], activity: str | None) -> Listening:
    """Those of the rules about this kind of activity, in their order; None stands for all that no rule names."""
    heard = [rule for rule in rules if rule.kind.activities is None or activity in rule.kind.activities]
    base = [rule for rule in heard if rule.kind.phase == "base"]
    given = {rule.currency for rule in base}
    multipliers = [rule for rule in heard if rule.kind.phase == "multiplier" and rule.currency in given]
    alive = tuple(rule for rule in heard if rule.kind.phase == "activity")
    return Listening(
        base=tuple(rule for rule in base if not rule.waits_for),
        multipliers=tuple(rule for rule in multipliers if not rule.waits_for),
        activity=alive,
        discounts=tuple(rule for rule in heard if rule.kind.phase == DISCOUNT),
        waiting=tuple(_steps([rule for rule in (*base, *multipliers) if rule.waits_for])),
        waits=any(rule.waits_for for rule in heard),
        asks=asked(heard),
    )


def asked(rules: Iterable[Rule]) -> dict[str, frozenset[str]]:
    """What the rules ask of the member beyond the tiers."""
    found: dict[str, frozenset[str]] = {}
    for rule in rules:
        for name, values in rule.asks:
            found[name] = found.get(name, frozenset()) | values
    return found


def _steps(waiting: Iterable[Rule]) -> Iterator[tuple[Rule, ...]]:
    """The rules in the order in which they can be asked: first those that wait for none of the others."""
    left = {rule.code: rule for rule in waiting}
    while left:
        ready = [rule for rule in left.values() if rule.waits_for.isdisjoint(left)]
        # Circles are refused; of what is stored all the same nobody waits for ever.
        step = tuple(ready or left.values())
        yield step
        for rule in step:
            del left[rule.code]
