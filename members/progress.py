"""How far is a member from the next tier? From the compiled program and the member's stored numbers."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from members.models import Tally
from programs import versions
from programs.configuration import Currency, Tier, TierGroup
from programs.models import Program


@dataclass(frozen=True, slots=True)
class Step:
    """Where a member stands in one tier group, as values of the compiled program.

    `counted` are the qualifying points of the window of now; `next` is the tier above the one that is held,
    None at the top; `missing` are the points to it.
    """

    group: TierGroup
    currency: Currency
    counted: int
    next: Tier | None
    missing: int


def steps(program: Program, *, tallies: Iterable[Tally], held: Mapping[int, int], now: datetime) -> Iterator[Step]:
    """A Step for each tier group of `program`.

    `tallies` are the member's Tally rows, `held` maps the id of a group to the id of the tier held in it.
    """
    configuration = versions.of(program)
    counts = {(tally.currency_id, tally.period): tally.points for tally in tallies}
    for group in configuration.tier_groups.values():
        currency = configuration.currencies[group.currency]
        counted = counts.get((currency.id, group.period(now, configuration.zone)), 0)
        place = next((n for n, tier in enumerate(group.tiers) if tier.id == held.get(group.id)), -1)
        above = group.tiers[place + 1] if place + 1 < len(group.tiers) else None
        missing = max(0, above.threshold - counted) if above else 0
        yield Step(group=group, currency=currency, counted=counted, next=above, missing=missing)
