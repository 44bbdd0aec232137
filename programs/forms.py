"""How are several parts of a program edited together? Formsets whose members are checked as a whole."""

from typing import Any

from django.core.exceptions import ValidationError

from loyalty_site.lib.read_along import ReadAlongFormSet
from programs import checks


class LadderFormSet(ReadAlongFormSet):
    """The tiers of one group: thresholds must rise with the sequence, as they will be after saving."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Each tier alone would be compared with the others as they are still stored.
        self.instance.is_edited_whole = True

    def clean(self) -> None:
        super().clean()
        kept = [form.cleaned_data for form in self.forms if form not in self.deleted_forms and form.is_valid()]
        steps = [
            (tier["sequence"], tier["threshold"], tier["name"], tier["name"])
            for tier in kept
            if {"sequence", "threshold", "name"} <= tier.keys()
        ]
        problems = list(checks.ladder(steps, self.instance.say))
        if problems:
            raise ValidationError([f"{problem.path}: the threshold {problem.message}." for problem in problems])
