"""How does marketing make an offer, watch it and stop it? On one page."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from loyalty_site.lib.admin import (
    DropdownFilter,
    HistoryAdmin,
    RelatedDropdownFilter,
    StaffRequest,
    action,
    dialog,
    display,
    found,
    names_one_of,
)
from loyalty_site.lib.panels import Panel, moment
from programs import promotion_changes, promotion_states
from programs.admin import cap_use, promotion_panels
from programs.admin.conditions_form import CONDITIONS, EXCLUSIONS, FURTHER, program_of
from programs.admin.promotion_form import CopyForm, PromotionForm, ReasonForm
from programs.admin.wording import describe
from programs.models import Cap, Promotion, Rule
from programs.models.segments import asking_for
from programs.rules.conditions.others import OnlyIf

CHANGE = "programs.change_promotion"
#: The fields of what a promotion asks; what rules give is asked by its rules.
ASKED = [name for name, key in CONDITIONS.items() if key != OnlyIf.key]
#: So many of its rules are said in the list.
_SHOWN = 2
_COLOURS = {
    promotion_states.RUNNING: "success",
    promotion_states.UPCOMING: "info",
    promotion_states.DRAFT: "info",
    promotion_states.STOPPED: "danger",
    promotion_states.ENDED: "warning",
    promotion_states.OFF: "warning",
}


class StateFilter(DropdownFilter):
    """The promotions of one state, which depends on the day it is in their programs."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(promotion_states.WORDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Promotion]) -> QuerySet[Promotion] | None:
        if not self.value():
            return None
        now = timezone.now()
        rows = promotion_states.with_gifts(Promotion.objects.all())
        return queryset.filter(pk__in=[row.pk for row in rows if promotion_states.state(row, now) == self.value()])


@admin.register(Promotion)
class PromotionAdmin(HistoryAdmin):
    """Offers of all programs."""

    icon, place = "celebration", 3
    form = PromotionForm
    list_display = ["name", "program", "state", "days", "gives", "uses", "budget"]
    list_filter = [StateFilter, ["program", RelatedDropdownFilter]]
    search_fields = ["name", "code__startswith"]
    autocomplete_fields = ["program"]
    # Its code is what codes, journals and documents name it by.
    fixed_fields = ["program", "code"]
    prepopulated_fields = {"code": ["name"]}
    actions_detail = ["add_gift", "add_limit", "stop_now", "resume", "duplicate"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Promotion]:
        rows = promotion_states.with_gifts(super().get_queryset(request)).select_related("program__owner")
        if request.resolver_match and str(request.resolver_match.url_name).endswith("_changelist"):
            budgets = Cap.objects.filter(scope=Cap.Scope.PROGRAM, is_active=True)
            rules = Rule.objects.select_related("currency", "program").order_by("priority", "code")
            budgets = budgets.select_related("currency", "program").prefetch_related("counters")
            rows = rows.annotate(used=_uses())
            rows = rows.prefetch_related(Prefetch("rules", rules)).prefetch_related(Prefetch("caps", budgets))
        return rows

    @display(description="state", label=_COLOURS)
    def state(self, promotion: Promotion) -> tuple[str, str]:
        found = promotion_states.state(promotion, timezone.now())
        return found, promotion_states.WORDS[found]

    @display(description="days", ordering="starts_on")
    def days(self, promotion: Promotion) -> str:
        return promotion_states.days(promotion)

    @display(description="gives")
    def gives(self, promotion: Promotion) -> str:
        said = [describe(rule) for rule in promotion.rules.all() if rule.is_active]
        more = f" And {len(said) - _SHOWN} more." if len(said) > _SHOWN else ""
        return " ".join(said[:_SHOWN]) + more or "-"

    @display(description="uses", ordering="used")
    def uses(self, promotion: Promotion) -> str:
        return f"{getattr(promotion, 'used', None) or 0:,}"

    @display(description="budget used")
    def budget(self, promotion: Promotion) -> str:
        now = timezone.now()
        return "; ".join(cap_use.budget(cap, now) for cap in promotion.caps.all()) or "-"

    def panels(self, request: StaffRequest, promotion: Promotion) -> list[Panel]:
        return promotion_panels.panels(promotion)

    def get_fieldsets(self, request: HttpRequest, obj: Promotion | None = None) -> list[Any]:
        when: list[Any] = [("starts_on", "ends_on"), *(["stopped_from"] if obj and obj.stopped_from else [])]
        own = [
            (None, {"fields": ["program", ("name", "code"), "description", "is_active"]}),
            ("When", {"fields": when}),
        ]
        beside = [
            ("Enrolment", {"fields": ["opt_in"]}),
            ("Codes of its own", {"fields": ["uses_per_code"]}),
            ("Left out to compare", {"fields": ["holdout_percent"]}),
        ]
        may_edit = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        if not may_edit:
            return [*own, *beside]
        return [
            *own,
            ("Who and where… (what is empty does not matter)", {"fields": ASKED, "classes": ["collapse"]}),
            ("But not… and further conditions", {"fields": [*EXCLUSIONS, FURTHER], "classes": ["collapse"]}),
            *beside,
        ]

    def get_form(
        self, request: HttpRequest, obj: Promotion | None = None, change: bool = False, **kwargs: Any
    ) -> type[PromotionForm]:
        form = cast(type[PromotionForm], super().get_form(request, obj, change, **kwargs))
        form.program = program_of(request, obj)
        return form

    def has_delete_permission(self, request: HttpRequest, obj: Promotion | None = None) -> bool:
        # What it has given stays explained, and no segment asks for what is not there.
        return super().has_delete_permission(request, obj) and not (obj and (obj.uses.exists() or _asked_by(obj)))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        held = [f"{one}: the segment {name} asks for it" for one in objs for name in _asked_by(one)]
        return deleted, counts, lacking, [*protected, *held]

    def offered(self, request: StaffRequest, object_id: str) -> list[str]:
        stopped = names_one_of(Promotion.objects.filter(stopped_from__isnull=False), object_id)
        return ["add_gift", "add_limit", "resume" if stopped else "stop_now", "duplicate"]

    @action(description="Add what it gives", permission="programs.add_rule", icon="add")
    def add_gift(self, request: StaffRequest, object_id: str) -> HttpResponse:
        promotion = found(Promotion.objects.all(), object_id)
        # In a group of its own, or it would compete with what is given anyway.
        return _sent_to("rule", promotion, group=promotion.code)

    @action(description="Add a limit", permission="programs.add_cap", icon="speed")
    def add_limit(self, request: StaffRequest, object_id: str) -> HttpResponse:
        return _sent_to("cap", found(Promotion.objects.all(), object_id), scope="program", period="ever")

    @action(
        description="Stop now",
        permission=CHANGE,
        icon="front_hand",
        dialog=dialog(
            "Stop this promotion at once?",
            "From this moment on it gives nothing. What happened before still counts, whenever it is reported; what "
            "happens from now on does not, whatever its days say. Points that were given stay with the members. It "
            "can be resumed.",
            "Stop it now",
            ReasonForm,
        ),
    )
    def stop_now(self, request: StaffRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        row, reason = found(Promotion.objects.all(), object_id), form.cleaned_data["reason"]
        stopped = promotion_changes.stop(row, now=timezone.now(), reason=reason)
        at = moment(stopped.stopped_from, stopped.program.zone)
        say = f"It is stopped: what happens from {at} on gives nothing by it."
        return self.done(request, row, log=f"Stopped at once: {reason}", say=say)

    @action(
        description="Resume",
        permission=CHANGE,
        icon="play_arrow",
        dialog=dialog(
            "Let this promotion count again?",
            "It counts again, as its days and conditions say. Transactions that were recorded meanwhile stay as they "
            "are; what happened while it was stopped, and is reported only from now on, counts as well.",
            "Resume it",
            ReasonForm,
        ),
    )
    def resume(self, request: StaffRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        row, reason = found(Promotion.objects.all(), object_id), form.cleaned_data["reason"]
        promotion_changes.resume(row, reason=reason)
        return self.done(request, row, log=f"Resumed: {reason}", say="It counts again.")

    @action(
        description="Duplicate",
        permission="programs.add_promotion",
        icon="content_copy",
        dialog=dialog(
            "Copy this promotion?",
            "The copy has its conditions, what it gives and its limits, and is switched off until you switch it on. "
            "It begins without codes and enrolments, and its budgets are full.",
            "Copy it",
            CopyForm,
        ),
    )
    def duplicate(self, request: StaffRequest, form: CopyForm, object_id: str) -> HttpResponse:
        row, said = found(Promotion.objects.select_related("program"), object_id), form.cleaned_data
        copy = promotion_changes.duplicate(row, code=said["code"], name=said["name"])
        say = "This is the copy. It is switched off: look at its days, then switch it on."
        return self.done(request, copy, log=f"Copied from {row.code}.", say=say)


def _uses() -> Subquery:
    """How many transactions got something by each of them."""
    gave = Q(uses__points__gt=0) | Q(uses__discount__gt=0)
    counted = Promotion.objects.filter(pk=OuterRef("pk")).order_by().values("pk")
    return Subquery(counted.annotate(n=Count("uses__journal", filter=gave, distinct=True)).values("n"))


def _sent_to(model: str, promotion: Promotion, **chosen: str) -> HttpResponse:
    """To the page on which a part of the promotion is added."""
    known = {"program": promotion.program_id, "promotion": promotion.pk} | chosen
    if primary := promotion.program.currencies.first():
        known["currency"] = primary.pk
    return HttpResponseRedirect(f"{reverse(f'admin:programs_{model}_add')}?{urlencode(known)}")


def _asked_by(promotion: Promotion) -> list[str]:
    return asking_for(promotion.program, promotion.code)
