"""How many points does a rule give to whom, where they differ by the tier that is held, or by segment?"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from fractions import Fraction

from loyalty_site.lib.json_types import ExactJson
from programs.rules import base
from programs.rules.base import SEGMENTS
from programs.rules.fields import BySegmentField, ByTierField, rates_by_code
from programs.rules.units import both


class Rates:
    """The points of a rule, and others for who holds a tier or is in a segment; of several that apply the one that
    gives most counts."""

    def __init__(self, params: base.Cleaned) -> None:
        self.usual = Fraction(params["points"])
        self.of_tiers = rates_by_code(params.get("by_tier") or "", of=ByTierField)
        self.of_segments = rates_by_code(params.get("by_segment") or "", of=BySegmentField)
        #: Whether somebody gets others than the usual points.
        self.differ = bool(self.of_tiers or self.of_segments)

    @property
    def asks(self) -> Mapping[str, frozenset[str]]:
        """What it asks of the member beyond the tiers."""
        return {SEGMENTS: frozenset(self.of_segments)} if self.of_segments else {}

    def of(self, facts: base.Facts) -> Fraction:
        """The points for a member with these facts."""
        if not self.differ:
            return self.usual
        found = [self.of_tiers[tier] for tier in facts.tiers.values() if tier in self.of_tiers]
        if self.of_segments:
            inside = facts.seen.get(SEGMENTS, ())
            found += [self.of_segments[segment] for segment in inside if segment in self.of_segments]
        return max(found, default=self.usual)

    def unmet(self, surroundings: base.Surroundings) -> Iterator[tuple[str, str]]:
        """(param, message) where it names tiers or segments that the program does not have."""
        yield from _unknown("by_tier", self.of_tiers.keys(), surroundings.tiers, "a tier")
        yield from _unknown("by_segment", self.of_segments.keys(), surroundings.segments, "a segment")


class Rated:
    """Points that differ by tier and by segment, as the fields `by_tier` and `by_segment` say; mixed into a kind."""

    rates: Rates
    asks_for_tier: bool
    asks: Mapping[str, frozenset[str]]

    def __init__(self, params: base.Cleaned) -> None:
        self.rates = Rates(params)
        self.asks_for_tier, self.asks = bool(self.rates.of_tiers), self.rates.asks

    def unmet(self, surroundings: base.Surroundings) -> Iterable[tuple[str, str]]:
        """As Kind.unmet: tiers and segments that the program does not have."""
        return self.rates.unmet(surroundings)


def _unknown(param: str, named: Collection[str], known: frozenset[str], what: str) -> Iterator[tuple[str, str]]:
    if missing := sorted(set(named) - known):
        yield param, f"none called {', '.join(missing)} is {what} of the program"


def others(params: Mapping[str, ExactJson]) -> str:
    """Who gets other points, behind those of all: “ (3 for gold and 1.5 for silver)”; "" where nobody does."""
    of_tiers = rates_by_code(str(params.get("by_tier") or ""), of=ByTierField)
    of_segments = rates_by_code(str(params.get("by_segment") or ""), of=BySegmentField)
    said = [f"{base.plain(points)} for {tier}" for tier, points in of_tiers.items()]
    said += [f"{base.plain(points)} for the segment {segment}" for segment, points in of_segments.items()]
    return f" ({both(said)})" if said else ""
