"""Who was erased, when, by whom and why?"""

from django.contrib import admin

from loyalty_site.lib.admin import FactAdmin, RangeDateTimeFilter, StaffRequest, display
from loyalty_site.lib.panels import Panel, Sentences
from members.models import Erasure

#: What is counted, and how it is called.
_COUNTED = {
    "customers": "Customers",
    "members": "Memberships",
    "transactions": "Transactions that were rewritten",
    "events": "Events that were rewritten",
    "deliveries": "Messages and webhooks that were emptied",
    "nights": "Steps of nights that were rewritten",
    "answers": "Kept answers of the API that were deleted",
    "log": "Entries of the log of the back office that were emptied",
}


@admin.register(Erasure)
class ErasureAdmin(FactAdmin):
    """The record that it was done, which names nobody."""

    icon, place = "person_off", 11
    list_display = ["id", "customer", "begun_at", "points", "reason", "user"]
    list_filter = [["begun_at", RangeDateTimeFilter]]
    list_select_related = ["customer", "user"]
    fields = [("customer", "begun_at"), ("points", "reason"), "erased_by"]
    search_fields = ["id__exact"]
    search_help_text = "The number of the erasure."
    sortable_by = ()

    @display(description="by", empty_value="-")
    def erased_by(self, erasure: Erasure) -> str | None:
        return erasure.user.get_username() if erasure.user else None

    def panels(self, request: StaffRequest, erasure: Erasure) -> list[Panel]:
        counts = {name: erasure.counts.get(name, 0) for name in _COUNTED}
        sentences = [f"{_COUNTED[name]}: {count}" for name, count in counts.items() if count]
        for number, points in erasure.counts.get("forfeited", {}).items():
            told = ", ".join(f"{count} {code}" for code, count in points.items())
            sentences.append(f"Forfeited by member {number}, in the smallest unit: {told}")
        return [Sentences("What was done", sentences)] if sentences else []
