"""How many points does a rule give to whom, where they differ by the tier that is held?"""

from collections.abc import Iterator
from fractions import Fraction

from programs.rules import base
from programs.rules.fields import by_tier


class ByTier:
    """The points of a rule, and others for who holds a tier; of several tiers the one that gives most counts."""

    def __init__(self, params: base.Cleaned) -> None:
        self.usual = Fraction(params["points"])
        self.of_tiers = by_tier(params.get("by_tier") or "")

    def __bool__(self) -> bool:
        """Whether it asks for a tier at all."""
        return bool(self.of_tiers)

    def of(self, facts: base.Facts) -> Fraction:
        """The points for a member with these facts."""
        if not self.of_tiers:
            return self.usual
        held = [self.of_tiers[tier] for tier in facts.tiers.values() if tier in self.of_tiers]
        return max(held, default=self.usual)

    def unmet(self, surroundings: base.Surroundings) -> Iterator[tuple[str, str]]:
        """(param, message) where it names tiers that the program does not have."""
        unknown = sorted(self.of_tiers.keys() - surroundings.tiers)
        if unknown:
            yield "by_tier", f"none called {', '.join(unknown)} is a tier of the program"
