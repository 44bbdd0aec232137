"""How far is a member from the next tier? From the compiled program and the member's stored numbers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from programs.configuration import Configuration, Currency, Tier, TierGroup


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


def steps(
    configuration: Configuration, *, tallies: Mapping[tuple[int, date], int], held: Mapping[int, int], now: datetime
) -> Iterator[Step]:
    """A Step for each tier group of the program.

    `tallies` are the member's qualifying points by currency and first day of the window, `held` maps the id of a
    group to the id of the tier held in it.
    """
    for group in configuration.tier_groups.values():
        currency = configuration.currencies[group.currency]
        counted = tallies.get((currency.id, group.period(now, configuration.zone)), 0)
        place = next((n for n, tier in enumerate(group.tiers) if tier.id == held.get(group.id)), -1)
        above = group.tiers[place + 1] if place + 1 < len(group.tiers) else None
        missing = max(0, above.threshold - counted) if above else 0
        yield Step(group=group, currency=currency, counted=counted, next=above, missing=missing)


def windows_from(configuration: Configuration, *, now: datetime) -> date:
    """The first day of the earliest window that counts now."""
    return min(
        (group.period(now, configuration.zone) for group in configuration.tier_groups.values()), default=date.max
    )
