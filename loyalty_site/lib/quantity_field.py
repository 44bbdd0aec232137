"""How is a quantity asked for on a page? It is read as at every other door."""

from decimal import Decimal
from typing import Any

from django import forms

from loyalty_site.lib import quantities
from loyalty_site.lib.refusals import Refused


class QuantityField(forms.DecimalField):
    """A number of units as a Decimal; with `is_whole`, of whole ones only."""

    def __init__(self, *, is_whole: bool = False, max_value: Decimal | int = quantities.LARGEST, **options: Any):
        self.is_whole = is_whole
        decimals = 0 if is_whole else quantities.DECIMALS
        super().__init__(min_value=0, max_value=max_value, decimal_places=decimals, **options)

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        text = "" if value in self.empty_values else str(value).strip()
        if not text:
            return None
        try:
            thousandths = quantities.parse(text)
        except Refused as refused:
            raise forms.ValidationError(refused.refusal.detail, code=refused.refusal.code) from refused
        if self.is_whole and thousandths % quantities.UNIT:
            raise forms.ValidationError("Write a whole number of pieces.", code="invalid_number")
        return Decimal(quantities.text(thousandths))
