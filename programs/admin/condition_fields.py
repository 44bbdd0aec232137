"""With which field is each condition of a rule edited? One for each shape that the value of a condition has.

They are made of the registry, so a new condition of a known shape has its field without a line here.
"""

import json
from contextlib import suppress
from typing import Any

from django import forms
from django.utils.text import capfirst

from loyalty_site.lib.admin import dressed, widgets
from loyalty_site.lib.json_types import Json
from programs.document.filling import storable
from programs.document.reading import Unreadable, read
from programs.rules import conditions
from programs.rules.conditions.base import Attributes, Condition, Range
from programs.rules.conditions.basket import Partners
from programs.rules.conditions.history import DaysSinceLast, PurchaseNumber
from programs.rules.conditions.member import BirthdayMonth, Segments, Tiers
from programs.rules.conditions.others import OnlyIf
from programs.rules.conditions.times import WEEKDAYS, Dates, Hours, Weekdays


def json_in(text: str) -> Json:
    """The value that a text says, as a document would be read, and as it is kept. Raises Unreadable."""
    return storable(read(text))


class ListField(forms.CharField):
    """Texts separated by commas; what is stored in another shape is shown, and taken, as JSON."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list) and all(isinstance(part, str) and "," not in part for part in value):
            return ", ".join(value)
        return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    def to_python(self, value: Any) -> Any:
        text: str = super().to_python(value) or ""
        if text.startswith(("[", "{")):
            try:
                return json_in(text)
            except Unreadable as error:
                raise forms.ValidationError("Separate the values by commas.") from error
        return [part.strip() for part in text.split(",") if part.strip()]


class DaysField(forms.TypedMultipleChoiceField):
    """Days of the week by their ISO numbers: 1 is Monday."""

    def __init__(self, **kwargs: Any) -> None:
        choices = [(str(number), day) for number, day in enumerate(WEEKDAYS, start=1)]
        super().__init__(choices=choices, coerce=int, widget=forms.CheckboxSelectMultiple, **kwargs)


class HoursField(ListField):
    """Two times of day, e.g. "17:00-19:00"."""

    def prepare_value(self, value: Any) -> Any:
        return "-".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        text: str = forms.CharField.to_python(self, value) or ""
        times = [part.strip() for part in text.split("-") if part.strip()]
        try:
            if times:
                Hours(times)
        except ValueError as error:
            # The condition says it in the words of a document.
            raise forms.ValidationError("Write two different times, like 17:00-19:00.") from error
        return times


class RangeField(forms.CharField):
    """The least and the most, e.g. "2 to 10"; "2 to" and "to 10" where one of them is open."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return f"{value.get('least', '')} to {value.get('most', '')}".strip()

    def to_python(self, value: Any) -> Any:
        text: str = super().to_python(value) or ""
        if not text:
            return {}
        least, to, most = text.partition("to")
        found = {name: part.strip() for name, part in (("least", least), ("most", most)) if part.strip()}
        if not to or not found:
            raise forms.ValidationError("Write the least and the most, like 2 to 10; one of them may be left out.")
        return found


class SpansField(forms.CharField):
    """Spans of days separated by commas, e.g. "2026-12-01 to 2026-12-24, 06-01 to 06-30"."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return ", ".join(" to ".join(map(str, span)) for span in value)

    def to_python(self, value: Any) -> Any:
        text: str = super().to_python(value) or ""
        spans = [[day.strip() for day in part.split(" to ")] for part in text.split(",") if part.strip()]
        # A day by itself is a span of one.
        return [span * 2 if len(span) == 1 else span for span in spans]


class AttributesField(forms.CharField):
    """Attributes with their values, e.g. "colour: red, blue; size: 42"; else as JSON."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        with suppress(forms.ValidationError):
            text = "; ".join(f"{name}: {', '.join(map(_as_text, values))}" for name, values in value.items())
            if self.to_python(text) == value:
                return text
        return json.dumps(value, ensure_ascii=False)

    def to_python(self, value: Any) -> Any:
        text: str = super().to_python(value) or ""
        if text.startswith("{"):
            try:
                return json_in(text)
            except Unreadable as error:
                raise forms.ValidationError(f"It is no JSON: {error}.") from error
        found = {}
        for part in filter(str.strip, text.split(";")):
            name, colon, values = part.partition(":")
            if not colon or name.strip() in found:
                raise forms.ValidationError("Write each attribute once, with its values, like colour: red, blue.")
            found[name.strip()] = [_as_value(one.strip()) for one in values.split(",") if one.strip()]
        return found


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _as_value(text: str) -> str | bool:
    return {"true": True, "false": False}.get(text, text)


class CodesField(forms.MultipleChoiceField):
    """Codes of what the program has; a stored code that is gone stays visible, so that it can be removed."""

    def valid_value(self, value: Any) -> bool:
        # The model says which codes are wrong, in the same words as for a document.
        return True


#: Fields by the condition or, where it has none of its own, by the shape of its value.
_FIELDS: dict[type, tuple[type[forms.Field], str]] = {
    Weekdays: (DaysField, ""),
    Hours: (HoursField, "From, up to and not including, e.g. 17:00-19:00."),
    BirthdayMonth: (forms.BooleanField, "Only in the month of the member's birthday, on the clock of the program."),
    Dates: (SpansField, "First and last day, e.g. 2026-12-01 to 2026-12-24; of every year 12-01 to 12-24."),
    Partners: (CodesField, ""),
    Tiers: (CodesField, ""),
    Segments: (CodesField, "As the segments were looked up last, in the night or when they were saved."),
    OnlyIf: (CodesField, "One of these rules has to count, and to give something."),
    PurchaseNumber: (RangeField, "The number that it is: 1 to 1 is the first one only, “2 to” all later ones."),
    DaysSinceLast: (RangeField, "Days between the last one and this, e.g. “30 to”; not where it is the first."),
    Range: (RangeField, "The least and the most, both inclusive, e.g. 2 to 10; “2 to” has no upper end."),
    Attributes: (AttributesField, "Attributes with their values, e.g. colour: red, blue; size: 42."),
}


def field_of(condition: type[Condition]) -> forms.Field:
    """The field of a condition, with the look of the theme."""
    usual = (ListField, f"{capfirst(condition.hint)}, separated by commas.")
    kind, help_text = next((found for shape, found in _FIELDS.items() if issubclass(condition, shape)), usual)
    field = kind(required=False, label=_label(condition.key), help_text=help_text)
    if isinstance(field, CodesField):
        field.widget = widgets.UnfoldAdminSelect2MultipleWidget()
        return field
    return dressed(field)


def _label(key: str) -> str:
    return capfirst(key.replace("_", " ")).replace("Sku", "SKU")


def _inside(sentence: str) -> str:
    """A sentence as the rest of another one; abbreviations stay as they are."""
    return sentence if sentence[1:2].isupper() else f"{sentence[:1].lower()}{sentence[1:]}"


def exclusion_of(key: str) -> forms.Field:
    """The field for what a rule leaves out by the condition `key`."""
    field = field_of(conditions.registry[key])
    field.label = f"Not these {key.replace('_', ' ')}"
    field.help_text = f"Lines that the rule does not count: {_inside(str(field.help_text))}"
    return field
