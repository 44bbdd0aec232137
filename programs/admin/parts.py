"""Where are the parts of programs found across programs? Each is edited on its program's page as well."""

import json

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from loyalty_site.lib.admin import (
    ChoicesDropdownFilter,
    FactAdmin,
    HistoryAdmin,
    ModelAdmin,
    RelatedDropdownFilter,
    display,
)
from loyalty_site.lib.units import InUnits
from programs.admin.ends import usable_through
from programs.admin.expiry_rules import ExpiryRuleInline
from programs.admin.programs import CURRENCY_FIELDSETS
from programs.admin.unit_forms import CurrencyForm
from programs.models import (
    Currency,
    ExchangeRate,
    ExpiryRule,
    Participation,
    Program,
    ProgramVersion,
)


@admin.register(Currency)
class CurrencyAdmin(InUnits, HistoryAdmin):
    """Kinds of points, each with its expiry rule."""

    form = CurrencyForm
    icon, place = "paid", 3
    list_display = ["name", "program", "kind", "decimals", "is_primary", "expiry"]
    list_filter = [["program", RelatedDropdownFilter], ["kind", ChoicesDropdownFilter]]
    list_select_related = ["program", "expiry_rule"]
    search_fields = ["name", "code__startswith"]
    autocomplete_fields = ["program"]
    fixed_fields = ["program"]
    fieldsets = [(None, {"fields": ["program"]}), *CURRENCY_FIELDSETS]
    inlines = [ExpiryRuleInline]

    @display(description="expires", empty_value="never")
    def expiry(self, currency: Currency) -> ExpiryRule | None:
        return getattr(currency, "expiry_rule", None)


@admin.register(ExpiryRule)
class ExpiryRuleAdmin(HistoryAdmin):
    """When the points of each currency end."""

    list_display = ["currency", "program", "model", "period", "unit", "rounding", "min_validity_days"]
    list_filter = [["currency__program", RelatedDropdownFilter], ["model", ChoicesDropdownFilter]]
    search_fields = ["currency__name", "currency__code__startswith"]
    autocomplete_fields = ["currency"]
    readonly_fields = ["last_day"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ExpiryRule]:
        return super().get_queryset(request).select_related("currency__program")

    @display(description="by these terms")
    def last_day(self, rule: ExpiryRule) -> str:
        return usable_through(rule, timezone.now())

    @display(description="program")
    def program(self, rule: ExpiryRule) -> Program:
        return rule.currency.program


@admin.register(Participation)
class ParticipationAdmin(ModelAdmin):
    """Which partners take part in which program."""

    icon, place = "group_add", 5
    list_display = ["program", "partner", "since"]
    list_filter = [["program", RelatedDropdownFilter], ["partner", RelatedDropdownFilter]]
    list_select_related = ["program", "partner"]
    search_fields = ["partner__name", "program__name"]
    autocomplete_fields = ["program", "partner"]


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ModelAdmin):
    """What other money is worth in the base currency of a program."""

    icon, place = "currency_exchange", 6
    list_display = ["money", "program", "on", "rate"]
    list_filter = [["program", RelatedDropdownFilter]]
    list_select_related = ["program"]
    search_fields = ["money__exact"]
    autocomplete_fields = ["program"]


@admin.register(ProgramVersion)
class ProgramVersionAdmin(FactAdmin):
    """What a program was at each of its versions, as one document."""

    icon, place = "history", 8
    list_display = ["program", "number", "created_at"]
    list_filter = [["program", RelatedDropdownFilter]]
    list_select_related = ["program"]
    search_fields = ["program__name", "number__exact"]
    readonly_fields = ["program", "number", "created_at", "configuration"]
    fields = [*readonly_fields]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProgramVersion]:
        # The documents are large, and a list shows none.
        return super().get_queryset(request).defer("document")

    @display(description="configuration")
    def configuration(self, version: ProgramVersion) -> str:
        text = json.dumps(version.document, indent=2, ensure_ascii=False)
        return format_html('<pre class="loyalty-document">{}</pre>', text)
