"""Points by a formula over the numbers of an activity."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from django import forms
from django.core.exceptions import ValidationError

from loyalty_site.lib.json_types import ExactJson
from loyalty_site.lib.texts import listed
from programs.configuration import Configuration
from programs.rules import base, expressions
from programs.rules.units import Units, activities

_ATTRIBUTE = "attributes."
_NAMES = ("eligible", "amount", "quantity", "lines")
#: Of an attribute: as many places as a float may have.
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,30})?", re.ASCII)


class FormulaField(forms.CharField):
    """A formula; where it cannot be read, the character is named at which that shows."""

    def __init__(self) -> None:
        words = (
            f"Numbers, + - * /, parentheses, {', '.join(expressions.FUNCTIONS)}(a > b, then, else), and "
            f"{', '.join(_NAMES)} or {_ATTRIBUTE}NAME, like max(10, eligible / 2)."
        )
        super().__init__(max_length=expressions.LONGEST, initial="eligible / 2", help_text=words)

    def clean(self, value: str | None) -> str:
        text = " ".join(str(super().clean(value)).split())
        try:
            expressions.parse(text, is_name)
        except expressions.Wrong as error:
            raise ValidationError(str(error)) from error
        return text


def is_name(name: str) -> bool:
    """Whether a formula may speak of it."""
    return name in _NAMES or (name.startswith(_ATTRIBUTE) and name.count(".") == 1 and not name.endswith("."))


class Formula(base.Kind):
    """Exact: rounded once, as the points of other rules are. Below 0, and without a value, it gives nothing."""

    label = "Points by a formula"

    class Params(base.Params):
        formula = FormulaField()
        events = base.EventsField(
            required=False, initial="purchase", help_text="Which activities it is about, separated by commas."
        )

    def __init__(self, params: base.Cleaned) -> None:
        self.term = expressions.parse(params["formula"], is_name)
        self.activities = listed(params.get("events") or "purchase")

    def points(
        self, basket: base.Basket, facts: base.Facts, configuration: Configuration
    ) -> Sequence[base.Exact] | None:
        try:
            given = self._value(basket)
        except expressions.Undefined:
            return None
        return [given] if given > 0 else None

    def why_not(self, basket: base.Basket, facts: base.Facts, configuration: Configuration) -> str:
        try:
            return f"the formula gives {base.plain(self._value(basket))}"
        except expressions.Undefined as error:
            return str(error)

    @classmethod
    def gives(cls, params: Mapping[str, ExactJson], units: Units) -> str:
        per = activities(params.get("events") or "purchase")
        return f"{units.plural} per {per} by the formula “{params['formula']}”"

    def _value(self, basket: base.Basket) -> Fraction:
        return self.term(lambda name: _number_of(basket, name))


def _number_of(basket: base.Basket, name: str) -> Fraction:
    """What a name stands for: money in units of the base currency. Raises Undefined."""
    match name:
        case "eligible":
            return Fraction(basket.eligible) / basket.major
        case "amount":
            return Fraction(basket.amount, basket.major)
        case "quantity":
            return Fraction(sum(line.quantity for line in basket.lines))
        case "lines":
            return Fraction(sum(line.quantity > 0 for line in basket.lines))
    return _attribute(basket.attributes, name.removeprefix(_ATTRIBUTE))


def _attribute(attributes: Mapping[str, object], name: str) -> Fraction:
    value = attributes.get(name)
    is_number = isinstance(value, (int, float, Decimal, str)) and not isinstance(value, bool)
    text = format(Decimal(str(value)), "f") if is_number and not isinstance(value, str) else str(value)
    if not is_number or not _NUMBER.fullmatch(text):
        found = "is no number that can be counted with" if name in attributes else "is not given"
        raise expressions.Undefined(f"the attribute “{name}” {found}")
    return Fraction(text)
