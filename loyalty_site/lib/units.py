"""How are numbers typed and shown that are kept in the smallest unit of something? With the decimals of that unit."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin import display
from django.db.models import Model
from django.http import HttpRequest

from loyalty_site.lib import money
from loyalty_site.lib.forms import ModelForm
from loyalty_site.lib.refusals import Refused

if TYPE_CHECKING:
    from django.contrib.admin.options import BaseModelAdmin

    _Admin = BaseModelAdmin[Any]
else:
    _Admin = object

#: The value of another field of the same form or row, None while it is not known.
ValueOf = Callable[[str], Any]


class UnitsField(forms.CharField):
    """A number typed with the decimals of its unit, "12.50", and kept as a whole number of the smallest one.

    Which unit that is depends on the rest of the form: see UnitsForm.
    """

    decimals = 0

    def __init__(self, **options: Any) -> None:
        super().__init__(**({"max_length": 32} | options))

    def prepare_value(self, value: Any) -> Any:
        return money.render(value, self.decimals) if isinstance(value, int) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)

    def shown(self, value: Any, decimals: int) -> str:
        """What is kept, as it is typed."""
        return money.render(value, decimals)

    def read(self, text: str, decimals: int) -> Any:
        """What is typed, as it is kept. Raises Refused."""
        return money.parse(text, decimals)


class UnitsListField(UnitsField):
    """Several such numbers, separated by commas, which are kept as a text of whole numbers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**({"max_length": 400, "empty_value": ""} | options))

    def prepare_value(self, value: Any) -> Any:
        return value

    def shown(self, value: Any, decimals: int) -> str:
        """What cannot be read, which somebody has typed, is shown as it is."""
        parts = [part.strip() for part in str(value).split(",")]
        return ", ".join(money.render(int(part), decimals) if part.isdecimal() else part for part in parts)

    def read(self, text: str, decimals: int) -> str:
        return ", ".join(str(money.parse(part.strip(), decimals)) for part in text.split(","))


class UnitsForm(ModelForm):
    """A form with UnitsFields: shows what is stored in its unit, reads what is typed in the one chosen beside it."""

    @staticmethod
    def decimals_of(name: str, value: ValueOf) -> int | None:
        """The decimals of the field `name`, None while its unit is not known; `value(name)` gives the others."""
        raise NotImplementedError

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in units_fields(self.fields).items():
            field.decimals = self.decimals_of(name, self._stored) or 0
            if isinstance(field, UnitsListField) and self.initial.get(name):
                # A text either way: only here it is known to be what is kept.
                self.initial[name] = field.shown(self.initial[name], field.decimals)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name in units_fields(self.fields):
            if name in cleaned:
                self._read(name, cleaned.pop(name))
        return cleaned

    def _read(self, name: str, text: str) -> None:
        decimals, field = self.decimals_of(name, self._typed), units_fields(self.fields)[name]
        if not text or decimals is None:
            # Without a unit something else is wrong, and is said there.
            self.cleaned_data |= {} if text else {name: "" if isinstance(field, UnitsListField) else None}
            return
        try:
            self.cleaned_data[name] = field.read(text, decimals)
        except Refused as refused:
            is_cut = decimals == 0 and "decimals" in refused.refusal.detail
            self.add_error(name, "Write a whole number." if is_cut else refused.refusal.detail)

    def _get_validation_exclusions(self) -> set[str]:
        # The model has nothing to say about a number that could not be read yet.
        return super()._get_validation_exclusions() | (units_fields(self.fields).keys() - self.cleaned_data.keys())

    def _stored(self, name: str) -> Any:
        return getattr(self.instance, name, None)

    def _typed(self, name: str) -> Any:
        return self.cleaned_data.get(name) if name in self.fields else self._stored(name)


def units_fields(fields: Mapping[str, forms.Field]) -> dict[str, UnitsField]:
    """Those of these fields that are UnitsFields."""
    return {name: field for name, field in fields.items() if isinstance(field, UnitsField)}


class InUnits(_Admin):
    """For an admin or inline whose `form` is a UnitsForm: who may only read sees the numbers in their units too."""

    form: type[UnitsForm]

    @cached_property
    def _columns(self) -> dict[str, Callable[[Model], str]]:
        """{field: a column that shows it in its unit}."""
        return {name: self._column(name) for name in units_fields(self.form.base_fields)}

    def _column(self, name: str) -> Callable[[Model], str]:
        @display(description=self.model._meta.get_field(name).verbose_name)
        def in_unit(row: Model) -> str:
            units = getattr(row, name)
            decimals = self.form.decimals_of(name, lambda part: getattr(row, part, None))
            field = units_fields(self.form.base_fields)[name]
            return "-" if units in (None, "") else field.shown(units, decimals or 0)

        return in_unit

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        return [(title, options | {"fields": self._replaced(options["fields"])}) for title, options in fieldsets]

    def _replaced(self, fields: Any) -> list[Any]:
        return [
            self._replaced(one) if isinstance(one, list | tuple) else self._columns.get(one, one) for one in fields
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), *self._columns.values()]
