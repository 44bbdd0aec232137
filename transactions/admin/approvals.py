"""Which postings by hand wait for a second person, and how does that person decide?"""

from django import forms
from django.contrib import admin, messages

from loyalty_site.lib.admin import (
    ChoicesDropdownFilter,
    Dialog,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
    action,
    display,
    go_to,
)
from loyalty_site.lib.panels import Sentences, Tile, Tiles, link, moment, points
from transactions.admin.dialogs import attempt
from transactions.admin.entries import LedgerAdmin
from transactions.models import Approval
from transactions.reviews import approvals


class ApproveForm(Dialog):
    note = forms.CharField(max_length=200, required=False, help_text="Kept with the request.")


class RejectForm(Dialog):
    note = forms.CharField(max_length=200, label="Reason", help_text="The one who asked will read it.")


_APPROVE = {
    "title": "Approve this request",
    "description": "The points are posted at once, as the one who asked for them.",
    "form_class": ApproveForm,
    "form_submit_text": "Approve",
}
_REJECT = {
    "title": "Reject this request",
    "description": "Nothing is posted.",
    "form_class": RejectForm,
    "form_submit_text": "Reject",
}


@admin.register(Approval)
class ApprovalAdmin(LedgerAdmin):
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
    def moved(self, approval):
        return f"{points(approval.points, approval.currency, signed=True)} {approval.currency.name}"

    @display(description="status", label={"waiting": "warning", "approved": "success", "rejected": "danger"})
    def status_label(self, approval):
        return approval.status, approval.get_status_display()

    @display(description="asked")
    def asked(self, approval):
        return moment(approval.requested_at, approval.program.zone)

    @display(description="decided")
    def decided(self, approval):
        return moment(approval.decided_at, approval.program.zone)

    # As text: who decides need not see the pages of users.
    @display(description="asked by")
    def asked_by(self, approval):
        return approval.requested_by.get_username()

    @display(description="decided by", empty_value="-")
    def decider(self, approval):
        return approval.decided_by and approval.decided_by.get_username()

    def panels(self, request, approval):
        tiles = [
            Tile(approval.currency.name, points(approval.points, approval.currency, signed=True)),
            Tile("Status", approval.get_status_display()),
            Tile("Member", link(request, approval.member, str(approval.member.customer)), [approval.member.number]),
        ]
        found = [Tiles(tiles)]
        if approval.journal_id:
            found.append(Sentences("Posted as", [link(request, approval.journal)]))
        elif approval.status == Approval.Status.WAITING and approval.requested_by_id == request.user.pk:
            found.append(Sentences("To do", ["Somebody else has to decide: nobody approves their own request."]))
        return found

    def has_decide_permission(self, request, object_id=None):
        return request.user.has_perm(approvals.PERMISSION)

    def get_actions_detail(self, request, object_id):
        waiting = Approval.objects.filter(pk=object_id, status=Approval.Status.WAITING)
        others = waiting.exclude(requested_by=request.user)
        return super().get_actions_detail(request, object_id) if others.exists() else []

    @action(description="Approve", permissions=["decide"], icon="check", dialog=_APPROVE)
    def approve(self, request, form, object_id):
        note = form.cleaned_data["note"]
        return self._decide(request, form, _APPROVE, lambda: approvals.approve(object_id, request.user, note=note))

    @action(description="Reject", permissions=["decide"], icon="block", dialog=_REJECT)
    def reject(self, request, form, object_id):
        note = form.cleaned_data["note"]
        return self._decide(request, form, _REJECT, lambda: approvals.reject(object_id, request.user, note=note))

    def _decide(self, request, form, dialog, verb):
        approval, again = attempt(request, form, dialog, verb)
        if again:
            return again
        self.log_change(request, approval, f"{approval.get_status_display()}. {approval.note}".strip())
        text = f"{approval.get_status_display()}: {self.moved(approval)} for {approval.member}."
        self.message_user(request, text, messages.SUCCESS)
        return go_to("transactions_approval_change", approval.pk)
