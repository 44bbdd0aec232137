"""Which fields does a rule have on its page? Those of every kind and every condition there is.

They are made of the registries, so a new kind or condition has its fields without a line here. The page
shows the fields of the chosen kind only; the others are ignored.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.text import capfirst

from loyalty_site.lib.admin import dressed
from programs import rules
from programs.admin.conditions_form import CONDITIONS, EXCLUSIONS, FURTHER, ConditionsForm
from programs.models import Program, Rule
from programs.rules.base import is_given

__all__ = ["CONDITIONS", "EXCLUSIONS", "FURTHER", "LAST_RULE", "PARAMS", "SHOWN_FOR_KIND", "RuleForm", "is_last"]

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


#: {name on the page: (kind's slug, name of the parameter)}.
PARAMS = {f"{slug}_{name}": (slug, name) for slug, kind in rules.registry.items() for name in kind.Params.base_fields}
#: The currency says nothing of rules that take money off.
HIDDEN_FOR_DISCOUNTS = {
    "currency": " && ".join(f"kind != '{slug}'" for slug in rules.registry if rules.takes_off(slug))
}
SHOWN_FOR_KIND = {field: f"kind == '{slug}'" for field, (slug, _) in PARAMS.items()}


class RuleForm(ConditionsForm):
    """A rule by the fields of its kind and conditions."""

    instance: Rule

    class Meta:
        model = Rule
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rule = self.instance
        if "currency" in self.fields and rules.takes_off(self.data.get(self.add_prefix("kind"), rule.kind)):
            self.fields["currency"].required = False
        for field, (slug, name) in PARAMS.items():
            if rule.pk and rule.kind == slug and field in self.fields:
                self.initial.setdefault(field, rule.params.get(name))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        kind = cleaned.get("kind")
        if kind and rules.takes_off(kind) and not cleaned.get("currency"):
            self._fill_currency(cleaned)
        params = {name: cleaned.get(field) for field, (slug, name) in PARAMS.items() if slug == kind}
        self.instance.params = {name: _plain(value) for name, value in params.items() if is_given(value)}
        if "is_active" in self.changed_data and not cleaned.get("is_active") and is_last(self.instance):
            self.add_error("is_active", LAST_RULE)
        return cleaned

    def _fill_currency(self, cleaned: dict[str, Any]) -> None:
        """Each rule has a currency, also one that takes money off: the primary one, which is all that it needs."""
        program: Program | None = cleaned.get("program") or self.program
        found = program.currencies.first() if program else None
        if found:
            cleaned["currency"] = found
        elif program:
            self.add_error(None, "The program has no currency yet: add one first, any will do for a discount.")

    def add_error(self, field: str | None, error: Any) -> None:
        if field in PARAMS and PARAMS[field][0] != self.data.get(self.add_prefix("kind")):
            return  # a field of another kind, which nobody sees
        super().add_error(field, error)

    def places(self) -> dict[str, Callable[[str], str]]:
        return super().places() | {"params": self._param_at}

    def _param_at(self, path: str) -> str:
        return f"{self.cleaned_data.get('kind')}_{path.split('[')[0]}"


def _plain(value: Any) -> Any:
    return format(value, "f") if isinstance(value, Decimal) else value


# From here every form collects them that is made of this one, as the admin does for each page.
RuleForm.declared_fields.update(
    {name: _param(part, rules.registry[slug].Params.base_fields[part]) for name, (slug, part) in PARAMS.items()}
)
