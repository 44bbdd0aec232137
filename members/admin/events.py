"""How do staff read what was told of, and to whom it went?"""

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from loyalty_site.lib.admin import RangeDateTimeFilter, RelatedDropdownFilter, StaffRequest, display
from loyalty_site.lib.panels import Panel, moment
from members.admin.deliveries import EventFilter, document
from members.admin.delivery_tables import label_of, last_deliveries
from members.admin.found_by_member import MemberFactAdmin
from members.models import Delivery, Event

if TYPE_CHECKING:
    from members.models.events import EventQuerySet


class OwnTypeFilter(EventFilter):
    """By the kind of the event itself."""

    parameter_name = "type"


@admin.register(Event)
class EventAdmin(MemberFactAdmin):
    """Rows that only the ledger and the night write, where somebody listens."""

    icon, place = "campaign", 10
    list_display = ["recorded", "label", "member", "program", "happened", "is_spread"]
    list_filter = [OwnTypeFilter, ["program", RelatedDropdownFilter], ["recorded_at", RangeDateTimeFilter]]
    list_select_related = ["program", "member__customer"]
    fields = [("label", "program"), ("member", "source"), ("happened", "recorded"), "name", "version", "document"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        rows: QuerySet[Event] = super().get_queryset(request)
        is_list = ((request.resolver_match and request.resolver_match.url_name) or "").endswith("_changelist")
        return rows.defer("data") if is_list else rows.select_related("program", "member__customer", "partner")

    def of_members(self, queryset: QuerySet[Any], members: QuerySet[Any, Any]) -> QuerySet[Any]:
        return cast("EventQuerySet", queryset).of_members(members)

    @display(description="event")
    def label(self, event: Event) -> str:
        return f"{label_of(event)} ({event.type})"

    @display(description="written down")
    def recorded(self, event: Event) -> str:
        return moment(event.recorded_at, event.program.zone)

    @display(description="happened")
    def happened(self, event: Event) -> str:
        return moment(event.occurred_at, event.program.zone)

    @display(description="passed on", boolean=True)
    def is_spread(self, event: Event) -> bool:
        return event.spread_at is not None

    @display(description="caused by", empty_value="-")
    def source(self, event: Event) -> str | None:
        return str(event.partner) if event.partner else None

    @display(description="what it says")
    def document(self, event: Event) -> str:
        return document(event.data)

    def panels(self, request: StaffRequest, event: Event) -> list[Panel]:
        if not request.user.has_perm("members.view_delivery"):
            return []
        rows = Delivery.objects.filter(event=event)
        return [last_deliveries(request, rows, f"event__id__exact={event.pk}", title="To whom it went")]
