"""Which fields do the conditions of a rule or of a promotion have on a page? One for each condition there is.

They are made of the registry, so a new condition has its field without a line here.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.text import capfirst

from loyalty_site.lib.forms import Errors, ModelForm
from programs import rules
from programs.admin.condition_fields import CodesField, exclusion_of, field_of
from programs.admin.condition_tree import EXCLUDED, TWICE, NodesField, meaning, put_together, taken_apart
from programs.models import Cap, Program, Promotion, Rule, Tier
from programs.rules import conditions
from programs.rules.conditions.reading import COMBINING

#: {name on the page: key of the condition}, and the same of what is left out.
CONDITIONS = {f"when_{key}": key for key in conditions.registry}
EXCLUSIONS = {f"not_{key}": key for key in EXCLUDED}
FURTHER = "further_conditions"


class ConditionsForm(ModelForm):
    """Something with conditions, by the fields of these.

    `program` is the one whose partners and tiers are offered, None on an empty new page.
    """

    program: Program | None = None
    instance: Rule | Promotion

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = self.instance.conditions
        plain, excluded, further = taken_apart(asked)
        self._stored: dict[str, Any] = {}
        for names, stored in ((CONDITIONS, plain), (EXCLUSIONS, excluded)):
            self._stored |= {
                field: stored[key] for field, key in names.items() if field in self.fields and key in stored
            }
        for field, value in self._stored.items():
            self.initial.setdefault(field, value)
        if FURTHER in self.fields:
            self.initial.setdefault(FURTHER, further)
            self.fields[FURTHER].help_text = meaning(further)
        for key, codes in self._codes().items():
            offered = self.fields.get(f"when_{key}")
            if isinstance(offered, CodesField):
                known = dict(codes)
                gone = [(code, f"{code} (not in the program)") for code in asked.get(key, ()) if code not in known]
                offered.choices = [*known.items(), *gone]

    def _codes(self) -> dict[str, Iterable[tuple[str, str]]]:
        """(code, label) pairs to choose from, by condition."""
        if not self.program:
            return {}
        owner = self.program.owner
        partners = self.program.participations.values_list("partner__code", "partner__name")
        tiers = Tier.objects.filter(group__program=self.program).values_list("code", "name")
        segments = self.program.segments.values_list("code", "name")
        giving = [slug for slug, kind in rules.registry.items() if kind.phase == "base"]
        others = self.program.rules.filter(kind__in=giving).exclude(code=self.instance.code)
        return {
            "partners": [(owner.code, owner.name), *partners],
            "tiers": tiers,
            "segments": segments,
            "only_if": others.values_list("code", "name"),
        }

    def clean(self) -> dict[str, Any]:
        """Put the fields together to what the model keeps; the model itself says what is wrong with it."""
        cleaned: dict[str, Any] = super().clean() or {}
        self.instance.conditions = self._conditions(cleaned)
        return cleaned

    def _conditions(self, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        """The tree that the fields say."""
        plain, excluded = (
            {key: self._meant(field, cleaned[field]) for field, key in names.items() if cleaned.get(field)}
            for names in (CONDITIONS, EXCLUSIONS)
        )
        further = cleaned.get(FURTHER) or {}
        if excluded and "not" in further:
            self.add_error(FURTHER, TWICE)
        return put_together(plain, excluded, further)

    def _meant(self, field: str, typed: Any) -> Any:
        """What a field says: as it is stored where it shows that, since numbers may be kept as such or as texts."""
        stored = self._stored.get(field)
        is_as_shown = self.data.get(self.add_prefix(field)) == self.fields[field].prepare_value(stored)
        return stored if stored and is_as_shown else typed

    def place_error(self, name: str | None, errors: Errors) -> None:
        """Errors of conditions come as "hours: must be two times."; they go beside that field."""
        at = self.places().get(name or "")
        if at is None:
            super().place_error(name, errors)
            return
        for error in errors if isinstance(errors, list) else [errors]:
            for message in getattr(error, "messages", [error]):
                path, _, rest = message.partition(": ")
                field = at(path)
                if field not in self.fields:
                    super().place_error(name, message)
                elif field == FURTHER:
                    # A place in a tree is found by its path alone.
                    self.further_error(message)
                elif field not in self.errors:
                    super().place_error(field, capfirst(rest))

    def places(self) -> dict[str, Callable[[str], str]]:
        """{field of the model that has no input: which input has what is at a path in it}."""
        return {"conditions": self._condition_at}

    def further_error(self, message: str) -> None:
        """Show an error of the tree at its field, unless it stands there already."""
        if message not in self.errors.get(FURTHER, ()):
            super().place_error(FURTHER, message)

    def _condition_at(self, path: str) -> str:
        """The field that has the condition at `path`, which begins with its key, or with all, any or not."""
        first, *inner = re.split(r"[.\[]", path)
        if first not in COMBINING:
            return f"when_{first}"
        named = [f"not_{key}" for key in inner if f"not_{key}" in EXCLUSIONS]
        return named[0] if named and self.cleaned_data.get(named[0]) and first == "not" else FURTHER


def program_of(request: HttpRequest, row: Rule | Promotion | Cap | None) -> Program | None:
    """The program whose parts are offered beside `row`: its own, or that of the address."""
    if row:
        return row.program
    try:
        return Program.objects.select_related("owner").filter(pk=request.GET.get("program", "")).first()
    except (ValueError, ValidationError, OverflowError):
        return None


#: Every form collects them that is made of this one, as the admin does for each page.
FIELDS = {name: field_of(conditions.registry[key]) for name, key in CONDITIONS.items()}
FIELDS |= {name: exclusion_of(key) for name, key in EXCLUSIONS.items()} | {FURTHER: NodesField()}
ConditionsForm.declared_fields.update(FIELDS)
