"""Which fields does a rule have on its page? Those of every kind and every condition there is.

They are made of the registries, so a new kind or condition has its fields without a line here. The page
shows the fields of the chosen kind only; the others are ignored.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.text import capfirst

from loyalty_site.lib.admin import dressed
from loyalty_site.lib.forms import Errors, ModelForm
from programs import rules
from programs.admin.condition_fields import CodesField, exclusion_of, field_of
from programs.admin.condition_tree import EXCLUDED, TWICE, NodesField, meaning, put_together, taken_apart
from programs.models import Program, Rule, Tier
from programs.rules import conditions
from programs.rules.base import is_given
from programs.rules.conditions.reading import COMBINING

LAST_RULE = (
    "A strict program is active only with a rule that is switched on, and this is the last one: "
    "pause the program first, or switch another rule on."
)


def is_last(rule: Rule) -> bool:
    """Whether `rule` is the last one that is switched on, of a program that is active and strict."""
    if rule._state.adding:
        return False
    program = rule.program
    needs_one = program.status == Program.Status.ACTIVE and program.strictness == Program.Strictness.REFUSE
    return needs_one and not program.rules.filter(is_active=True).exclude(pk=rule.pk).exists()


def _param(name: str, field: forms.Field) -> forms.Field:
    field = dressed(field)
    field.required = field.widget.is_required = False
    field.label = field.label or capfirst(name.replace("_", " "))
    return field


#: {name on the page: (kind's slug, name of the parameter)}; {name on the page: key of the condition}, and the same of
#: what is left out.
PARAMS = {f"{slug}_{name}": (slug, name) for slug, kind in rules.registry.items() for name in kind.Params.base_fields}
CONDITIONS = {f"when_{key}": key for key in conditions.registry}
EXCLUSIONS = {f"not_{key}": key for key in EXCLUDED}
FURTHER = "further_conditions"
SHOWN_FOR_KIND = {field: f"kind == '{slug}'" for field, (slug, _) in PARAMS.items()}


class RuleForm(ModelForm):
    """A rule by the fields of its kind and conditions.

    `program` is the one whose partners and tiers are offered, None on an empty new page.
    """

    program: Program | None = None
    instance: Rule

    class Meta:
        model = Rule
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rule = self.instance
        for field, (slug, name) in PARAMS.items():
            if rule.pk and rule.kind == slug and field in self.fields:
                self.initial.setdefault(field, rule.params.get(name))
        plain, excluded, further = taken_apart(rule.conditions)
        for names, stored in ((CONDITIONS, plain), (EXCLUSIONS, excluded)):
            for field, key in names.items():
                if field in self.fields and key in stored:
                    self.initial.setdefault(field, stored[key])
        if FURTHER in self.fields:
            self.initial.setdefault(FURTHER, further)
            self.fields[FURTHER].help_text = meaning(further)
        for key, codes in self._codes().items():
            offered = self.fields.get(f"when_{key}")
            if isinstance(offered, CodesField):
                known = dict(codes)
                stored = rule.conditions.get(key, ())
                gone = [(code, f"{code} (not in the program)") for code in stored if code not in known]
                offered.choices = [*known.items(), *gone]

    def _codes(self) -> dict[str, Iterable[tuple[str, str]]]:
        """(code, label) pairs to choose from, by condition."""
        if not self.program:
            return {}
        owner = self.program.owner
        partners = self.program.participations.values_list("partner__code", "partner__name")
        tiers = Tier.objects.filter(group__program=self.program).values_list("code", "name")
        return {"partners": [(owner.code, owner.name), *partners], "tiers": tiers}

    def clean(self) -> dict[str, Any]:
        """Put the fields together to what the model keeps; the model itself says what is wrong with it."""
        cleaned: dict[str, Any] = super().clean() or {}
        kind = cleaned.get("kind")
        params = {name: cleaned.get(field) for field, (slug, name) in PARAMS.items() if slug == kind}
        self.instance.params = {name: _plain(value) for name, value in params.items() if is_given(value)}
        self.instance.conditions = self._conditions(cleaned)
        if "is_active" in self.changed_data and not cleaned.get("is_active") and is_last(self.instance):
            self.add_error("is_active", LAST_RULE)
        return cleaned

    def _conditions(self, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        """The tree that the fields say."""
        plain, excluded = (
            {key: cleaned[field] for field, key in names.items() if cleaned.get(field)}
            for names in (CONDITIONS, EXCLUSIONS)
        )
        further = cleaned.get(FURTHER) or {}
        if excluded and "not" in further:
            self.add_error(FURTHER, TWICE)
        return put_together(plain, excluded, further)

    def add_error(self, field: str | None, error: Any) -> None:
        if field in PARAMS and PARAMS[field][0] != self.data.get(self.add_prefix("kind")):
            return  # a field of another kind, which nobody sees
        super().add_error(field, error)

    def place_error(self, name: str | None, errors: Errors) -> None:
        """Errors of params and conditions come as "points: must be positive."; they go beside that field."""
        if name not in ("params", "conditions"):
            super().place_error(name, errors)
            return
        for error in errors if isinstance(errors, list) else [errors]:
            for message in getattr(error, "messages", [error]):
                path, _, rest = message.partition(": ")
                field = self._param_at(path) if name == "params" else self._condition_at(path)
                if field not in self.fields:
                    super().place_error(name, message)
                elif field == FURTHER:
                    # A place in a tree is found by its path alone.
                    self.further_error(message)
                elif field not in self.errors:
                    super().place_error(field, capfirst(rest))

    def further_error(self, message: str) -> None:
        """Show an error of the tree at its field, unless it stands there already."""
        if message not in self.errors.get(FURTHER, ()):
            super().place_error(FURTHER, message)

    def _param_at(self, path: str) -> str:
        return f"{self.cleaned_data.get('kind')}_{path.split('[')[0]}"

    def _condition_at(self, path: str) -> str:
        """The field that has the condition at `path`, which begins with its key, or with all, any or not."""
        first, *inner = re.split(r"[.\[]", path)
        if first not in COMBINING:
            return f"when_{first}"
        named = [f"not_{key}" for key in inner if f"not_{key}" in EXCLUSIONS]
        return named[0] if named and self.cleaned_data.get(named[0]) and first == "not" else FURTHER


def _plain(value: Any) -> Any:
    return format(value, "f") if isinstance(value, Decimal) else value


_own = {name: _param(part, rules.registry[slug].Params.base_fields[part]) for name, (slug, part) in PARAMS.items()}
_own |= {name: field_of(conditions.registry[key]) for name, key in CONDITIONS.items()}
_own |= {name: exclusion_of(key) for name, key in EXCLUSIONS.items()} | {FURTHER: NodesField()}

# From here every form collects them that is made of this one, as the admin does for each page.
RuleForm.declared_fields.update(_own)
