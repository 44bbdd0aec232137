"""A factor for everybody: double points, on everything or on the lines that the rule's conditions name."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from django import forms

from loyalty_site.lib.json_types import ExactJson
from loyalty_site.lib.texts import listed
from programs.configuration import Configuration
from programs.rules import base
from programs.rules.fields import FactorField, GroupsField, of_groups
from programs.rules.units import Units, plain

BASE, RUNNING = "base", "running"


class Multiplier(base.Kind):
    """Several of them add their surplus; one that applies to the running total multiplies what they made of it."""

    label = "Multiplier"
    phase = "multiplier"

    class Params(base.Params):
        factor = FactorField(initial=2, help_text="2 doubles the points, 1.5 adds half of them, 0.5 halves them.")
        applies_to = forms.ChoiceField(
            required=False,
            choices=[(BASE, "The points of the rules"), (RUNNING, "What other multipliers made of them")],
            initial=BASE,
            help_text="100 points at 2 and 3: of the points of the rules 100 + 100 + 200; else 100 times 2 times 3.",
        )
        groups = GroupsField()

    def __init__(self, params: base.Cleaned) -> None:
        self.factor = [Fraction(params["factor"])]
        self.compounds = params.get("applies_to") == RUNNING
        self.groups = listed(params.get("groups") or "")

    def points(self, basket: base.Basket, facts: base.Facts, configuration: Configuration) -> Sequence[base.Exact]:
        return self.factor

    @classmethod
    def gives(cls, params: Mapping[str, ExactJson], units: Units) -> str:
        behind = ", on top of what other multipliers give" if params.get("applies_to") == RUNNING else ""
        return f"{plain(params['factor'])} times the {units.plural}{of_groups(params)}{behind}"
