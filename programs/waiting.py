"""Which rules give something because another one does, or none does? Those with the condition `only_if`.

Pure. They are asked after the rules that they wait for, and then compete like all others. None of them ever keeps out
a rule that it waits for: it falls back itself, and what would have counted without it does.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple, TypeAlias

from programs import awarding, competing
from programs.awarding import Bid
from programs.competing import Standing
from programs.compiled_rules import Rule
from programs.configuration import Configuration
from programs.rules.base import Facts
from programs.traces import BeatenTrace

#: What each of the rules that fire gives, for these facts.
Ask: TypeAlias = Callable[[Iterable[Rule], Facts], list[Bid]]
#: What counts of bids of both phases, for these facts.
Stand: TypeAlias = Callable[[Sequence[Bid], Facts], Standing]


class Judged(NamedTuple):
    """What counts in the end, and the facts that the rules saw which wait for others."""

    standing: Standing
    facts: Facts


def judged(
    steps: Sequence[Sequence[Rule]],
    bids: list[Bid],
    facts: Facts,
    configuration: Configuration,
    ask: Ask,
    stand: Stand,
) -> Judged:
    """What counts of the `bids` of those who wait for nobody and of the rules of the `steps`, each of which waits
    only for rules of those before it."""
    fallen: list[Bid] = []
    while True:
        out = {bid.rule.code for bid in fallen}
        left = [[rule for rule in step if rule.code not in out] for step in steps]
        found, standing, facts = _once(left, bids, facts, configuration, ask, stand)
        now = {bid.rule.code: bid.parts for bid in ask(chain.from_iterable(left), facts)}
        falling = [bid for bid in found if bid.rule.waits_for and now.get(bid.rule.code) != bid.parts]
        if not falling:
            return Judged(standing._replace(beaten=[*standing.beaten, *_explained(fallen, standing)]), facts)
        # Without them once more, until nobody falls: there are fewer each time.
        fallen += falling


def _once(
    steps: Iterable[Iterable[Rule]],
    bids: Iterable[Bid],
    facts: Facts,
    configuration: Configuration,
    ask: Ask,
    stand: Stand,
) -> tuple[list[Bid], Standing, Facts]:
    """All bids, what counts of them, and what the rules saw in the end, where each rule was asked in its step."""
    found = list(bids)
    standing = stand(found, facts)
    for step in steps:
        facts = facts._replace(given=_given(standing, configuration))
        found += ask(step, facts)
        standing = stand(found, facts)
    return found, standing, facts._replace(given=_given(standing, configuration))


def _given(standing: Standing, configuration: Configuration) -> frozenset[str]:
    """The codes of the rules that count and give something: by themselves, before multipliers and caps."""
    return frozenset(bid.rule.code for bid in standing.bids if awarding.award(configuration, bid, ()) > 0)


def _explained(fallen: Iterable[Bid], standing: Standing) -> Iterator[BeatenTrace]:
    """Who would have given points, had that not changed what it waits for."""
    counting = {bid.rule.code: bid.rule for bid in standing.bids}
    for bid in fallen:
        awaited = sorted(bid.rule.waits_for & counting.keys())
        if awaited and bid.rule.kind.phase == "base":
            yield competing.fallen(bid, counting[awaited[0]])
