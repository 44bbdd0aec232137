"""How is a segment edited? With a field for each simple condition, and JSON only for what is combined."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from loyalty_site.lib.admin import HistoryAdmin, RelatedDropdownFilter, StaffRequest
from loyalty_site.lib.panels import Panel, Sentences
from programs.admin import segment_form
from programs.models import Segment


@admin.register(Segment)
class SegmentAdmin(HistoryAdmin):
    """Groups of members by conditions, said in words."""

    icon, place = "group_work", 4
    list_display = ["name", "code", "program", "description", "is_active"]
    list_filter = [["program", RelatedDropdownFilter], "is_active"]
    list_select_related = ["program"]
    search_fields = ["name", "code__startswith"]
    # Others may name the code, and members are in it as part of its program.
    fixed_fields = ["program", "code"]
    prepopulated_fields = {"code": ["name"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Segment]:
        # What a page says of conditions names the owner of the program.
        return super().get_queryset(request).select_related("program__owner")

    def has_delete_permission(self, request: HttpRequest, obj: Segment | None = None) -> bool:
        # What others depend on cannot go before these are changed.
        return super().has_delete_permission(request, obj) and not (obj and obj.held_by())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        held = [f"{segment}: it {words}" for segment in objs for words in segment.held_by()]
        if held and super().has_delete_permission(request):
            # It is not a permission that is missing for what others depend on.
            lacking = set(lacking) - {self.opts.verbose_name}
        return deleted, counts, lacking, held or protected

    def panels(self, request: StaffRequest, segment: Segment) -> list[Panel]:
        said = [segment.say()]
        if named := segment.named_by:
            said.append(f"It is a condition of: {', '.join(named)}.")
        if rules := segment.named_by_rules:
            said.append(f"Rules and promotions ask for it: {', '.join(rules)}.")
        if tiers := segment.followed_by:
            said.append(f"Whoever is in it holds {', '.join(tiers)}, or a higher tier.")
        return [Sentences("In words", said)]

    def get_fieldsets(self, request: HttpRequest, obj: Segment | None = None) -> list[Any]:
        head = ["program", ("name", "code"), "description", "is_active"]
        may_edit = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        if not may_edit:
            return [(None, {"fields": head})]
        families = [
            (f"{title} (what is empty does not matter)", {"fields": rows}) for title, rows in segment_form.families()
        ]
        return [(None, {"fields": head}), *families, ("Combined", {"fields": [segment_form.FURTHER]})]

    def get_form(
        self, request: HttpRequest, obj: Segment | None = None, change: bool = False, **kwargs: Any
    ) -> type[segment_form.SegmentForm]:
        kwargs["form"] = segment_form.form_class()
        return cast(type[segment_form.SegmentForm], super().get_form(request, obj, change, **kwargs))
