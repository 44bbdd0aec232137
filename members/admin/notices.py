"""What has somebody of the staff been told? Their own list, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from loyalty_site.lib.admin import DropdownFilter, FactAdmin, StaffRequest, display, found
from loyalty_site.lib.panels import Panel, Sentences, moment
from members.admin import bell
from members.models import StaffNotice
from members.models.notices import staff_events
from members.notes import words
from partners.events import EVENTS


class EventFilter(DropdownFilter):
    """By what happened."""

    title, parameter_name = "what", "event"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        return staff_events()

    def queryset(self, request: HttpRequest, queryset: QuerySet[StaffNotice]) -> QuerySet[StaffNotice]:
        return queryset.filter(event__type=self.value()) if self.value() else queryset


class ReadFilter(DropdownFilter):
    """What is not read, or what is."""

    title, parameter_name = "read", "read"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [("no", "Unread"), ("yes", "Read")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[StaffNotice]) -> QuerySet[StaffNotice]:
        return queryset.filter(read_at__isnull=self.value() == "no") if self.value() else queryset


@admin.register(StaffNotice)
class StaffNoticeAdmin(FactAdmin):
    """Reached by the bell: everybody of the staff has one, whatever else they may see.

    To open a notice is to read it, by whichever way; nothing else is changed by looking.
    """

    icon = "notifications"
    list_display = ["what", "program", "happened", "state"]
    list_filter = [EventFilter, ReadFilter]
    list_select_related = ["event__program"]
    sortable_by = ()
    list_before_template = "admin/members/notices.html"
    fields = [("label", "program"), ("happened", "read")]

    def has_module_permission(self, request: HttpRequest) -> bool:
        # The bell leads there, not the side bar: who may see nothing else would get a side bar for it.
        return False

    def has_view_permission(self, request: HttpRequest, obj: StaffNotice | None = None) -> bool:
        return obj is None or obj.user_id == request.user.pk

    def get_queryset(self, request: HttpRequest) -> QuerySet[StaffNotice]:
        mine: QuerySet[StaffNotice] = super().get_queryset(request).filter(user=request.user.pk)
        return mine.select_related("event__program")

    def get_urls(self) -> list[URLPattern]:
        name = "members_staffnotice"
        return [
            path("read-all/", self.admin_site.admin_view(self.read_all), name=f"{name}_read_all"),
            path("of/<slug:event>/", self.admin_site.admin_view(self.open), name=f"{name}_open"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = {"title": "Notifications", "unread": bell.unread(request.user.pk)}
        return super().changelist_view(request, {**(extra_context or {}), **title})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        _read([found(self.get_queryset(request), object_id)])
        return super().change_view(request, object_id, form_url, extra_context)

    def open(self, request: StaffRequest, event: str) -> HttpResponse:
        """Where a mail or a line in a chat leads to: on to the place where somebody acts."""
        notice = get_object_or_404(self.get_queryset(request), event__name=event)
        _read([notice])
        return HttpResponseRedirect(words.note(notice.event).address)

    def read_all(self, request: StaffRequest) -> HttpResponse:
        """Mark as read whatever is in the list."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        count = self.get_queryset(request).filter(read_at=None).order_by().update(read_at=timezone.now())
        self.message_user(request, f"Marked as read: {count}." if count else "There was nothing to mark as read.")
        return HttpResponseRedirect(reverse("admin:members_staffnotice_changelist"))

    def panels(self, request: StaffRequest, row: StaffNotice) -> list[Panel]:
        note = words.note(row.event)
        way = format_html('<a class="text-link" href="{}">See to it</a>', note.address)
        return [Sentences(note.title, [*note.lines, way])]

    @display(description="what")
    def what(self, row: StaffNotice) -> str:
        title = words.note(row.event).title
        return title if row.read_at else format_html("<strong>{}</strong>", title)

    @display(description="about")
    def label(self, row: StaffNotice) -> str:
        known = EVENTS.get(row.event.type)
        return known.label if known else row.event.type

    @display(description="program")
    def program(self, row: StaffNotice) -> str:
        return row.event.program.name

    @display(description="when")
    def happened(self, row: StaffNotice) -> str:
        return moment(row.event.occurred_at, row.event.program.zone)

    @display(description="read")
    def read(self, row: StaffNotice) -> str:
        return moment(row.read_at, row.event.program.zone, empty="not yet")

    @display(description="state", label={"unread": "warning", "read": "success"})
    def state(self, row: StaffNotice) -> tuple[str, str]:
        return ("read", "Read") if row.read_at else ("unread", "Unread")


def _read(notices: Iterable[StaffNotice]) -> None:
    """Mark these as read from now on, if they were not."""
    unread = [one.pk for one in notices if one.read_at is None]
    if unread:
        StaffNotice.objects.filter(pk__in=unread, read_at=None).update(read_at=timezone.now())
