"""What may be done to a transaction on its page? Which action is offered when, and which verb does it."""

from collections.abc import Collection

from django.http import HttpResponse

from loyalty_site.lib.admin import Dialog, Extension, StaffRequest, action, dialog
from partners.activity import Decision, EarlyRelease, Reversal
from transactions.admin import journal_panels, refund_form
from transactions.admin.dialogs import OnceForm, ReasonForm
from transactions.admin.lookups import journal_of
from transactions.admin.posting import MAY_POST, Item, post
from transactions.admin.refund_form import RefundForm
from transactions.books.items import Result, accepted
from transactions.models import Journal, Lot
from transactions.reviews import approvals, decisions
from transactions.verbs import reversals

Kind, Status = Journal.Kind, Journal.Status
_REVERSIBLE = (Kind.ACCRUAL, Kind.REDEMPTION, Kind.ADJUSTMENT, Kind.TIER)

_APPROVE = dialog("Approve this transaction", "It is booked as it was reported.", "Approve")
_REJECT = dialog("Reject this transaction", "It is closed for good, without moving points.", "Reject", ReasonForm)
_RETRY = dialog("Try again", "It is booked as it was reported, if nothing is against it by now.", "Try again")
_CONFIRM = dialog("Confirm this reservation", "The points that were set aside are spent.", "Confirm")
_RELEASE = dialog("Release this reservation", "The member gets the points back.", "Release", ReasonForm)
_REFUND = dialog(
    "Refund", "The points are computed again for what the member kept. You see it first.", "Continue", RefundForm
)
_FREE = dialog("Release pending points", "The member can spend them from now on.", "Release", OnceForm)
_REVERSE = dialog(
    "Reverse this transaction",
    "Everything it did is taken back. Points that are spent by now are treated as the program says.",
    "Reverse",
    OnceForm,
)


class JournalActions(Extension[Journal]):
    """The ways on and back of a transaction. What is held wants a second look, as a posting above a limit does."""

    actions_detail = ["approve", "reject", "retry", "confirm", "release", "refund", "free", "reverse"]

    def offered(self, request: StaffRequest, object_id: str) -> Collection[str]:
        journal = self.admin.get_object(request, object_id)
        return offered(journal) if journal else ()

    @action(description="Approve", permission=approvals.PERMISSION, icon="check", dialog=_APPROVE)
    def approve(self, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse:
        journal = journal_of(object_id)
        result = accepted(decisions.approve(journal.pk, user=request.user))
        return self._done(request, form, journal, result, _APPROVE["title"])

    @action(description="Reject", permission=approvals.PERMISSION, icon="block", dialog=_REJECT)
    def reject(self, request: StaffRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        reason = form.cleaned_data["reason"]
        journal = decisions.reject(journal_of(object_id).pk, reason=reason, user=request.user)
        return self.admin.done(request, journal, log=f"Rejected: {reason}", say=f"{journal} is rejected.")

    @action(description="Try again", permission=MAY_POST, icon="refresh", dialog=_RETRY)
    def retry(self, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse:
        journal = journal_of(object_id)
        result = accepted(decisions.retry(journal.pk, user=request.user))
        return self._done(request, form, journal, result, _RETRY["title"])

    @action(description="Confirm", permission=MAY_POST, icon="check", dialog=_CONFIRM)
    def confirm(self, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse:
        journal = journal_of(object_id)
        return self._post(request, form, journal, Decision(journal.pk, "confirm"), _CONFIRM["title"])

    @action(description="Release", permission=MAY_POST, icon="lock_open", dialog=_RELEASE)
    def release(self, request: StaffRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        journal = journal_of(object_id)
        item = Decision(journal.pk, "release", form.cleaned_data["reason"])
        return self._post(request, form, journal, item, _RELEASE["title"])

    @action(description="Refund", permission=MAY_POST, icon="currency_exchange", dialog=_REFUND)
    def refund(self, request: StaffRequest, form: RefundForm, object_id: str) -> HttpResponse | None:
        item = refund_form.agreed(form, request.user)
        return self._post(request, form, journal_of(object_id), item, _REFUND["title"]) if item else None

    @action(description="Release early", permission=MAY_POST, icon="lock_open", dialog=_FREE)
    def free(self, request: StaffRequest, form: OnceForm, object_id: str) -> HttpResponse:
        journal = journal_of(object_id)
        item = EarlyRelease(form.cleaned_data["external_id"], journal.pk, form.cleaned_data["reason"])
        return self._post(request, form, journal, item, _FREE["title"])

    @action(description="Reverse", permission=MAY_POST, icon="undo", dialog=_REVERSE)
    def reverse(self, request: StaffRequest, form: OnceForm, object_id: str) -> HttpResponse:
        journal = journal_of(object_id)
        item = Reversal(form.cleaned_data["external_id"], journal.pk, reason=form.cleaned_data["reason"])
        return self._post(request, form, journal, item, _REVERSE["title"])

    def _post(self, request: StaffRequest, form: Dialog, journal: Journal, item: Item, log: str) -> HttpResponse:
        return self._done(request, form, journal, post(item, journal.program, request.user), log)

    def _done(self, request: StaffRequest, form: Dialog, journal: Journal, result: Result, log: str) -> HttpResponse:
        """Say what became of `journal`, and open the page of what was made of it."""
        made = journal_of(result.journal_id)
        level, text = journal_panels.receipt(made, result)
        reason = form.cleaned_data.get("reason")
        log = f"{log}: {reason}" if reason else log
        return self.admin.done(request, journal, log=log, say=text, level=level, opens=made)


def offered(journal: Journal) -> Collection[str]:
    """The names of the actions that the state of `journal` leaves."""
    if journal.status == Status.HELD:
        return {"approve", "reject"}
    if journal.kind == Kind.REDEMPTION and journal.status == Status.PENDING:
        return {"confirm", "release"}
    if journal.status in (Status.FAILED, Status.PENDING):
        return {"retry", "reject"}
    names = set()
    if journal.status in (Status.PROCESSED, Status.PARTIALLY_REVERSED):
        names = _ways_back(journal)
    if Lot.objects.filter(entry__journal=journal, is_pending=True, remaining__gt=0).exists():
        names.add("free")
    return names


def _ways_back(journal: Journal) -> set[str]:
    if journal.kind not in _REVERSIBLE or journal.activity == reversals.EARLY_RELEASE:
        return set()
    in_parts = journal.kind == Kind.REDEMPTION or (journal.kind == Kind.ACCRUAL and journal.amount)
    return {"reverse", "refund"} if in_parts else {"reverse"}
