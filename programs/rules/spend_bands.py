"""The more is spent at once, the more points: a ladder of amounts, like brackets of a tax."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from django import forms

from loyalty_site.lib.json_types import ExactJson
from programs.configuration import Configuration
from programs.rules import base
from programs.rules.fields import BandsField, bands
from programs.rules.units import Units

POINTS, RATE = "points", "rate"
WHOLE, PARTS = "whole", "parts"


class SpendBands(base.Kind):
    """The band that the whole order reaches counts, or each band for the money that lies in it.

    Where the program rounds each line, points of a rate are shared among the lines by their money.
    """

    label = "Bands of money spent"
    activities = frozenset({"purchase"})

    class Params(base.Params):
        bands = BandsField()
        gives = forms.ChoiceField(
            required=False,
            choices=[(POINTS, "Fixed points"), (RATE, "Points for each unit of money")],
            initial=POINTS,
            help_text="What stands behind each amount: 10 points for the band, or a rate like 1.5 for each euro.",
        )
        mode = forms.ChoiceField(
            required=False,
            choices=[(WHOLE, "The band reached for all"), (PARTS, "Each band for its own part")],
            initial=WHOLE,
            help_text="100: 1, 250: 2 as rates, of 300: all at 2 (600), or 150 at 1 and 50 at 2 (250).",
        )

    def __init__(self, params: base.Cleaned) -> None:
        self.bands = bands(params["bands"])
        self.is_rate = params.get("gives") == RATE
        self.of_parts = params.get("mode") == PARTS

    def points(
        self, basket: base.Basket, facts: base.Facts, configuration: Configuration
    ) -> Sequence[base.Exact] | None:
        spent = Fraction(basket.eligible) / basket.major
        if spent < self.bands[0].start:
            return None
        given = self._rated(spent) if self.is_rate else self._fixed(spent)
        if self.is_rate and configuration.rounds_per_line and basket.eligible:
            return [given * line.eligible / basket.eligible for line in basket.lines]
        return [given]

    def _fixed(self, spent: Fraction) -> Fraction:
        reached = [band.gives for band in self.bands if band.start <= spent]
        return sum(reached, Fraction(0)) if self.of_parts else reached[-1]

    def _rated(self, spent: Fraction) -> Fraction:
        reached = [band for band in self.bands if band.start <= spent]
        if not self.of_parts:
            return spent * reached[-1].gives
        ends = [*(band.start for band in reached), spent]
        parts = zip(reached, pairwise(ends), strict=True)
        return sum((band.gives * (end - start) for band, (start, end) in parts), Fraction(0))

    def why_not(self, basket: base.Basket, facts: base.Facts, configuration: Configuration) -> str:
        return f"the eligible amount is below the first band, {base.plain(self.bands[0].start)}"

    def weights(self, lines: Sequence[base.BasketLine]) -> Sequence[base.Exact]:
        return [line.eligible for line in lines] if self.is_rate else ()

    @classmethod
    def gives(cls, params: Mapping[str, ExactJson], units: Units) -> str:
        is_rate, of_parts = params.get("gives") == RATE, params.get("mode") == PARTS
        (start, gives), *rest = [
            (units.amount(base.plain(band.start)), base.plain(band.gives)) for band in bands(str(params["bands"]))
        ]
        rate = f" per {units.money} of {'what is' if of_parts else 'the whole amount'}" if is_rate else ""
        where = "above" if is_rate and of_parts else "from"
        more = " more" if of_parts and not is_rate else ""
        return ", ".join(
            [f"{units.points(gives)}{rate} {where} {start}", *(f"{n}{more} {where} {at}" for at, n in rest)]
        )
