"""The same points for each visit, whatever was bought."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from loyalty_site.lib.texts import listed
from programs.configuration import Configuration
from programs.rules import base
from programs.rules.fields import ByTierField
from programs.rules.rates import ByTier

VISITS = "purchase, visit"


class PerVisit(base.Kind):
    """The points do not depend on the basket, but there may be a smallest one."""

    label = "Points per visit"

    class Params(base.Params):
        points = base.PointsField(initial=10, help_text="Points for the visit.")
        by_tier = ByTierField()
        minimum = base.MoneyField(required=False, help_text="Only when at least this eligible amount was spent.")
        counts = base.EventsField(
            required=False, initial=VISITS, help_text="Which activities are a visit, separated by commas."
        )

    def __init__(self, params: base.Cleaned) -> None:
        self.rates = ByTier(params)
        self.asks_for_tier = bool(self.rates)
        self.minimum = Fraction(params.get("minimum") or 0)
        self.activities = listed(params.get("counts") or VISITS)

    def points(
        self, basket: base.Basket, facts: base.Facts, configuration: Configuration
    ) -> Sequence[base.Exact] | None:
        if self.minimum and basket.eligible < self.minimum * basket.major:
            return None
        return [self.rates.of(facts)]

    def why_not(self, basket: base.Basket, facts: base.Facts, configuration: Configuration) -> str:
        return "less than the minimum was spent"

    def unmet(self, surroundings: base.Surroundings) -> Iterable[tuple[str, str]]:
        return self.rates.unmet(surroundings)
