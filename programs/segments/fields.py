"""Of which values are conditions over members made? Fields of their forms, and how a document's value fits them."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator

from loyalty_site.lib import money
from loyalty_site.lib.instants import FIRST_YEAR, LAST_YEAR
from loyalty_site.lib.json_types import ExactJson
from programs.checks import Problem, clause_of, clipped
from programs.written import is_day

#: The longest window, in days: more than any program is old.
LONGEST_WINDOW = 36_500
#: Texts that one condition lists, and characters of each.
MOST_TEXTS, LONGEST_TEXT = 200, 128
#: Numbers of points and of money are below it.
LARGEST = 10**12


class TextsField(forms.CharField):
    """A list of texts; on a page separated by commas. With `choices` each has to be one of them."""

    def __init__(
        self, *, choices: Iterable[tuple[str, str]] = (), longest: int = LONGEST_TEXT, **options: Any
    ) -> None:
        self.choices, self.longest = dict(choices), longest
        super().__init__(**options)

    def prepare_value(self, value: Any) -> Any:
        """A list as the text in which it is typed."""
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """The texts, each once, in their order."""
        parts = value if isinstance(value, list) else str(value or "").split(",")
        return list(dict.fromkeys(part.strip() for part in parts if part.strip()))

    def validate(self, value: Any) -> None:
        """Refuse too many, too long ones, and what is none of the choices."""
        if self.required and not value:
            raise ValidationError("Name at least one.", code="required")
        if len(value) > MOST_TEXTS:
            raise ValidationError(f"Name at most {MOST_TEXTS}.")
        if any(len(part) > self.longest for part in value):
            raise ValidationError(f"Each has at most {self.longest} characters.")
        wrong = [part for part in value if self.choices and part not in self.choices]
        if wrong:
            known = ", ".join(self.choices)
            raise ValidationError(f"“{clipped(wrong[0])}” is none; known are {known}.")

    def run_validators(self, value: Any) -> None:
        """Those of a text do not fit a list."""


class CodeField(forms.CharField):
    """The code of something that the program has."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": 40, **options})


class WindowField(forms.IntegerField):
    """So many days, from 1 on."""

    def __init__(self, **options: Any) -> None:
        least = MinValueValidator(1, "A window has at least one day.")
        most = MaxValueValidator(LONGEST_WINDOW, f"Must be at most {LONGEST_WINDOW} days.")
        super().__init__(validators=[least, most], **options)


class CountField(forms.IntegerField):
    """A whole number from 0 on."""

    def __init__(self, *, largest: int = 10**6, **options: Any) -> None:
        least = MinValueValidator(0, "Must not be negative.")
        super().__init__(
            validators=[least, MaxValueValidator(largest, f"Must be at most {largest}.")],
            **{"required": False, **options},
        )


class AmountField(forms.DecimalField):
    """Points, or money in the units of the program's base currency, from 0 on."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_digits=17,
            decimal_places=4,
            validators=[MinValueValidator(0, "Must not be negative."), MaxValueValidator(LARGEST)],
            **{"required": False, **options},
        )


class DayField(forms.DateField):
    """A day of the calendar."""

    def clean(self, value: Any) -> date | None:
        """The day. Raises ValidationError for one of another age."""
        day: date | None = super().clean(value)
        if day and not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValidationError(f"Write a day of the years {FIRST_YEAR} to {LAST_YEAR}.")
        return day


class RangeForm(forms.Form):
    """A form with `at_least` and `at_most`, of which one at least is given."""

    def clean(self) -> dict[str, Any]:
        """Refuse a range without ends, and one whose end lies before its beginning."""
        cleaned: dict[str, Any] = super().clean() or {}
        least, most = cleaned.get("at_least"), cleaned.get("at_most")
        if least is None and most is None and self.errors.keys().isdisjoint({"at_least", "at_most"}):
            raise ValidationError("Say at_least, at_most, or both.")
        if least is not None and most is not None and least > most:
            self.add_error("at_most", "Must not be less than at_least.")
        return cleaned


def problems(form: type[forms.Form], params: ExactJson) -> Iterator[Problem]:
    """What is wrong with the JSON value from which `form` is to be filled."""
    if not isinstance(params, dict):
        yield Problem("", "must be an object")
        return
    fields = form.base_fields
    for name in params.keys() - fields.keys():
        yield Problem(clipped(name), f"unknown; it takes {', '.join(fields) or 'nothing'}")
    unfit = {name: words for name in params.keys() & fields.keys() if (words := _unfit(fields[name], params[name]))}
    yield from (Problem(name, unfit[name]) for name in sorted(unfit))
    filled = form(data={name: value for name, value in params.items() if name not in unfit})
    for name, errors in filled.errors.as_data().items():
        if name not in unfit and not (unfit and name == "__all__"):
            yield from (Problem("" if name == "__all__" else name, _words(error)) for error in errors)


def _unfit(field: forms.Field, value: ExactJson) -> str:
    """Why a JSON value cannot be read by a form field, which takes anything that has a text; "" where it can."""
    if value is None:
        return "must not be null; leave it out"
    if isinstance(field, TextsField):
        is_fit = isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value)
        return "" if is_fit else "must be a list of texts"
    if isinstance(field, forms.BooleanField):
        return "" if isinstance(value, bool) else "must be true or false"
    # Of Django's fields, those of decimals are whole numbers, too.
    if isinstance(field, forms.DecimalField):
        is_number = isinstance(value, (int, float, Decimal, str)) and not isinstance(value, bool)
        return "" if is_number else 'must be a number, for example 12 or "12.50"'
    if isinstance(field, forms.IntegerField):
        return "" if type(value) is int else "must be a whole number"
    if isinstance(field, forms.DateField):
        return "" if isinstance(value, str) and is_day(value) else "must be a date like 2026-12-31"
    return "" if isinstance(value, str) else "must be a text"


def _words(error: ValidationError) -> str:
    return "is missing" if error.code == "required" else clause_of(error.messages[0])


def plain(value: Any) -> Any:
    """What a form has cleaned, as JSON: decimals as the shortest text, days in ISO form."""
    if isinstance(value, Decimal):
        return money.shortest(value)
    return value.isoformat() if isinstance(value, date) else value
