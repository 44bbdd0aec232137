"""Which fields does a rule have on its page? Those of every kind and every condition there is.

They are made of the registries, so a new kind or condition has its fields without a line here. The page
shows the fields of the chosen kind only; the others are ignored.
"""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.text import capfirst

from loyalty_site.lib.admin import dressed, widgets
from loyalty_site.lib.forms import Errors, ModelForm
from programs import rules
from programs.admin.wording import WEEKDAYS, is_given
from programs.models import Program, Rule, Tier
from programs.rules import conditions

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


class ListField(forms.CharField):
    """Texts separated by commas; what is stored in another shape is shown, and taken, as JSON."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list) and all(isinstance(part, str) and "," not in part for part in value):
            return ", ".join(value)
        return value if value is None or isinstance(value, str) else json.dumps(value)

    def to_python(self, value: Any) -> Any:
        text: str = super().to_python(value) or ""
        if text.startswith(("[", "{")):
            try:
                return json.loads(text)
            except ValueError as error:
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
                conditions.Hours(times)
        except ValueError as error:
            # The condition says it in the words of a document.
            raise forms.ValidationError("Write two different times, like 17:00-19:00.") from error
        return times


class CodesField(forms.MultipleChoiceField):
    """Codes of what the program has; a stored code that is gone stays visible, so that it can be removed."""

    def valid_value(self, value: Any) -> bool:
        # The model says which codes are wrong, in the same words as for a document.
        return True


_FIELDS: dict[str, tuple[type[forms.Field], dict[str, Any]]] = {
    conditions.Weekdays.key: (DaysField, {}),
    conditions.Hours.key: (HoursField, {"help_text": "From, up to and not including, e.g. 17:00-19:00."}),
    conditions.Partners.key: (CodesField, {"widget": forms.SelectMultiple}),
    conditions.Tiers.key: (CodesField, {"widget": forms.SelectMultiple}),
}


def _condition(key: str, condition: type[conditions.Condition]) -> forms.Field:
    kind, options = _FIELDS.get(key, (ListField, {"help_text": f"{capfirst(condition.hint)}, separated by commas."}))
    field = kind(required=False, label=capfirst(key), **options)
    if isinstance(field, CodesField):
        field.widget = widgets.UnfoldAdminSelect2MultipleWidget()
        return field
    return dressed(field)


def _param(name: str, field: forms.Field) -> forms.Field:
    field = dressed(field)
    field.required = field.widget.is_required = False
    field.label = field.label or capfirst(name.replace("_", " "))
    return field


#: {name on the page: (kind's slug, name of the parameter)} and {name on the page: key of the condition}.
PARAMS = {f"{slug}_{name}": (slug, name) for slug, kind in rules.registry.items() for name in kind.Params.base_fields}
CONDITIONS = {f"when_{key}": key for key in conditions.registry}
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
        for field, key in CONDITIONS.items():
            if field in self.fields and key in rule.conditions:
                self.initial.setdefault(field, rule.conditions[key])
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
        given = {key: cleaned.get(field) for field, key in CONDITIONS.items()}
        self.instance.conditions = {key: value for key, value in given.items() if value}
        if "is_active" in self.changed_data and not cleaned.get("is_active") and is_last(self.instance):
            self.add_error("is_active", LAST_RULE)
        return cleaned

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
                part, _, rest = message.partition(": ")
                part = part.split("[")[0]
                field = f"{self.cleaned_data.get('kind')}_{part}" if name == "params" else f"when_{part}"
                if field not in self.fields:
                    super().place_error(name, message)
                elif field not in self.errors:
                    super().place_error(field, capfirst(rest))


def _plain(value: Any) -> Any:
    return format(value, "f") if isinstance(value, Decimal) else value


_own = {name: _param(part, rules.registry[slug].Params.base_fields[part]) for name, (slug, part) in PARAMS.items()}
_own |= {name: _condition(key, conditions.registry[key]) for name, key in CONDITIONS.items()}

# From here every form collects them that is made of this one, as the admin does for each page.
RuleForm.declared_fields.update(_own)
