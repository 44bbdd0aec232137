"""Which fields does a rule have on its page? Those of every kind and every condition there is.

They are made of the registries, so a new kind or condition has its fields without a line here. The page
shows the fields of the chosen kind only; the others are ignored.
"""

import json
from decimal import Decimal

from django import forms
from django.utils.text import capfirst

from loyalty_site.lib.admin import ModelForm, dressed, widgets
from programs import rules
from programs.admin.wording import WEEKDAYS
from programs.models import Rule, Tier
from programs.rules import conditions


class ListField(forms.CharField):
    """Texts separated by commas; what is stored in another shape is shown, and taken, as JSON."""

    def prepare_value(self, value):
        if isinstance(value, list) and all(isinstance(part, str) and "," not in part for part in value):
            return ", ".join(value)
        return value if value is None or isinstance(value, str) else json.dumps(value)

    def to_python(self, value):
        value = super().to_python(value)
        if value[:1] in "[{" and value:
            try:
                return json.loads(value)
            except ValueError as error:
                raise forms.ValidationError("Separate the values by commas.") from error
        return [part.strip() for part in value.split(",") if part.strip()]


class DaysField(forms.TypedMultipleChoiceField):
    def __init__(self, **kwargs):
        choices = [(str(number), day) for number, day in enumerate(WEEKDAYS, start=1)]
        super().__init__(choices=choices, coerce=int, widget=forms.CheckboxSelectMultiple, **kwargs)


class HoursField(ListField):
    """Two times of day, e.g. "17:00-19:00"."""

    def prepare_value(self, value):
        return "-".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value):
        times = [part.strip() for part in forms.CharField.to_python(self, value).split("-") if part.strip()]
        try:
            if times:
                conditions.Hours(times)
        except ValueError as error:
            # The condition says it in the words of a document.
            raise forms.ValidationError("Write two different times, like 17:00-19:00.") from error
        return times


class CodesField(forms.MultipleChoiceField):
    """Codes of what the program has; a stored code that is gone stays visible, so that it can be removed."""

    def valid_value(self, value):
        # The model says which codes are wrong, in the same words as for a document.
        return True


_FIELDS = {
    conditions.Weekdays.key: (DaysField, {}),
    conditions.Hours.key: (HoursField, {"help_text": "From, up to and not including, e.g. 17:00-19:00."}),
    conditions.Partners.key: (CodesField, {"widget": forms.SelectMultiple}),
    conditions.Tiers.key: (CodesField, {"widget": forms.SelectMultiple}),
}


def _condition(key, condition):
    kind, options = _FIELDS.get(key, (ListField, {"help_text": f"{capfirst(condition.hint)}, separated by commas."}))
    field = kind(required=False, label=capfirst(key), **options)
    if isinstance(field, CodesField):
        field.widget = widgets.UnfoldAdminSelect2MultipleWidget()
        return field
    return dressed(field)


def _param(name, field):
    field = dressed(field)
    field.required = field.widget.is_required = False
    field.label = field.label or capfirst(name.replace("_", " "))
    return field


#: {name on the page: (kind's slug, name of the parameter)} and {name on the page: key of the condition}.
PARAMS = {f"{slug}_{name}": (slug, name) for slug, kind in rules.registry.items() for name in kind.Params.base_fields}
CONDITIONS = {f"when_{key}": key for key in conditions.registry}
SHOWN_FOR_KIND = {field: f"kind == '{slug}'" for field, (slug, _) in PARAMS.items()}


class _RuleForm(ModelForm):
    """`program` is the one whose partners and tiers are offered, None on an empty new page."""

    program = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        rule = self.instance
        for field, (slug, name) in PARAMS.items():
            if rule.pk and rule.kind == slug and field in self.fields:
                self.initial.setdefault(field, rule.params.get(name))
        for field, key in CONDITIONS.items():
            if field in self.fields and key in rule.conditions:
                self.initial.setdefault(field, rule.conditions[key])
        for key, codes in self._codes().items():
            if f"when_{key}" in self.fields:
                known = dict(codes)
                stored = rule.conditions.get(key, ())
                gone = [(code, f"{code} (not in the program)") for code in stored if code not in known]
                self.fields[f"when_{key}"].choices = [*known.items(), *gone]

    def _codes(self):
        """(code, label) pairs to choose from, by condition."""
        if not self.program:
            return {}
        owner = self.program.owner
        partners = self.program.participations.values_list("partner__code", "partner__name")
        tiers = Tier.objects.filter(group__program=self.program).values_list("code", "name")
        return {"partners": [(owner.code, owner.name), *partners], "tiers": tiers}

    def clean(self):
        """Put the fields together to what the model keeps; the model itself says what is wrong with it."""
        cleaned = super().clean()
        kind = cleaned.get("kind")
        params = {name: cleaned.get(field) for field, (slug, name) in PARAMS.items() if slug == kind}
        self.instance.params = {name: _plain(value) for name, value in params.items() if value not in (None, "")}
        given = {key: cleaned.get(field) for field, key in CONDITIONS.items()}
        self.instance.conditions = {key: value for key, value in given.items() if value}
        return cleaned

    def add_error(self, field, error):
        if field in PARAMS and PARAMS[field][0] != self.data.get(self.add_prefix("kind")):
            return  # a field of another kind, which nobody sees
        super().add_error(field, error)

    def place_error(self, name, errors):
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


def _plain(value):
    return format(value, "f") if isinstance(value, Decimal) else value


_own = {name: _param(part, rules.registry[slug].Params.base_fields[part]) for name, (slug, part) in PARAMS.items()}
_own |= {name: _condition(key, conditions.registry[key]) for name, key in CONDITIONS.items()}

RuleForm = type("RuleForm", (_RuleForm,), _own | {"Meta": type("Meta", (), {"model": Rule, "fields": ()})})
