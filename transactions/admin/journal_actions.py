"""What may be done to a transaction on its page? Which deed is offered when, and which verb does it."""

from django.contrib import messages

from loyalty_site.lib.admin import Dialog, action, go_to, show_again
from partners.activity import Decision, EarlyRelease, Reversal
from transactions.admin import journal_panels, refund_form
from transactions.admin.dialogs import DeedForm, ReasonForm, attempt, journal_of, post, taken
from transactions.admin.refund_form import RefundForm
from transactions.models import Journal, Lot
from transactions.reviews import approvals, decisions
from transactions.verbs import reversals

Kind, Status = Journal.Kind, Journal.Status
_REVERSIBLE = (Kind.ACCRUAL, Kind.REDEMPTION, Kind.ADJUSTMENT)


def _dialog(title, description, submit, form_class=Dialog):
    return {"title": title, "description": description, "form_class": form_class, "form_submit_text": submit}


_APPROVE = _dialog("Approve this transaction", "It is booked as it was reported.", "Approve")
_REJECT = _dialog("Reject this transaction", "It is closed for good, without moving points.", "Reject", ReasonForm)
_RETRY = _dialog("Try again", "It is booked as it was reported, if nothing is against it by now.", "Try again")
_CONFIRM = _dialog("Confirm this reservation", "The points that were set aside are spent.", "Confirm")
_RELEASE = _dialog("Release this reservation", "The member gets the points back.", "Release", ReasonForm)
_REFUND = _dialog(
    "Refund", "The points are computed again for what the member kept. You see it first.", "Continue", RefundForm
)
_FREE = _dialog("Release pending points", "The member can spend them from now on.", "Release", DeedForm)
_REVERSE = _dialog(
    "Reverse this transaction",
    "Everything it did is taken back. Points that are spent by now are treated as the program says.",
    "Reverse",
    DeedForm,
)


def offered(journal):
    """The names of the deeds that the state of `journal` leaves."""
    if journal.status == Status.HELD:
        return {"approve", "reject"}
    if journal.kind == Kind.REDEMPTION and journal.status == Status.PENDING:
        return {"confirm", "release"}
    if journal.status in (Status.FAILED, Status.PENDING):
        return {"retry", "reject"}
    deeds = set()
    if journal.status in (Status.PROCESSED, Status.PARTIALLY_REVERSED):
        deeds = _ways_back(journal)
    if Lot.objects.filter(entry__journal=journal, is_pending=True, remaining__gt=0).exists():
        deeds.add("free")
    return deeds


def _ways_back(journal):
    if journal.kind not in _REVERSIBLE or journal.activity == reversals.EARLY_RELEASE:
        return set()
    in_parts = journal.kind == Kind.REDEMPTION or (journal.kind == Kind.ACCRUAL and journal.amount)
    return {"reverse", "refund"} if in_parts else {"reverse"}


class JournalDeeds:
    """The deeds as actions of the page; each calls one verb with the user."""

    actions_detail = ["approve", "reject", "retry", "confirm", "release", "refund", "free", "reverse"]

    def has_post_permission(self, request, object_id=None):
        return request.user.has_perm("transactions.add_journal")

    def has_decide_permission(self, request, object_id=None):
        # What is held wants a second look, as a posting above somebody's limit does.
        return request.user.has_perm(approvals.PERMISSION)

    def get_actions_detail(self, request, object_id):
        actions = super().get_actions_detail(request, object_id)
        journal = self.get_object(request, str(object_id)) if actions else None
        deeds = offered(journal) if journal else ()
        return [one for one in actions if one.method.original_function_name in deeds]

    @action(description="Approve", permissions=["decide"], icon="check", dialog=_APPROVE)
    def approve(self, request, form, object_id):
        return self._do(request, form, _APPROVE, object_id, lambda j: decisions.approve(j.pk, user=request.user))

    @action(description="Reject", permissions=["decide"], icon="block", dialog=_REJECT)
    def reject(self, request, form, object_id):
        reason = form.cleaned_data["reason"]
        journal = journal_of(object_id)
        journal, again = attempt(
            request, form, _REJECT, lambda: decisions.reject(journal.pk, reason=reason, user=request.user)
        )
        if again:
            return again
        self.log_change(request, journal, f"Rejected: {reason}")
        super().message_user(request, f"{journal} is rejected.", messages.SUCCESS)
        return go_to("transactions_journal_change", journal.pk)

    @action(description="Try again", permissions=["post"], icon="refresh", dialog=_RETRY)
    def retry(self, request, form, object_id):
        return self._do(request, form, _RETRY, object_id, lambda j: decisions.retry(j.pk, user=request.user))

    @action(description="Confirm", permissions=["post"], icon="check", dialog=_CONFIRM)
    def confirm(self, request, form, object_id):
        return self._post(request, form, _CONFIRM, object_id, lambda j: Decision(j.pk, "confirm"))

    @action(description="Release", permissions=["post"], icon="lock_open", dialog=_RELEASE)
    def release(self, request, form, object_id):
        reason = form.cleaned_data["reason"]
        return self._post(request, form, _RELEASE, object_id, lambda j: Decision(j.pk, "release", reason))

    @action(description="Refund", permissions=["post"], icon="currency_exchange", dialog=_REFUND)
    def refund(self, request, form, object_id):
        agreed, again = attempt(request, form, _REFUND, lambda: refund_form.agreed(form, request.user))
        if again:
            return again
        if agreed is None:
            return show_again(request, form, **_REFUND)
        return self._post(request, form, _REFUND, object_id, lambda journal: agreed)

    @action(description="Release early", permissions=["post"], icon="lock_open", dialog=_FREE)
    def free(self, request, form, object_id):
        return self._post(request, form, _FREE, object_id, lambda j: EarlyRelease(journal_id=j.pk, **_named(form)))

    @action(description="Reverse", permissions=["post"], icon="undo", dialog=_REVERSE)
    def reverse(self, request, form, object_id):
        return self._post(request, form, _REVERSE, object_id, lambda j: Reversal(journal_id=j.pk, **_named(form)))

    def _post(self, request, form, dialog, object_id, wish):
        """Post the item that `wish` makes of the journal."""
        return self._do(
            request, form, dialog, object_id, lambda journal: post(wish(journal), journal.program, request.user)
        )

    def _do(self, request, form, dialog, object_id, verb):
        """Call `verb` with the journal, say what became of it, and open the page of what it made."""
        journal = journal_of(object_id)
        result, again = attempt(request, form, dialog, lambda: taken(verb(journal)))
        if again:
            return again
        made = journal_of(result.journal_id)
        reason = form.cleaned_data.get("reason")
        self.log_change(request, journal, ": ".join(filter(None, [dialog["title"], reason])))
        level, text = journal_panels.receipt(made, result)
        super().message_user(request, text, level)
        return go_to("transactions_journal_change", made.pk)


def _named(form):
    """What a deed is called and why it is done."""
    return {name: form.cleaned_data[name] for name in ("external_id", "reason")}
