"""What makes a ladder of tiers wrong? Asked by the models' own `clean` and by the check of a document. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from programs.checks import Problem

#: The ladders that count in cycles, each of which begins at 0.
WITH_CYCLES = frozenset({"calendar", "anniversary"})
#: The validities that are counted in cycles.
OF_CYCLES = frozenset({"rest_of_cycle", "rest_of_cycle_plus_next"})

Say = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Step:
    """A tier as a step of its ladder: what reaches it, and what keeps it (None: the same).

    `further` maps the codes of further currencies to {"threshold": …, "retention": …}; `path` is where it stands.
    """

    sequence: int
    name: str
    threshold: int | None
    retention: int | None = None
    further: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""

    def at(self, name: str) -> str:
        """The path of one of its fields."""
        return f"{self.path}.{name}" if self.path else name

    def of(self, currency: str) -> "Step":
        """The same step in a further currency."""
        wanted = self.further.get(currency) or {}
        path = self.at(f"further.{currency}")
        return Step(self.sequence, self.name, wanted.get("threshold"), wanted.get("retention"), path=path)

    @property
    def keeps(self) -> int | None:
        """What keeps the tier."""
        return self.threshold if self.retention is None else self.retention


def group(*, model: str, counts: bool, validity: str, rollover: bool) -> Iterator[Problem]:
    """Of a ladder by itself; `counts` says whether it names a currency."""
    if model == "manual" and counts:
        yield Problem("currency", "a manual ladder counts nothing; leave the currency out")
    if model != "manual" and not counts:
        yield Problem("currency", "name the qualifying currency that is counted")
    if validity in OF_CYCLES and model not in WITH_CYCLES:
        yield Problem("validity", f"a {model} ladder has no cycles; take “period”, or “none” for life")
    if rollover and model not in WITH_CYCLES:
        yield Problem("rollover", f"a {model} ladder has no cycles whose surplus could open the next one")


def ladder(
    steps: Iterable[Step], *, is_manual: bool = False, further: Collection[str] = (), say: Say = str
) -> Iterator[Problem]:
    """Of the tiers of one group: a higher tier needs more points than a lower one, and no fewer to be kept.

    `say` writes a threshold of the first currency, `further` are the codes of the others.
    """
    steps = sorted(steps, key=lambda step: step.sequence)
    for step in steps:
        yield from _step(step, further, say)
        if is_manual and step.threshold is not None and (step.threshold or step is not steps[0]):
            yield Problem(step.at("threshold"), "in a manual ladder only the lowest tier may be free; leave it empty")
    if is_manual:
        return
    yield from _rising(steps, say)
    for code in further:
        yield from _rising([step.of(code) for step in steps], str)


def alone(
    own: Step, others: Iterable[Step], *, is_manual: bool, further: Collection[str], say: Say = str
) -> Iterator[Problem]:
    """The same for one tier among the others, as far as it is about this one."""
    steps = sorted([*others, own], key=lambda step: step.sequence)
    place = steps.index(own)
    around = steps[max(0, place - 1) : place + 1]
    yield from ladder(around, is_manual=is_manual and place == 0, further=further, say=say)
    above = steps[place + 1] if place + 1 < len(steps) else None
    if above and not is_manual and above.threshold is not None and any(_rising([own, above], say)):
        yield Problem("threshold", f"must be less than the {say(above.threshold)} of the tier above it, {above.name}")


def _step(step: Step, further: Collection[str], say: Say) -> Iterator[Problem]:
    for code in sorted(step.further.keys() - set(further)):
        yield Problem(step.at(f"further.{code}"), "is no further currency of the group")
    for one, write in [(step, say), *((step.of(code), str) for code in further)]:
        if one.retention is None:
            continue
        if one.threshold is None:
            yield Problem(one.at("retention"), "no points reach this tier, so none keep it; leave it empty")
        elif one.retention > one.threshold:
            yield Problem(
                one.at("retention"), f"must not be more than the {write(one.threshold)} that reach the tier"
            )


def _rising(steps: Iterable[Step], say: Say) -> Iterator[Problem]:
    counted = [step for step in steps if step.threshold is not None]
    for low, high in pairwise(counted):
        assert low.threshold is not None
        assert high.threshold is not None
        if high.threshold <= low.threshold:
            words = f"must be more than the {say(low.threshold)} of the tier below it, {low.name}"
            yield Problem(high.at("threshold"), words)
        elif (high.keeps or 0) < (low.keeps or 0):
            words = f"must not be less than the {say(low.keeps or 0)} that keep the tier below it, {low.name}"
            yield Problem(high.at("retention"), words)
