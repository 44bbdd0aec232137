"""Which conditions ask what other rules give for the same activity?"""

from programs.rules.base import Basket, Facts
from programs.rules.conditions.base import Condition, Texts, listing


class OnlyIf(Texts, Condition):
    """One of these rules counts and gives something; it is asked when that is known (programs/waiting.py)."""

    key, hint = "only_if", "codes of rules that give points"

    def holds(self, basket: Basket, facts: Facts) -> bool:
        return not self.wanted.isdisjoint(facts.given)

    def miss(self, basket: Basket, facts: Facts) -> str:
        return f"none of these rules gave anything: {listing(sorted(self.wanted))}"

    def says(self) -> str:
        return f"only if the rule {self.named()} gives something"


CONDITIONS: tuple[type[Condition], ...] = (OnlyIf,)
