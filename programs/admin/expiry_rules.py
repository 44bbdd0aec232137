"""How is it configured when the points of a currency end? Beside the currency, with the day that it means."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from loyalty_site.lib.admin import StackedInline, display, widgets
from loyalty_site.lib.forms import ModelForm
from programs.admin.ends import usable_through
from programs.models import ExpiryRule


class ExpiryRuleForm(ModelForm):
    """An expiry rule, which may be changed for new points only."""

    instance: ExpiryRule

    for_new_points = forms.BooleanField(
        label="for new points only",
        required=False,
        widget=widgets.UnfoldBooleanSwitchWidget,
        help_text="Tick it to change the rule while members hold points: these keep the ends they have.",
    )

    def has_changed(self) -> bool:
        """Whoever adds a rule and leaves it as it is shown means what is shown."""
        return self.instance._state.adding or super().has_changed()

    def clean(self) -> dict[str, Any] | None:
        self.instance.is_for_new_points = bool(self.cleaned_data.get("for_new_points"))
        return super().clean()


class ExpiryRuleInline(StackedInline):
    """When the points of a currency end. It cannot be deleted: "never" says the same, and is asked about."""

    model = ExpiryRule
    form = ExpiryRuleForm
    fields = [
        "model",
        ("period", "unit"),
        ("period_end", "last_day"),
        ("rounding", "rounding_month"),
        ("cut_offs", "min_age_days"),
        "counts",
        ("min_validity_days", "extension_months"),
        ("notice_days", "for_new_points"),
    ]
    readonly_fields = ["last_day"]
    hide_title = True
    can_delete = False
    verbose_name_plural = "expiry rule (without one, points never end)"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ExpiryRule]:
        return super().get_queryset(request).select_related("currency__program")

    @display(description="by these terms")
    def last_day(self, rule: ExpiryRule) -> str:
        return usable_through(rule, timezone.now())
