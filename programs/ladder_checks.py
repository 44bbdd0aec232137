"""What makes a ladder of tiers wrong? Asked by the models' own `clean` and by the check of a document. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from programs.checks import TIER_CURRENCY, Problem, clipped

#: The ladders that count in cycles, each of which begins at 0.
WITH_CYCLES = frozenset({"calendar", "anniversary"})
#: The validities that are counted in cycles.
OF_CYCLES = frozenset({"rest_of_cycle", "rest_of_cycle_plus_next"})

#: The path of tiers that are only compared with.
_OTHER = "~"

#: How a number of points of some currency is written.
Say = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Step:
    """A tier as a step of its ladder: what reaches it, and what keeps it (None: the same).

    `further` maps the codes of further currencies to {"threshold": …, "retention": …}; `path` is where it stands, and
    `segment` the code of the segment that it follows, "" for none.
    """

    sequence: int
    name: str
    threshold: int | None
    retention: int | None = None
    further: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""
    segment: str = ""

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


@dataclass(frozen=True, slots=True)
class Counting:
    """What a ladder counts: how thresholds of its first currency are written, and by code those of each further one.

    `needs_all` says that a tier asks for all of its thresholds, so that only one of them need rise with it.
    """

    is_manual: bool = False
    needs_all: bool = False
    further: Mapping[str, Say] = field(default_factory=dict)
    say: Say = str


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


def further(first: str, others: Sequence[str], kinds: Mapping[str, str], *, model: str) -> Iterator[Problem]:
    """Of the currencies that a ladder counts beside its `first`; `kinds` are those of the program by their codes."""
    if others and model == "manual":
        yield Problem("further_currencies", "a manual ladder counts nothing; leave them out")
    elif others and not first:
        yield Problem("further_currencies", "count beside the first currency; name that one as well")
    for place, code in enumerate(others):
        path = f"further_currencies[{place}]"
        if code not in kinds:
            yield Problem(path, f"“{clipped(code)}” is no currency of the program")
        elif kinds[code] != "qualifying":
            yield Problem(path, TIER_CURRENCY)
        elif code == first:
            yield Problem(path, f"“{code}” is the first currency already")


def ladder(steps: Iterable[Step], counting: Counting) -> Iterator[Problem]:
    """Of the tiers of one group: a higher tier needs more points than a lower one, and no fewer to be kept."""
    steps = sorted(steps, key=lambda step: step.sequence)
    for step in steps:
        yield from _step(step, counting)
        yield from _followed(step, counting)
        if counting.is_manual and step.threshold is not None and (step.threshold or step is not steps[0]):
            yield Problem(step.at("threshold"), "in a manual ladder only the lowest tier may be free; leave it empty")
    if counting.is_manual:
        return
    for low, high in pairwise(steps):
        yield from _raised(low, high, counting)
    yield from _rising(steps, counting.say, strictly=not _may_stay(counting))
    for code, say in counting.further.items():
        yield from _rising([step.of(code) for step in steps], say, strictly=not _may_stay(counting))


def alone(own: Step, others: Iterable[Step], counting: Counting) -> Iterator[Problem]:
    """The same for one tier among the others, as far as it is about this one."""
    around = [replace(step, path=_OTHER) for step in others]
    yield from (problem for problem in ladder([*around, own], counting) if not problem.path.startswith(_OTHER))
    higher = sorted((step for step in around if step.sequence > own.sequence), key=lambda step: step.sequence)
    if counting.is_manual:
        if any(step.threshold is not None for step in higher):
            yield Problem(own.at("sequence"), "in a manual ladder only the lowest tier may be free; put it higher")
        return
    yield from _below(own, higher, counting.say, strictly=not _may_stay(counting))
    for code, say in counting.further.items():
        yield from _below(own.of(code), [step.of(code) for step in higher], say, strictly=not _may_stay(counting))
    for above in higher[:1]:
        if any(_raised(own, above, counting)):
            yield Problem(own.at("threshold"), f"asks for no less than the tier above it, {above.name}")


def _may_stay(counting: Counting) -> bool:
    return counting.needs_all and bool(counting.further)


def _step(step: Step, counting: Counting) -> Iterator[Problem]:
    for code in sorted(step.further.keys() - counting.further.keys()):
        words = "is no further currency of the group; leave it out, or count it"
        yield Problem(step.at(f"further.{clipped(code)}"), words)
    for one, say in [(step, counting.say), *((step.of(code), say) for code, say in counting.further.items())]:
        if one.retention is None:
            continue
        if one.threshold is None:
            yield Problem(one.at("retention"), "no points reach this tier, so none keep it; leave it empty")
        elif one.retention > one.threshold:
            words = f"must not be more than the {say(one.threshold)} that reach the tier"
            yield Problem(one.at("retention"), words)


def _followed(step: Step, counting: Counting) -> Iterator[Problem]:
    if step.segment and not counting.is_manual:
        words = "only a tier of a manual ladder follows a segment; leave it out, or make the ladder manual"
        yield Problem(step.at("segment"), words)
    elif step.segment and step.threshold is not None:
        yield Problem(step.at("segment"), "everybody holds the free tier; leave the segment out")


def _raised(low: Step, high: Step, counting: Counting) -> Iterator[Problem]:
    """Where all thresholds are asked for: that at least one of them is more than that of the tier below."""
    if not _may_stay(counting):
        return
    pairs = [(low, high), *((low.of(code), high.of(code)) for code in counting.further)]
    if high.threshold is None and all(upper.threshold is None for _, upper in pairs):
        return
    if all((upper.threshold or 0) == (lower.threshold or 0) for lower, upper in pairs):
        yield Problem(high.at("threshold"), f"asks for no more than the tier below it, {low.name}")


def _rising(steps: Iterable[Step], say: Say, *, strictly: bool) -> Iterator[Problem]:
    counted = [(step, step.threshold) for step in steps if step.threshold is not None]
    for (low, lower), (high, higher) in pairwise(counted):
        if higher < lower or (strictly and higher == lower):
            least = "must be more than" if strictly else "must not be less than"
            yield Problem(high.at("threshold"), f"{least} the {say(lower)} of the tier below it, {low.name}")
        elif (high.keeps or 0) < (low.keeps or 0):
            words = f"must not be less than the {say(low.keeps or 0)} that keep the tier below it, {low.name}"
            yield Problem(high.at("retention"), words)


def _below(own: Step, higher: Iterable[Step], say: Say, *, strictly: bool) -> Iterator[Problem]:
    """The same said of the lower of two tiers; `higher` are those above it, the nearest first."""
    above = next((step for step in higher if step.threshold is not None), None)
    if own.threshold is None or above is None or above.threshold is None:
        return
    if own.threshold > above.threshold or (strictly and own.threshold == above.threshold):
        most = "must be less than" if strictly else "must not be more than"
        yield Problem(own.at("threshold"), f"{most} the {say(above.threshold)} of the tier above it, {above.name}")
    elif (own.keeps or 0) > (above.keeps or 0):
        words = f"must not be more than the {say(above.keeps or 0)} that keep the tier above it, {above.name}"
        yield Problem(own.at("retention"), words)
