"""How is an earning rule edited? With the fields of its kind and of each condition, not as JSON."""

from django.contrib import admin
from django.core.exceptions import ValidationError

from loyalty_site.lib.admin import (
    ChoicesDropdownFilter,
    HistoryAdmin,
    RelatedDropdownFilter,
    display,
)
from loyalty_site.lib.panels import Sentences
from programs.admin import ruleforms
from programs.admin.examples import example
from programs.admin.wording import describe, what
from programs.models import Currency, Program, Rule


@admin.register(Rule)
class RuleAdmin(HistoryAdmin):
    icon, place = "rule", 2
    form = ruleforms.RuleForm
    list_display = ["name", "program", "what", "currency", "group", "priority", "is_active", "version"]
    list_filter = [
        ["program", RelatedDropdownFilter],
        ["kind", ChoicesDropdownFilter],
        "is_active",
    ]
    list_select_related = ["program", "currency"]
    search_fields = ["name", "code__startswith"]
    readonly_fields = ["version"]
    conditional_fields = ruleforms.SHOWN_FOR_KIND

    @display(description="kind", ordering="kind")
    def what(self, rule):
        return what(rule)

    def panels(self, request, rule):
        return [Sentences("In words", [describe(rule), *example(rule)])]

    def get_fieldsets(self, request, obj=None):
        head = ["program", ("name", "code"), "kind", "currency"]
        when = ["is_active", ("starts_on", "ends_on"), ("group", "priority"), *(["version"] if obj else [])]
        may_edit = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        if not may_edit:
            return [(None, {"fields": head}), ("When it counts", {"fields": when})]
        return [
            (None, {"fields": head}),
            ("What it gives", {"fields": list(ruleforms.PARAMS)}),
            ("Only when… (what is empty does not matter)", {"fields": list(ruleforms.CONDITIONS)}),
            ("When it counts", {"fields": when}),
        ]

    def get_prepopulated_fields(self, request, obj=None):
        return {} if obj or not self.has_add_permission(request) else {"code": ["name"]}

    def get_readonly_fields(self, request, obj=None):
        return [*self.readonly_fields, *(["program"] if obj else [])]

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change, **kwargs)
        form.program = _program(request, obj)
        if "currency" in form.base_fields and form.program:
            form.base_fields["currency"].queryset = Currency.objects.filter(program=form.program)
        elif "currency" in form.base_fields:
            field = form.base_fields["currency"]
            field.queryset = field.queryset.select_related("program")
            field.label_from_instance = lambda currency: f"{currency} ({currency.program})"
        return form


def _program(request, rule):
    """The program whose currencies, partners and tiers are offered: the rule's, or that of the address."""
    if rule:
        return rule.program
    try:
        return Program.objects.filter(pk=request.GET.get("program") or None).first()
    except (ValueError, ValidationError, OverflowError):
        return None
