"""How does a form of the back office show what is wrong, wherever it was found?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model

from loyalty_site.lib.read_along import ReadAlongFormSet, note_chosen
from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.texts import BLANK

if TYPE_CHECKING:

    class _ModelForm(forms.ModelForm[Model]):
        def _post_clean(self) -> None: ...
        def _get_validation_exclusions(self) -> set[str]: ...

else:
    _ModelForm = forms.ModelForm

#: What is wrong with one field, or with the whole: as Django raises it, or as a sentence.
Errors = ValidationError | str | list[ValidationError] | list[str]


def refuse_blanks(field: forms.Field) -> None:
    """Let a text of blanks alone be refused, which Django strips and takes for nothing."""
    if not isinstance(field, forms.CharField) or hasattr(field, "takes_blanks"):
        return
    stripped = field.to_python

    def to_python(value: Any) -> Any:
        if isinstance(value, str) and value and not value.strip():
            raise ValidationError(BLANK, code="invalid_text")
        return stripped(value)

    field.to_python, field.takes_blanks = to_python, False  # type: ignore[method-assign, attr-defined]


class ModelForm(_ModelForm):
    """Shows every error of the model's `clean` and of a verb, also those of fields that are not on the form."""

    #: What a verb refused of this very input (see VerbAdmin).
    refusals: Sequence[Refusal] = ()
    #: Whether what was typed is only shown once more, so that nobody does anything with it.
    is_only_shown: bool = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        note_chosen(self)
        for field in self.fields.values():
            refuse_blanks(field)

    def is_valid(self) -> bool:
        return super().is_valid() and not self.is_only_shown

    def add_error(self, field: str | None, error: Any) -> None:
        if field is None and isinstance(error, ValidationError) and hasattr(error, "error_dict"):
            for name, errors in error.error_dict.items():
                self.place_error(name, errors)
        else:
            super().add_error(field, error)

    def place_error(self, name: str | None, errors: Errors) -> None:
        """Show `errors` beside the field of that name, or above the form when it has none."""
        super().add_error(name if name in self.fields else None, errors)

    def _post_clean(self) -> None:
        super()._post_clean()
        self.show_refusals()

    def show_refusals(self) -> None:
        """Show what the verb refused, but for what a formset shows because it is about one of its rows."""
        for refusal in self.refusals:
            if "[" not in refusal.field:
                self.place_error(refusal.field.partition(".")[0], refusal.detail)


class VerbFormSet(ReadAlongFormSet):
    """Rows that a verb makes together with the one whose page it is.

    A refusal of `lines[2].tax` is shown at the tax of the third row that is filled in.
    """

    refusals: Sequence[Refusal] = ()

    @property
    def filled(self) -> list["ModelForm"]:
        """The forms of the rows that somebody filled in."""
        return [form for form in self.forms if form.has_changed() and form not in self.deleted_forms]

    def clean(self) -> None:
        super().clean()
        for refusal in self.refusals:
            if refusal.field.startswith(f"{self.prefix}["):
                position, _, field = refusal.field.removeprefix(f"{self.prefix}[").partition("].")
                form = self.filled[int(position)]
                form.add_error(field if field in form.fields else None, refusal.detail)
