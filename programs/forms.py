"""How are several parts of a program edited together? Formsets whose members are checked as a whole."""

from typing import Any

from django.core.exceptions import ValidationError

from loyalty_site.lib.read_along import ReadAlongFormSet
from programs import ladder_checks


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
            ladder_checks.Step(
                tier["sequence"],
                tier["name"],
                tier["threshold"],
                tier.get("retention"),
                tier.get("further") or {},
                path=tier["name"],
            )
            for tier in kept
            if {"sequence", "threshold", "name"} <= tier.keys()
        ]
        group = self.instance
        further = [currency.code for currency in group.further_currencies.all()] if group.pk else []
        problems = list(
            ladder_checks.ladder(steps, is_manual=group.model == "manual", further=further, say=group.say)
        )
        if problems:
            raise ValidationError([f"{problem.path}: {problem.message}." for problem in problems])
