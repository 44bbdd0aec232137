"""How is one tier configured: what reaches it, which segment it follows, and what else than points it gives?"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from loyalty_site.lib.admin import HistoryAdmin, RelatedDropdownFilter, StackedInline, display
from loyalty_site.lib.panels import dot, points
from programs.admin.tier_forms import BenefitForm, TierForm, further_fields, tier_form
from programs.admin.tiers import TierFields, may_follow, offer_segments
from programs.models import Benefit, Currency, Program, Tier


class BenefitInline(StackedInline):
    """What else than points a tier gives: assigned with it, and withdrawn with it."""

    model = Benefit
    form = BenefitForm
    fields = [("name", "code"), "kind", ("starts_on", "ends_on"), "text", "details"]


@admin.register(Tier)
class TierAdmin(TierFields, HistoryAdmin):
    """The steps of all ladders."""

    form = TierForm
    list_display = ["coloured", "group", "program", "sequence", "reached_from", "multiplier"]
    list_filter = [["group__program", RelatedDropdownFilter]]
    list_select_related = ["group__program", "group__currency"]
    search_fields = ["name", "code__startswith"]
    autocomplete_fields = ["group"]
    readonly_fields = ["in_further"]
    inlines = [BenefitInline]

    def get_form(self, request: HttpRequest, obj: Tier | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, form=tier_form(self._further(request, obj)), **kwargs)
        offer_segments(form.base_fields.get("segment"), obj.group.program_id if obj else None)
        return form

    def get_fields(self, request: HttpRequest, obj: Tier | None = None) -> list[Any]:
        fields = list(further_fields(self._further(request, obj)))
        further: list[Any] = list(zip(fields[::2], fields[1::2], strict=True))
        if obj and not further and obj.group.further:
            further = ["in_further"]
        own = ["group", ("name", "code"), "sequence", ("threshold", "retention"), *further]
        # A form may move the tier to another ladder, and is shown again with the same fields.
        ladder = vars(request).setdefault("ladder_of_tier", obj.group if obj else None)
        followed = ["segment"] if may_follow(request, ladder) else []
        return [*own, *followed, ("multiplier", "extension_months"), "colour"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tier]:
        return super().get_queryset(request).select_related(*self.list_select_related, "segment")

    def _further(self, request: HttpRequest, obj: Tier | None) -> list[Currency]:
        """The further currencies in which thresholds can be typed; a new tier has none before it has a group."""
        return obj.group.further if obj and self.has_change_permission(request, obj) else []

    @display(description="name", ordering="name")
    def coloured(self, tier: Tier) -> str:
        return dot(tier.colour, tier.name)

    @display(description="threshold", ordering="threshold")
    def reached_from(self, tier: Tier) -> str:
        if tier.threshold is None or tier.group.currency is None:
            return "only granted" if tier.threshold is None else "-"
        return points(tier.threshold, tier.group.currency)

    @display(description="program")
    def program(self, tier: Tier) -> Program:
        return tier.group.program
