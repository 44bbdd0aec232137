"""How are numbers typed and shown that are kept in the smallest unit of something? With the decimals of that unit."""

from functools import cached_property

from django import forms
from django.contrib.admin import display

from loyalty_site.lib import money
from loyalty_site.lib.forms import ModelForm
from loyalty_site.lib.refusals import Refused


class UnitsField(forms.CharField):
    """A number typed with the decimals of its unit, "12.50", and kept as a whole number of the smallest one.

    Which unit that is depends on the rest of the form: see UnitsForm.
    """

    decimals = 0

    def __init__(self, **options):
        super().__init__(**({"max_length": 32} | options))

    def prepare_value(self, value):
        return money.render(value, self.decimals) if isinstance(value, int) else value

    def has_changed(self, initial, data):
        return super().has_changed(self.prepare_value(initial), data)


class UnitsForm(ModelForm):
    """A form with UnitsFields: shows what is stored in its unit, reads what is typed in the one chosen beside it."""

    @staticmethod
    def decimals_of(name, value):
        """The decimals of the field `name`, None while its unit is not known; `value(name)` gives the others."""
        raise NotImplementedError

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in units_of(self.fields):
            self.fields[name].decimals = self.decimals_of(name, self._stored) or 0

    def clean(self):
        cleaned = super().clean()
        for name in units_of(self.fields):
            if name in cleaned:
                self._read(name, cleaned.pop(name))
        return cleaned

    def _read(self, name, text):
        decimals = self.decimals_of(name, self._typed)
        if not text or decimals is None:
            # Without a unit something else is wrong, and is said there.
            self.cleaned_data |= {} if text else {name: None}
            return
        try:
            self.cleaned_data[name] = money.parse(text, decimals)
        except Refused as refused:
            is_cut = decimals == 0 and "decimals" in refused.refusal.detail
            self.add_error(name, "Write a whole number." if is_cut else refused.refusal.detail)

    def _get_validation_exclusions(self):
        # The model has nothing to say about a number that could not be read yet.
        return super()._get_validation_exclusions() | (set(units_of(self.fields)) - self.cleaned_data.keys())

    def _stored(self, name):
        return getattr(self.instance, name, None)

    def _typed(self, name):
        return self.cleaned_data.get(name) if name in self.fields else self._stored(name)


def units_of(fields):
    """The names of those of these fields that are UnitsFields."""
    return [name for name, field in fields.items() if isinstance(field, UnitsField)]


class InUnits:
    """For an admin or inline whose `form` is a UnitsForm: who may only read sees the numbers in their units too."""

    @cached_property
    def _told(self):
        """{field: how it is told of a row}."""

        def tell(name, label):
            @display(description=label)
            def told(row):
                units = getattr(row, name)
                decimals = self.form.decimals_of(name, lambda part: getattr(row, part, None))
                return "-" if units is None else money.render(units, decimals or 0)

            return told

        return {
            name: tell(name, self.model._meta.get_field(name).verbose_name)
            for name in units_of(self.form.base_fields)
        }

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        return [(title, options | {"fields": self._tell(options["fields"])}) for title, options in fieldsets]

    def _tell(self, fields):
        return [self._tell(one) if isinstance(one, list | tuple) else self._told.get(one, one) for one in fields]

    def get_readonly_fields(self, request, obj=None):
        return [*super().get_readonly_fields(request, obj), *self._told.values()]
