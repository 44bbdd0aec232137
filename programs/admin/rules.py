"""How is an earning rule edited? With the fields of its kind and of each condition, not as JSON."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db.models import ForeignKey, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest

from loyalty_site.lib.admin import (
    AnyRelatedFilter,
    ChoicesDropdownFilter,
    HistoryAdmin,
    RelatedDropdownFilter,
    StaffRequest,
    display,
)
from loyalty_site.lib.panels import Panel, Sentences
from programs import checks
from programs.admin import how_often, rule_form
from programs.admin.conditions_form import program_of
from programs.admin.examples import example
from programs.admin.part_field import PartField, offer_of_one
from programs.admin.wording import describe
from programs.models import Rule


@admin.register(Rule)
class RuleAdmin(HistoryAdmin):
    """Earning rules of all programs, said in words, with an example of what each gives."""

    icon, place = "rule", 2
    form = rule_form.RuleForm
    list_display = ["name", "program", "in_words", "currency", "group", "priority", "is_active", "version"]
    list_filter = [
        ["program", RelatedDropdownFilter],
        ["kind", ChoicesDropdownFilter],
        ["promotion", AnyRelatedFilter],
        "is_active",
    ]
    search_fields = ["name", "code__startswith"]
    readonly_fields = ["version"]
    fixed_fields = ["program"]
    prepopulated_fields = {"code": ["name"]}
    conditional_fields = rule_form.SHOWN_FOR_KIND | rule_form.HIDDEN_FOR_DISCOUNTS

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        # Its sentence names both.
        return super().get_queryset(request).select_related("program", "currency")

    @display(description="in words", ordering="kind")
    def in_words(self, rule: Rule) -> str:
        return describe(rule)

    def panels(self, request: StaffRequest, rule: Rule) -> list[Panel]:
        doubts = [checks.sentence_of(problem.message) for problem in rule.unknown()]
        said = [describe(rule), *example(rule)]
        if waiting := rule.awaited_by():
            said.append(f"Rules wait for it: {', '.join(waiting)}.")
        if rule.promotion:
            said.append(f"It is what the promotion “{rule.promotion}” gives, and holds only where that does.")
        shown: list[Panel] = [Sentences("In words", said)]
        often = list(how_often.sentences(rule))
        shown += [Sentences("How often it counts", often)] if often else []
        return [*shown, Sentences("To look at", doubts)] if doubts else shown

    def has_delete_permission(self, request: HttpRequest, obj: Rule | None = None) -> bool:
        # What cannot be switched off cannot go either, nor what others wait for.
        stays = obj and ((obj.is_active and rule_form.is_last(obj)) or obj.awaited_by())
        return super().has_delete_permission(request, obj) and not stays

    def get_fieldsets(self, request: HttpRequest, obj: Rule | None = None) -> list[Any]:
        head = ["program", ("name", "code"), "kind", ("currency", "promotion")]
        beside = [("group", "choice"), ("priority", "stacking")]
        when = ["is_active", ("starts_on", "ends_on"), *beside, *(["version"] if obj else [])]
        may_edit = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        if not may_edit:
            return [(None, {"fields": head}), ("When it counts", {"fields": when})]
        return [
            (None, {"fields": head}),
            ("What it gives", {"fields": list(rule_form.PARAMS)}),
            ("Only when… (what is empty does not matter)", {"fields": list(rule_form.CONDITIONS)}),
            ("But not… and further conditions", {"fields": [*rule_form.EXCLUSIONS, rule_form.FURTHER]}),
            ("When it counts", {"fields": when}),
        ]

    def get_form(
        self, request: HttpRequest, obj: Rule | None = None, change: bool = False, **kwargs: Any
    ) -> type[rule_form.RuleForm]:
        form = cast(type[rule_form.RuleForm], super().get_form(request, obj, change, **kwargs))
        form.program = program_of(request, obj)
        if form.program:
            offer_of_one(form, form.program)
        return form

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        if db_field.name in ("currency", "promotion"):
            rows = db_field.related_model._default_manager.select_related("program")
            kwargs |= {"form_class": PartField, "queryset": rows}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
