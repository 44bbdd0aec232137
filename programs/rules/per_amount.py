"""So many points for each so much money."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from loyalty_site.lib.json_types import ExactJson
from programs.configuration import Configuration
from programs.rules import base
from programs.rules.fields import BySegmentField, ByTierField
from programs.rules.rates import Rated, others
from programs.rules.units import Units


class PerAmount(Rated, base.Kind):
    """Points in proportion to the money that may earn, or for each whole step of it only.

    Where the program rounds each line, each line has steps of its own.
    """

    label = "Points per amount of money"
    activities = frozenset({"purchase"})

    class Params(base.Params):
        points = base.PointsField(initial=1, help_text="This many points…")
        per = base.MoneyField(initial=1, help_text="…for each so much of the base currency.")
        minimum = base.MoneyField(required=False, help_text="Nothing below this eligible amount.")
        whole_steps = base.SwitchField(
            label="Whole steps only",
            help_text="10 points per 100: 150 gives 10, and 99 nothing. Off: in proportion, 15 and 9.",
        )
        by_tier = ByTierField()
        by_segment = BySegmentField()

    def __init__(self, params: base.Cleaned) -> None:
        super().__init__(params)
        self.step = Fraction(params["per"])
        self.whole_steps: bool = params.get("whole_steps") or False
        # Apart, so that each number costs one division and not three.
        self.usual = (self.rates.usual / self.step).as_integer_ratio()
        self.minimum: base.Exact = Fraction(params["minimum"]) if params.get("minimum") else 0

    def points(
        self, basket: base.Basket, facts: base.Facts, configuration: Configuration
    ) -> Sequence[base.Exact] | None:
        if self._is_below_minimum(basket):
            return None
        if self.whole_steps:
            return self._of_steps(basket, self.rates.of(facts), rounds_per_line=configuration.rounds_per_line)
        over, under = (self.rates.of(facts) / self.step).as_integer_ratio() if self.rates.differ else self.usual
        under *= basket.major
        if configuration.rounds_per_line:
            return [base.quotient(line.eligible * over, under) for line in basket.lines]
        return [base.quotient(basket.eligible * over, under)]

    def why_not(self, basket: base.Basket, facts: base.Facts, configuration: Configuration) -> str:
        if self._is_below_minimum(basket):
            return f"the eligible amount is below the minimum of {base.plain(self.minimum)}"
        what = "each line" if configuration.rounds_per_line else "the eligible amount"
        return f"{what} is below a whole step of {base.plain(self.step)}"

    def weights(self, lines: Sequence[base.BasketLine]) -> Sequence[base.Exact]:
        return [line.eligible for line in lines]

    @classmethod
    def gives(cls, params: Mapping[str, ExactJson], units: Units) -> str:
        full = "full " if params.get("whole_steps") else ""
        least = f", for at least {units.amount(params['minimum'])}" if params.get("minimum") else ""
        rate = f"{units.points(params['points'])} per {full}{units.each(params['per'])}"
        return f"{rate}{others(params)}{least}"

    def _is_below_minimum(self, basket: base.Basket) -> bool:
        return bool(self.minimum) and basket.eligible < self.minimum * basket.major

    def _of_steps(
        self, basket: base.Basket, given: Fraction, *, rounds_per_line: bool
    ) -> Sequence[base.Exact] | None:
        """Points for the whole steps of each line, or of all; None where there are none."""
        amounts = [line.eligible for line in basket.lines] if rounds_per_line else [basket.eligible]
        step = self.step * basket.major
        steps = [amount // step for amount in amounts]
        return [given * count for count in steps] if any(steps) else None
