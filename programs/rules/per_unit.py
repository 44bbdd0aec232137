"""So many points for each unit bought; conditions say of which product or category."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from loyalty_site.lib.json_types import ExactJson
from programs.configuration import Configuration
from programs.rules import base
from programs.rules.fields import BySegmentField, ByTierField
from programs.rules.rates import Rated, others
from programs.rules.units import Units


class PerUnit(Rated, base.Kind):
    """Points in proportion to the number of units: whole ones only, or parts of what was weighed too.

    Where the program rounds each line, the whole units of each line are counted, else those of all together.
    """

    label = "Points per unit bought"
    activities = frozenset({"purchase"})

    class Params(base.Params):
        points = base.PointsField(initial=10, help_text="Points for each unit.")
        by_tier = ByTierField()
        by_segment = BySegmentField()
        fractions = base.SwitchField(
            label="Parts of units count",
            help_text="10 points per unit: 1.5 kg give 15. Off: whole units only, 10.",
        )

    def __init__(self, params: base.Cleaned) -> None:
        super().__init__(params)
        self.fractions: bool = params.get("fractions") or False

    def points(
        self, basket: base.Basket, facts: base.Facts, configuration: Configuration
    ) -> Sequence[base.Exact] | None:
        units = [line.quantity for line in basket.lines]
        counts: Sequence[base.Exact] = units if configuration.rounds_per_line else [sum(units)]
        if not self.fractions:
            counts = [count // 1 for count in counts]
        if not any(counts):
            return None
        over, under = self.rates.of(facts).as_integer_ratio()
        return [Fraction(count * over, under) for count in counts]

    def why_not(self, basket: base.Basket, facts: base.Facts, configuration: Configuration) -> str:
        whole = "" if self.fractions else "whole " if any(line.quantity for line in basket.lines) else ""
        return f"no {whole}unit of such a product was bought"

    def weights(self, lines: Sequence[base.BasketLine]) -> Sequence[base.Exact]:
        return [line.quantity for line in lines]

    @classmethod
    def gives(cls, params: Mapping[str, ExactJson], units: Units) -> str:
        parts = ", parts of units in proportion" if params.get("fractions") else ""
        return f"{units.points(params['points'])} per unit{others(params)}{parts}"
