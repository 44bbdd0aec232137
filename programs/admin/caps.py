"""How are upper limits kept: of what is given, and of what staff may give by hand?"""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db.models import ForeignKey, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest

from loyalty_site.lib.admin import (
    ChoicesDropdownFilter,
    HistoryAdmin,
    ModelAdmin,
    ReadOnlyInline,
    RelatedDropdownFilter,
    StaffRequest,
    TabularInline,
    display,
)
from loyalty_site.lib.panels import Panel, Sentences, amount, link_to, points
from loyalty_site.lib.units import InUnits
from programs.admin.conditions_form import program_of
from programs.admin.part_field import PartField, offer_of_one
from programs.admin.unit_forms import CapForm, StaffLimitForm
from programs.models import Cap, Currency, StaffLimit

_SCOPES: dict[str, str] = {
    Cap.Scope.TRANSACTION: "for each transaction",
    Cap.Scope.MEMBER: "for each member",
    Cap.Scope.STORE: "for each store",
    Cap.Scope.PROGRAM: "for all members together",
}
_PERIODS: dict[str, str] = {
    Cap.Period.EVER: "for ever",
    Cap.Period.DAY: "a day",
    Cap.Period.WEEK: "a week",
    Cap.Period.MONTH: "a month",
    Cap.Period.QUARTER: "a quarter",
    Cap.Period.YEAR: "a year",
}
_BEYOND: dict[str, str] = {
    Cap.Behaviour.TRUNCATE: "What is beyond is not given.",
    Cap.Behaviour.REJECT: "A transaction that would go beyond is refused.",
}


def describe(cap: Cap) -> str:
    """The cap as sentences, e.g. "At most 500 Points for each member a day. What is beyond is not given."."""
    period = f"in {cap.trailing_days} days" if cap.period == Cap.Period.TRAILING else _PERIODS[cap.period]
    when = "" if cap.scope == Cap.Scope.TRANSACTION else f" {period}"
    only = f", by rule “{cap.rule}”" if cap.rule else ""
    only += f", by promotion “{cap.promotion}”" if cap.promotion else ""
    only += f", in {cap.store.name}" if cap.store else ""
    return f"At most {most(cap)} {_SCOPES[cap.scope]}{when}{only}. {_BEYOND[cap.behaviour]}"


def most(cap: Cap) -> str:
    """The limit in what it counts, e.g. "500 Points" or "20.00 EUR"."""
    return quantity(cap, cap.limit)


def quantity(cap: Cap, units: int) -> str:
    """So many of what the cap counts: points and money in their smallest units."""
    if cap.measure == Cap.Measure.USES:
        return f"{units} times"
    if cap.measure == Cap.Measure.MONEY:
        return f"{amount(units, cap.program.money)} of {cap.currency.name}"
    if cap.measure == Cap.Measure.DISCOUNT:
        return f"{amount(units, cap.program.money)} off"
    return f"{points(units, cap.currency)} {cap.currency.name}"


@admin.register(Cap)
class CapAdmin(InUnits, HistoryAdmin):
    """Caps of all programs, each said in words."""

    icon, place = "speed", 7
    form = CapForm
    list_display = ["name", "program", "in_words", "is_active"]
    list_filter = [
        ["program", RelatedDropdownFilter],
        ["scope", ChoicesDropdownFilter],
        ["period", ChoicesDropdownFilter],
        "is_active",
    ]
    list_select_related = ["program", "currency", "rule", "promotion", "store"]
    search_fields = ["name", "code__startswith"]
    autocomplete_fields = ["program"]
    prepopulated_fields = {"code": ["name"]}
    fixed_fields = ["program"]
    conditional_fields = {"trailing_days": "period == 'trailing'"}
    fieldsets = [
        (None, {"fields": ["program", ("name", "code"), ("currency", "measure")]}),
        ("How much", {"fields": [("scope", "period"), ("limit", "trailing_days"), "behaviour"]}),
        ("Of what", {"fields": [("promotion", "rule"), "store", ("reopens", "is_active")]}),
        ("Who hears of it", {"fields": ["alert_percent"]}),
    ]

    @display(description="in words")
    def in_words(self, cap: Cap) -> str:
        return describe(cap)

    def panels(self, request: StaffRequest, cap: Cap) -> list[Panel]:
        return [Sentences("In words", [describe(cap)])]

    def get_form(
        self, request: HttpRequest, obj: Cap | None = None, change: bool = False, **kwargs: Any
    ) -> type[CapForm]:
        form = cast(type[CapForm], super().get_form(request, obj, change, **kwargs))
        if program := program_of(request, obj):
            offer_of_one(form, program)
        return form

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        if db_field.name in ("currency", "rule", "promotion"):
            kwargs["queryset"] = db_field.related_model._default_manager.select_related("program")
            kwargs["form_class"] = PartField
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class CapInline(ReadOnlyInline):
    """The caps as sentences; each is edited on its own page."""

    model = Cap
    readonly_fields = ["cap", "in_words", "is_active"]
    fields = [*readonly_fields]
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cap]:
        return super().get_queryset(request).select_related("program", "currency", "rule", "promotion", "store")

    @display(description="cap")
    def cap(self, cap: Cap) -> str:
        return link_to(cap, cap.name)

    @display(description="in words")
    def in_words(self, cap: Cap) -> str:
        return describe(cap)


class StaffLimitInline(InUnits, TabularInline):
    """How much each group of staff may give by hand, in the currencies of the program."""

    model = StaffLimit
    form = StaffLimitForm
    fields = ["group", "currency", "per_posting", "per_day", "per_member", "may_overdraw"]
    verbose_name_plural = "staff limits"
    tab = True

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        if db_field.name == "currency":
            kwargs["queryset"] = Currency.objects.filter(program=self.parent)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(StaffLimit)
class StaffLimitAdmin(InUnits, ModelAdmin):
    """The limits of staff across programs."""

    form = StaffLimitForm
    list_display = ["group", "program", "currency", "once", "daily", "for_one"]
    list_filter = [["program", RelatedDropdownFilter], ["group", RelatedDropdownFilter]]
    list_select_related = ["program", "group", "currency"]
    search_fields = ["group__name", "program__name"]
    autocomplete_fields = ["program", "currency"]
    fields = [("program", "currency"), "group", ("per_posting", "per_day"), ("per_member", "may_overdraw")]

    @display(description="at once", ordering="per_posting")
    def once(self, limit: StaffLimit) -> str:
        return points(limit.per_posting, limit.currency)

    @display(description="a day", ordering="per_day")
    def daily(self, limit: StaffLimit) -> str:
        return points(limit.per_day, limit.currency)

    @display(description="a day and member", ordering="per_member")
    def for_one(self, limit: StaffLimit) -> str | None:
        return None if limit.per_member is None else points(limit.per_member, limit.currency)
