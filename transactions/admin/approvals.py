"""Which postings by hand wait for a second person, and how does that person decide?"""

from collections.abc import Collection

from django import forms
from django.contrib import admin
from django.http import HttpResponse

from loyalty_site.lib.admin import (
    ChoicesDropdownFilter,
    Dialog,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
    StaffRequest,
    action,
    dialog,
    display,
    names_one_of,
)
from loyalty_site.lib.panels import Panel, Sentences, Tile, Tiles, link, moment, points
from members.admin.found_by_member import MemberFactAdmin
from partners.activity import Adjustment
from partners.stored import load
from transactions.admin.wording import terms_of
from transactions.models import Approval
from transactions.reviews import approvals


class ApproveForm(Dialog):
    """What the one who approves wants to say."""

    note = forms.CharField(max_length=200, required=False, help_text="Kept with the request.")


class RejectForm(Dialog):
    """Why it is rejected."""

    note = forms.CharField(max_length=200, label="Reason", help_text="The one who asked will read it.")


_APPROVE = dialog(
    "Approve this request", "The points are posted at once, as the one who asked for them.", "Approve", ApproveForm
)
_REJECT = dialog("Reject this request", "Nothing is posted.", "Reject", RejectForm)


@admin.register(Approval)
class ApprovalAdmin(MemberFactAdmin):
    """Requests for points above the limits of who asked."""

    icon, place = "approval", 4
    list_display = ["asked", "member", "moved", "reason", "requested_by", "status_label", "decided_by"]
    list_filter = [
        ["status", ChoicesDropdownFilter],
        ["program", RelatedDropdownFilter],
        ["requested_at", RangeDateTimeFilter],
    ]
    list_select_related = ["program", "member__customer", "currency", "requested_by", "decided_by"]
    fields = [("member", "program"), ("asked", "asked_by"), ("decided", "decider"), ("reason", "note"), "external_id"]
    actions_detail = ["approve", "reject"]

    @display(description="points")
    def moved(self, approval: Approval) -> str:
        return f"{points(approval.points, approval.currency, signed=True)} {approval.currency.name}"

    @display(description="status", label={"waiting": "warning", "approved": "success", "rejected": "danger"})
    def status_label(self, approval: Approval) -> tuple[str, str]:
        return approval.status, approval.get_status_display()

    @display(description="asked")
    def asked(self, approval: Approval) -> str:
        return moment(approval.requested_at, approval.program.zone)

    @display(description="decided")
    def decided(self, approval: Approval) -> str:
        return moment(approval.decided_at, approval.program.zone)

    # As text: who decides need not see the pages of users.
    @display(description="asked by")
    def asked_by(self, approval: Approval) -> str:
        return approval.requested_by.get_username()

    @display(description="decided by", empty_value="-")
    def decider(self, approval: Approval) -> str | None:
        return approval.decided_by.get_username() if approval.decided_by else None

    def panels(self, request: StaffRequest, approval: Approval) -> list[Panel]:
        tiles = [
            Tile(approval.currency.name, points(approval.points, approval.currency, signed=True)),
            Tile("Status", approval.get_status_display()),
            Tile("Member", link(request, approval.member, str(approval.member.customer)), [approval.member.number]),
        ]
        shown: list[Panel] = [Tiles(tiles)]
        if said := list(terms_of(load(Adjustment, approval.payload))):
            shown.append(Sentences("Asked for", said))
        if approval.journal:
            shown.append(Sentences("Posted as", [link(request, approval.journal)]))
        elif approval.status == Approval.Status.WAITING and approval.requested_by_id == request.user.pk:
            shown.append(Sentences("To do", ["Somebody else has to decide: nobody approves their own request."]))
        return shown

    def offered(self, request: StaffRequest, object_id: str) -> Collection[str]:
        others = Approval.objects.filter(status=Approval.Status.WAITING).exclude(requested_by=request.user)
        return ["approve", "reject"] if names_one_of(others, object_id) else []

    @action(description="Approve", permission=approvals.PERMISSION, icon="check", dialog=_APPROVE)
    def approve(self, request: StaffRequest, form: ApproveForm, object_id: str) -> HttpResponse:
        note = form.cleaned_data["note"]
        return self._decided(request, approvals.approve(object_id, request.user, note=note))

    @action(description="Reject", permission=approvals.PERMISSION, icon="block", dialog=_REJECT)
    def reject(self, request: StaffRequest, form: RejectForm, object_id: str) -> HttpResponse:
        note = form.cleaned_data["note"]
        return self._decided(request, approvals.reject(object_id, request.user, note=note))

    def _decided(self, request: StaffRequest, approval: Approval) -> HttpResponse:
        status = approval.get_status_display()
        say = f"{status}: {self.moved(approval)} for {approval.member}."
        return self.done(request, approval, log=f"{status}. {approval.note}".strip(), say=say)
