"""Which re-evaluations of ladders were asked for, and who decided them?"""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from loyalty_site.lib.admin import ChoicesDropdownFilter, FactAdmin, RelatedDropdownFilter, display
from loyalty_site.lib.panels import moment
from transactions.models import Reevaluation


@admin.register(Reevaluation)
class ReevaluationAdmin(FactAdmin):
    """Requests to move members up and down by new thresholds; they are decided on the page of the ladder."""

    icon, place = "move_up", 5
    list_display = ["asked", "program", "ladder", "reason", "requested_by", "status_label", "decided_by"]
    list_filter = [["status", ChoicesDropdownFilter], ["group__program", RelatedDropdownFilter]]
    list_select_related = ["group__program", "requested_by", "decided_by"]
    search_fields = ["reason"]
    sortable_by = ()
    fields = [("ladder", "program"), ("asked", "asked_by"), ("status", "decider"), ("reason", "note"), "moves"]

    @display(description="asked")
    def asked(self, row: Reevaluation) -> str:
        return moment(row.requested_at, row.group.program.zone)

    @display(description="program")
    def program(self, row: Reevaluation) -> str:
        return str(row.group.program)

    @display(description="ladder")
    def ladder(self, row: Reevaluation) -> str:
        address = reverse("admin:programs_tiergroup_thresholds", args=[row.group_id])
        return format_html('<a class="text-link" href="{}">{}</a>', address, row.group)

    @display(description="status", label={"waiting": "warning", "approved": "success", "rejected": "danger"})
    def status_label(self, row: Reevaluation) -> tuple[str, str]:
        return row.status, row.get_status_display()

    # As text: who decides need not see the pages of users.
    @display(description="asked by")
    def asked_by(self, row: Reevaluation) -> str:
        return row.requested_by.get_username()

    @display(description="decided by", empty_value="-")
    def decider(self, row: Reevaluation) -> str | None:
        return row.decided_by.get_username() if row.decided_by else None

    @display(description="seen when it was asked for")
    def moves(self, row: Reevaluation) -> str:
        return ", ".join(f"{count} {name}" for name, count in row.expected.items())
