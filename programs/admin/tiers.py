"""How are ladders configured: what counts, how long a tier holds, what follows, and what its members get?"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Field, ForeignKey, ManyToManyField, QuerySet, prefetch_related_objects
from django.http import HttpRequest
from django.utils import timezone

from loyalty_site.lib.admin import (
    HistoryAdmin,
    RelatedDropdownFilter,
    StackedInline,
    StaffRequest,
    TabularInline,
    display,
    widgets,
)
from loyalty_site.lib.panels import Panel, Sentences, link_to, points
from loyalty_site.lib.read_along import read_choices
from loyalty_site.lib.units import InUnits
from programs import checks, compiling, document, ladder_sentences, periods
from programs.admin.part_field import PartField, PartsField
from programs.admin.tier_forms import TierForm, TierGroupForm, further_fields, tier_form
from programs.forms import LadderFormSet
from programs.models import Currency, Program, Segment, Tier, TierGroup


def offer_segments(field: forms.Field | None, program_id: int | None) -> None:
    """Let a field offer the segments of a program; of all, each with its program, where that is not known yet."""
    if isinstance(field, PartField):
        offered = Segment.objects.select_related("program").order_by("name")
        field.is_of_one_program = program_id is not None
        field.queryset = offered.filter(program=program_id) if program_id else offered
        read_choices(field)


def sentences_of(program: Program, described: Any = None) -> dict[str, tuple[list[str], str]]:
    """The sentences about each ladder, and a line in short, by its code; none while a program cannot be compiled.

    `described` is the document of the program, where somebody has it at hand.
    """
    today = periods.local_date(timezone.now(), program.zone)
    try:
        terms = compiling.build(described or document.export(program))
        return {
            code: (
                ladder_sentences.sentences(group, terms.currencies, today),
                ladder_sentences.in_short(group, terms.currencies, today),
            )
            for code, group in terms.tier_groups.items()
        }
    except (KeyError, TypeError, ValueError, OverflowError):
        return {}


class TierFields(InUnits):
    """What an input of a tier looks like, on its own page and on that of its ladder."""

    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        if db_field.name == "colour":
            kwargs["widget"] = widgets.UnfoldAdminColorInputWidget()
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        if db_field.name != "segment":
            return super().formfield_for_foreignkey(db_field, request, **kwargs)
        return super().formfield_for_foreignkey(db_field, request, form_class=PartField, **kwargs)

    @display(description="in further currencies")
    def in_further(self, tier: Tier) -> str:
        """What a tier asks for in further currencies, e.g. "Segments: 30, 25 to keep it"."""
        said = []
        for currency in tier.group.further:
            asked = (tier.further or {}).get(currency.code) or {}
            if asked.get("threshold") is not None:
                keep = asked.get("retention")
                kept = "" if keep is None else f", {points(keep, currency)} to keep it"
                said.append(f"{currency.name}: {points(asked['threshold'], currency)}{kept}")
        return "; ".join(said) or "-"


class TierInline(TierFields, TabularInline):
    """The steps of one ladder, checked together; their benefits stand on the page of each."""

    model = Tier
    form, formset = TierForm, LadderFormSet
    readonly_fields = ["gives"]

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, form=tier_form(self._further(request, obj)), **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        further = further_fields(self._further(request, obj))
        shown = [] if further or not _measures(self._group(obj)) else ["in_further"]
        return [
            *("sequence", "name", "code", "threshold", "retention"),
            *(further or shown),
            *(["segment"] if may_follow(request, self._group(obj)) else []),
            *("multiplier", "extension_months", "colour", "gives"),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "in_further"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tier]:
        return super().get_queryset(request).prefetch_related("benefits")

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        above = self.parent
        offer_segments(field, above.program_id if isinstance(above, TierGroup) else getattr(above, "pk", None))
        return field

    def _group(self, obj: Any) -> TierGroup | None:
        """The ladder, also where it stands on the page of its program."""
        group = obj if isinstance(obj, TierGroup) else self.parent
        return group if isinstance(group, TierGroup) and group.pk else None

    def _further(self, request: HttpRequest, obj: Any) -> list[Currency]:
        """The further currencies in which thresholds can be typed."""
        group = self._group(obj)
        return group.further if group and self.has_change_permission(request, group) else []

    @display(description="benefits")
    def gives(self, tier: Tier) -> str:
        if not tier.pk:
            return "after saving"
        return link_to(tier, ", ".join(benefit.name for benefit in tier.benefits.all()) or "none yet")


def _measures(group: TierGroup | None) -> bool:
    return group is not None and bool(group.further)


def may_follow(request: HttpRequest, group: TierGroup | None) -> bool:
    """Whether tiers of the ladder may follow segments, as far as is known.

    What a page has asked once stays for it: a form may change the ladder, and is shown again with the same fields.
    """
    known: dict[int | None, bool] = vars(request).setdefault("ladders_that_follow", {})
    return known.setdefault(group.pk if group else None, group is None or group.model == TierGroup.Model.MANUAL)


class TierGroupInline(StackedInline):
    """The ladders of a program, in short; each has a page with all its settings."""

    model = TierGroup
    form = TierGroupForm
    fields = [
        ("name", "code"),
        ("model", "currency"),
        ("further_currencies", "match"),
        ("validity", "on_end"),
        "settings",
    ]
    readonly_fields = ["settings"]
    inlines = [TierInline]
    tab = True

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        if db_field.name == "currency":
            kwargs["queryset"] = self._measuring()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelMultipleChoiceField[Any] | None:
        field = super().formfield_for_manytomany(db_field, request, queryset=self._measuring(), **kwargs)
        if field is not None:
            read_choices(field)
        return field

    def _measuring(self) -> QuerySet[Currency]:
        return Currency.objects.filter(program=self.parent, kind=Currency.Kind.QUALIFYING)

    @display(description="all settings")
    def settings(self, group: TierGroup) -> str:
        if not group.pk:
            return "after saving"
        return link_to(group, "How long a tier holds, grace, surplus, refunds")


@admin.register(TierGroup)
class TierGroupAdmin(HistoryAdmin):
    """Ladders of tiers, what they are measured in, and what that means today."""

    form = TierGroupForm
    icon, place = "stairs", 4
    list_display = ["name", "program", "model", "currency", "validity"]
    list_filter = [["program", RelatedDropdownFilter]]
    list_select_related = ["program", "currency"]
    search_fields = ["name", "code__startswith"]
    autocomplete_fields = ["program", "currency"]
    fixed_fields = ["program"]
    inlines = [TierInline]
    fieldsets = [
        (None, {"fields": ["program", ("name", "code"), "model"]}),
        (
            "What counts",
            {
                "fields": [
                    "currency",
                    ("further_currencies", "match"),
                    "cycle_start",
                    ("window", "window_unit"),
                ]
            },
        ),
        (
            "How long a tier holds",
            {"fields": ["validity", ("period", "period_unit"), ("period_end", "rounding")]},
        ),
        (
            "What happens then",
            {"fields": ["on_end", ("grace", "grace_unit"), "grace_to_month_end", "holds_downgrades"]},
        ),
        ("Special", {"fields": ["late_window", ("rollover", "rollover_limit"), "on_reversal"]}),
    ]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> TierGroup | None:
        group: TierGroup | None = super().get_object(request, object_id, from_field)
        if group is not None and request.method == "GET":
            prefetch_related_objects([group], "further_currencies")
        return group

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelMultipleChoiceField[Any] | None:
        offered = Currency.objects.filter(kind=Currency.Kind.QUALIFYING).select_related("program")
        kwargs |= {"form_class": PartsField, "queryset": offered}
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_form(
        self, request: HttpRequest, obj: TierGroup | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        field = form.base_fields.get("further_currencies")
        if isinstance(field, PartsField) and obj:
            field.queryset = Currency.objects.filter(program=obj.program_id, kind=Currency.Kind.QUALIFYING)
            field.is_of_one_program = True
        return form

    def panels(self, request: StaffRequest, group: TierGroup) -> list[Panel]:
        described = document.export(group.program)
        said, _ = sentences_of(group.program, described).get(group.code, ([], ""))
        found = [Sentences("What this means today", said)] if said else []
        doubts = _doubts(described, group.code)
        return [*found, *([Sentences("To look at", doubts)] if doubts else [])]


def _doubts(described: Any, code: str) -> list[str]:
    """What is wrong with, or surely not meant of, a ladder in the document of its program."""
    place = next((n for n, group in enumerate(described["tier_groups"]) if group["code"] == code), None)
    problems = document.problems(described) or document.lint(described)
    path = f"tier_groups[{place}]"
    own = [problem for problem in problems if problem.path.startswith(path)]
    told = [checks.Problem(problem.path.removeprefix(path).lstrip("."), problem.message) for problem in own]
    return [checks.sentence_of(f"{one.path}: {one.message}" if one.path else one.message) for one in told]
