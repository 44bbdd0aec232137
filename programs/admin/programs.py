"""How is a program configured? On one page: terms, partners, currencies, tiers and rules."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html

from loyalty_site.lib.admin import (
    ChoicesDropdownFilter,
    Fieldset,
    Fieldsets,
    HistoryAdmin,
    ReadOnlyInline,
    RelatedDropdownFilter,
    StackedInline,
    StaffRequest,
    TabularInline,
    action,
    display,
)
from loyalty_site.lib.panels import Panel, Sentences, link_to
from loyalty_site.lib.units import InUnits
from programs import checks, document, promotion_states
from programs.admin.caps import CapInline, StaffLimitInline
from programs.admin.expiry_rules import ExpiryRuleInline
from programs.admin.messages import MessagePolicyInline
from programs.admin.program_form import DECIDING, ProgramForm, doubts, lacks
from programs.admin.promotion_inline import PromotionInline
from programs.admin.tiers import TierGroupInline, sentences_of
from programs.admin.unit_forms import CurrencyForm
from programs.admin.wording import describe
from programs.models import (
    Currency,
    ExchangeRate,
    Participation,
    Program,
    Rule,
    StaffLimit,
)


class ParticipationInline(TabularInline):
    """Partners that take part beside the owner."""

    model = Participation
    verbose_name_plural = "partners"
    fields = ["partner", "since"]
    autocomplete_fields = ["partner"]
    tab = True


def _later(title: str, *fields: str | tuple[str, ...]) -> Fieldset:
    """Terms that most currencies leave as they are: folded away until somebody opens them."""
    return title, {"fields": list(fields), "classes": ["collapse"]}


CURRENCY_FIELDSETS: Fieldsets = [
    (
        None,
        {
            "fields": [
                ("name", "code"),
                ("kind", "is_primary"),
                ("decimals", "rounding"),
                ("cost_per_point", "point_value"),
            ]
        },
    ),
    _later("Pending points", "pending_days", ("pending_event", "pending_deadline_days"), "expiry_starts"),
    _later("Refunds", "refund_policy", ("returned_points", "grace_days")),
    _later(
        "Spending and holding",
        "consumption",
        ("min_spend", "max_spend"),
        ("spend_step", "max_basket_percent"),
        "max_balance",
        "milestones",
    ),
    _later(
        "Transfers",
        ("transfers", "transfer_after_days"),
        ("transfer_min", "transfer_max"),
        ("transfer_daily_limit", "transfer_daily_count"),
        ("transfer_yearly_limit", "transfer_yearly_count"),
        ("transfer_fee_percent", "transfer_cooling_days"),
    ),
]


class CurrencyInline(InUnits, StackedInline):
    """The kinds of points of a program."""

    model = Currency
    form = CurrencyForm
    fieldsets = CURRENCY_FIELDSETS
    inlines = [ExpiryRuleInline]
    tab = True


class RuleInline(ReadOnlyInline):
    """The rules as sentences; each is edited on its own page, with the fields of its kind."""

    model = Rule
    readonly_fields = ["rule", "in_words", "currency", "promotion", "group", "priority", "dates", "is_active"]
    fields = [*readonly_fields]
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        return super().get_queryset(request).select_related("currency", "program", "promotion")

    @display(description="rule")
    def rule(self, rule: Rule) -> str:
        return format_html("{} v{}", link_to(rule, rule.name), rule.version)

    @display(description="in words")
    def in_words(self, rule: Rule) -> str:
        return describe(rule)

    @display(description="dates")
    def dates(self, rule: Rule) -> str:
        if not rule.starts_on and not rule.ends_on:
            return "always"
        return f"{rule.starts_on or '…'} to {rule.ends_on or '…'}"


class ExchangeRateInline(TabularInline):
    """What other money is worth here, a page at a time."""

    model = ExchangeRate
    fields = ["money", "on", "rate"]
    per_page = 25
    tab = True


@admin.register(Program)
class ProgramAdmin(InUnits, HistoryAdmin):
    """Programs with all their parts. Documents, keys of members and imports refer to the code, so it stays."""

    icon, place = "loyalty", 1
    form = ProgramForm
    list_display = ["name", "code", "owner", "status_label", "time_zone", "money", "version"]
    list_filter = [["status", ChoicesDropdownFilter], ["owner", RelatedDropdownFilter]]
    search_fields = ["name", "code__startswith"]
    autocomplete_fields = ["owner"]
    readonly_fields = ["version", "created_at"]
    fixed_fields = ["code"]
    prepopulated_fields = {"code": ["name"]}
    inlines = [
        ParticipationInline,
        CurrencyInline,
        TierGroupInline,
        RuleInline,
        PromotionInline,
        CapInline,
        StaffLimitInline,
        ExchangeRateInline,
        MessagePolicyInline,
    ]
    # Tiers are measured in a currency of the program, so the program comes first.
    add_inlines = [ParticipationInline, CurrencyInline]
    actions_detail = ["add_rule", "add_promotion", "add_cap"]
    fieldsets = [
        (None, {"fields": [("name", "code"), ("owner", "status"), ("version", "created_at")]}),
        (
            "Place",
            {"fields": [("country", "language"), "money", "time_zone", ("next_time_zone", "next_time_zone_on")]},
        ),
        (
            "What counts",
            {
                "fields": [
                    "round_per",
                    ("earns_on_tax", "earns_on_shipping"),
                    ("earns_on_gift_cards", "earns_on_points"),
                    ("max_backdate_days", "pre_enrolment_days"),
                    ("strictness", "number_prefix"),
                    ("activities", "channels"),
                ]
            },
        ),
        (
            "Activity score",
            {
                "fields": [
                    "score_days",
                    ("score_recency", "score_frequency", "score_spend"),
                    ("score_purchases", "score_money"),
                ],
                "classes": ["collapse"],
            },
        ),
    ]

    @display(
        description="status",
        ordering="status",
        label={"active": "success", "draft": "info", "paused": "warning", "closed": "danger"},
    )
    def status_label(self, program: Program) -> tuple[str, str]:
        return program.status, program.get_status_display()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Program]:
        return super().get_queryset(request).select_related("owner")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Program | None:
        program: Program | None = super().get_object(request, object_id, from_field)
        page = (request.resolver_match and request.resolver_match.url_name) or ""
        if program is not None and request.method == "GET" and page.endswith("_change"):
            document.read_parts(program)
            promotion_states.note_gifts(program.promotions.all(), program.rules.all())
            prefetch_related_objects(
                [program], Prefetch("staff_limits", StaffLimit.objects.select_related("currency"))
            )
        return program

    def save_related(
        self, request: HttpRequest, form: ProgramForm, formsets: list[forms.BaseModelFormSet[Any, Any]], change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        program = form.instance
        for what in lacks(program) if form.activates or not change else ():
            if program.status == Program.Status.ACTIVE:
                self.message_user(request, f"It is active now. {what}", messages.WARNING)
        partners = any(formset.model is Participation and formset.has_changed() for formset in formsets)
        if partners or not set(DECIDING).isdisjoint(form.changed_data):
            # Read anew: what the page has read along was before it was saved.
            for what in doubts(Program.objects.select_related("owner").get(pk=program.pk), {}):
                self.message_user(request, f"It is saved. {what}", messages.WARNING)

    def panels(self, request: StaffRequest, program: Program) -> list[Panel]:
        described = document.export(program)
        problems = document.problems(described) or [*document.lint(described), *document.unknown(described)]
        sentences = [checks.sentence_of(f"{problem.path}: {problem.message}") for problem in problems]
        ladders = sentences_of(program, described)
        names = {group["code"]: group["name"] for group in described["tier_groups"]}
        tiers = [f"{names[code]}: {short}" for code, (_, short) in ladders.items()]
        panels = [Sentences("To look at", sentences), Sentences("Tiers today", tiers)]
        return [panel for panel in panels if panel.sentences]

    @action(description="Add a rule", permission="programs.add_rule", icon="add")
    def add_rule(self, request: StaffRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(f"{reverse('admin:programs_rule_add')}?program={object_id}")

    @action(description="Add a promotion", permission="programs.add_promotion", icon="celebration")
    def add_promotion(self, request: StaffRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(f"{reverse('admin:programs_promotion_add')}?program={object_id}")

    @action(description="Add a cap", permission="programs.add_cap", icon="speed")
    def add_cap(self, request: StaffRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(f"{reverse('admin:programs_cap_add')}?program={object_id}")
