"""In which form are the parameters of a rule kept? In one, whether they came by a form, a document or the API."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms

from loyalty_site.lib import money
from loyalty_site.lib.json_types import ExactJson, Json
from programs import checks, rules


def canonical(kind: str, params: Mapping[str, ExactJson]) -> dict[str, Json]:
    """The same parameters as they are kept: numbers that may have a fraction as the shortest text, what says nothing
    left out. What is wrong stays as it is, for the checks to say so."""
    if list(checks.parameters(kind, params)):
        return dict(params)  # type: ignore[arg-type]  # wrong values are refused before they are stored
    form = rules.registry[kind].Params(data=params)
    form.is_valid()
    given = {name: value for name, value in form.cleaned_data.items() if _says_something(form.fields[name], value)}
    return {name: _written(value) for name, value in given.items()}


def _says_something(field: forms.Field, value: Any) -> bool:
    if isinstance(field, forms.ChoiceField) and not field.required and value == field.initial:
        # A page always sends what it shows in such a field, a document may leave it out.
        return False
    return value is not None and value is not False and value not in ("", [])


def _written(value: Any) -> Json:
    if not isinstance(value, Decimal):
        return value  # type: ignore[no-any-return]  # what a form has cleaned: texts, whole numbers, switches, lists
    return money.shortest(value)
