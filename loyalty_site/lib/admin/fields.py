"""How does a plain form field get the look of the theme? Without its widgets, inputs have no border."""

from copy import deepcopy
from typing import Any, TypeVar

from django import forms

from loyalty_site.lib.admin.theme import widgets
from loyalty_site.lib.forms import refuse_blanks
from loyalty_site.lib.texts import check_text
from loyalty_site.lib.units import UnitsField

FormField = TypeVar("FormField", bound=forms.Field)

_WIDGETS: tuple[tuple[type[forms.Field], type[forms.Widget]], ...] = (
    (forms.MultipleChoiceField, widgets.UnfoldAdminCheckboxSelectMultipleWidget),
    (forms.ModelChoiceField, widgets.UnfoldAdminSelect2Widget),
    (forms.ChoiceField, widgets.UnfoldAdminSelectWidget),
    (forms.BooleanField, widgets.UnfoldBooleanSwitchWidget),
    (forms.DateField, widgets.UnfoldAdminSingleDateWidget),
    (forms.DateTimeField, widgets.UnfoldAdminTextInputWidget),
    (forms.IntegerField, widgets.UnfoldAdminTextInputWidget),
    (forms.EmailField, widgets.UnfoldAdminEmailInputWidget),
    (forms.FileField, widgets.UnfoldAdminFileFieldWidget),
    (forms.CharField, widgets.UnfoldAdminTextInputWidget),
)


def dressed(field: FormField, *, simple: bool = False, **attrs: str) -> FormField:
    """A copy of a plain form field with the theme's widget, and `attrs` as attributes of its element.

    `simple` is for dialogs, whose scripts start neither a searchable select nor the theme's calendar.
    """
    field = deepcopy(field)
    if isinstance(field, forms.CharField) and check_text not in field.validators:
        field.validators.append(check_text)
    if attrs.get("inputmode") == "decimal":
        field.takes_blanks = True  # type: ignore[attr-defined]  # of an amount, none is said by them
    refuse_blanks(field)
    if field.widget.is_hidden:
        return field
    look = next((look for kind, look in _WIDGETS if isinstance(field, kind)), None)
    if isinstance(field.widget, forms.PasswordInput):
        look = widgets.UnfoldAdminPasswordWidget
    if simple and look is widgets.UnfoldAdminSelect2Widget:
        look = widgets.UnfoldAdminSelectWidget
    if simple and look is widgets.UnfoldAdminSingleDateWidget:
        look, attrs = widgets.UnfoldAdminTextInputWidget, {"type": "date"} | attrs
    if look:
        if isinstance(field, forms.IntegerField | UnitsField):
            attrs = {"inputmode": "decimal"} | attrs
        options: dict[str, Any] = {"attrs": field.widget_attrs(field.widget) | attrs}
        if isinstance(field.widget, forms.widgets.ChoiceWidget):
            options["choices"] = field.widget.choices
        field.widget = look(**options)
        field.widget.is_required = field.required
    return field
