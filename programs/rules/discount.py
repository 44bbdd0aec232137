"""Money off that the till is told to take off: a percent, or an amount."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from loyalty_site.lib.json_types import ExactJson
from programs.compiled_rules import DISCOUNT
from programs.configuration import Configuration
from programs.rules import base
from programs.rules.units import Units, plain


class PercentField(forms.DecimalField):
    """A part of a price, from 0.01 to 100 percent."""

    def __init__(self, *, required: bool = True, help_text: str = "") -> None:
        limits = [
            MinValueValidator(Decimal("0.01"), "Must be at least 0.01."),
            MaxValueValidator(100, "Must be at most 100."),
        ]
        super().__init__(max_digits=5, decimal_places=2, validators=limits, required=required, help_text=help_text)


class Discount(base.Kind):
    """Takes money off the lines that the rule's conditions choose, or off the whole order; it gives no points.

    It counts what they cost before any discount, so that a till that asks first, and one that reports afterwards what
    it took off each line, hear the same.
    """

    label = "Money off, told to the till"
    phase = DISCOUNT
    verb = "get"
    activities = frozenset({"purchase"})

    class Params(base.Params):
        percent = PercentField(
            required=False, help_text="So many percent off what the lines cost; or an amount instead."
        )
        most = base.MoneyField(required=False, help_text="Of a percent: never more money off than this.")
        amount = base.MoneyField(required=False, help_text="So much money off, in units of the base currency.")

        def clean(self) -> dict[str, Any]:
            given = super().clean() or {}
            percent, amount = given.get("percent"), given.get("amount")
            if self.errors:
                return given
            if percent is None and amount is None:
                self.add_error("percent", "Say how many percent are taken off, or which amount.")
            elif percent is not None and amount is not None:
                self.add_error("amount", "Say either a percent or an amount; leave the other one empty.")
            elif percent is None and given.get("most") is not None:
                self.add_error("most", "An amount is its own most; say it of a percent only.")
            return given

    def __init__(self, params: base.Cleaned) -> None:
        self.part = Fraction(params["percent"]) / 100 if params.get("percent") else None
        money = params.get("amount") if self.part is None else params.get("most")
        #: In units of money; None: any.
        self.most = Fraction(money) if money else None

    def points(
        self, basket: base.Basket, facts: base.Facts, configuration: Configuration
    ) -> Sequence[base.Exact] | None:
        price = base.quotient(basket.eligible, basket.major)
        if price <= 0:
            return None
        off = price if self.part is None else price * self.part
        return [off if self.most is None else min(off, self.most)]

    def why_not(self, basket: base.Basket, facts: base.Facts, configuration: Configuration) -> str:
        return "nothing that it counts costs anything"

    @classmethod
    def gives(cls, params: Mapping[str, ExactJson], units: Units) -> str:
        if not base.is_given(params.get("percent")):
            return f"{units.amount(params['amount'])} off" if base.is_given(params.get("amount")) else "money off"
        most = f", at most {units.amount(params['most'])}" if base.is_given(params.get("most")) else ""
        return f"{plain(params['percent'])} % off{most}"

    def weights(self, lines: Sequence[base.BasketLine]) -> Sequence[base.Exact]:
        return [line.eligible for line in lines]
