"""How are several parts of a program edited together? Formsets whose members are checked as a whole."""

from dataclasses import replace
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS

from loyalty_site.lib.read_along import ReadAlongFormSet
from programs import checks, ladder_checks


class LadderFormSet(ReadAlongFormSet):
    """The tiers of one group: compared with each other as they will be after saving, and refused at their fields."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Each tier alone would be compared with the others as they are still stored.
        self.instance.is_edited_whole = True

    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if form not in self.deleted_forms]
        rows = [form for form in kept if {"sequence", "threshold", "name"} <= form.cleaned_data.keys()]
        steps = [replace(form.instance.step, path=str(place)) for place, form in enumerate(rows)]
        for problem in ladder_checks.ladder(steps, self.instance.counting()):
            place, _, path = problem.path.partition(".")
            form, words = rows[int(place)], checks.sentence_of(problem.message)
            field = field_of(form.fields, path)
            # What is wrong with a tier by itself it has said already.
            if words not in form.errors.get(field or NON_FIELD_ERRORS, ()):
                form.add_error(field, words)


def field_of(names: Any, path: str) -> str | None:
    """The field of a tier's form that asks for the value at `path`, None where no field of it does."""
    own = path.replace(".", "_")
    if own in names:
        return own
    whole = path.partition(".")[0]
    return whole if whole in names else None
