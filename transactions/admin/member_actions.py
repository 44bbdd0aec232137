"""What may be done with the points of a member on its page? Each deed asks in a dialog and calls one verb."""

from django import forms
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.urls import reverse

from loyalty_site.lib import money
from loyalty_site.lib.admin import action, go_to, show_again
from partners.activity import Adjustment, Redemption, Transfer
from transactions.admin import journal_panels
from transactions.admin.dialogs import (
    AdjustForm,
    ReasonForm,
    RedeemForm,
    SeenFirst,
    TransferForm,
    attempt,
    back_office,
    member_of,
    other_member,
    post,
    taken,
    told,
)
from transactions.admin.merges import twice
from transactions.merging import merges
from transactions.models import Journal
from transactions.reviews import approvals


class MergeForm(SeenFirst, ReasonForm):
    """Agreed to for the very member that was shown."""

    target = forms.CharField(
        max_length=200, label="Into", help_text="Number, card, e-mail or phone of the member who remains."
    )
    claw_back = forms.BooleanField(required=False, label="Take back bonuses that were given twice")

    field_order = ["target", "reason", "claw_back", "agreed"]


_REDEEM = {
    "title": "Redeem points",
    "description": "In the order that the program says, usually those first that expire first.",
    "form_class": RedeemForm,
    "form_submit_text": "Redeem",
}
_ADJUST = {
    "title": "Adjust points",
    "description": "What is above your limit is not posted at once: a second person decides it.",
    "form_class": AdjustForm,
    "form_submit_text": "Adjust",
}
_TRANSFER = {
    "title": "Transfer points",
    "description": "To another member of the program; the points keep their expiry.",
    "form_class": TransferForm,
    "form_submit_text": "Transfer",
}
_MERGE = {
    "title": "Merge into another member",
    "description": "Two memberships of one person become one. Nothing is done before you have seen what it does.",
    "form_class": MergeForm,
    "form_submit_text": "Continue",
}


class MemberDeeds:
    """The deeds as actions of the page."""

    actions_detail = [
        "purchase",
        "redeem",
        {"title": "More", "items": ["then", "adjust", "transfer", "merge"]},
    ]

    def has_post_permission(self, request, object_id=None):
        return request.user.has_perm("transactions.add_journal")

    def has_merge_permission(self, request, object_id=None):
        return request.user.has_perm("members.add_merge")

    def has_see_permission(self, request, object_id=None):
        return request.user.has_perm("members.view_member")

    @action(description="Enter a purchase", permissions=["post"], icon="add_shopping_cart")
    def purchase(self, request, object_id):
        return HttpResponseRedirect(f"{reverse('admin:transactions_journal_add')}?member={object_id}")

    @action(description="At any instant", permissions=["see"], icon="history")
    def then(self, request, object_id):
        return HttpResponseRedirect(reverse("admin:members_member_as_of", args=[object_id]))

    @action(description="Redeem points", permissions=["post"], icon="redeem", dialog=_REDEEM)
    def redeem(self, request, form, object_id):
        return self._post(request, form, _REDEEM, object_id, _redemption)

    @action(description="Transfer points", permissions=["post"], icon="send", dialog=_TRANSFER)
    def transfer(self, request, form, object_id):
        return self._post(request, form, _TRANSFER, object_id, _transfer)

    def _post(self, request, form, dialog, object_id, wish):
        member = member_of(object_id)
        result, again = attempt(
            request,
            form,
            dialog,
            lambda: taken(post(wish(member, form.cleaned_data), member.program, request.user)),
        )
        return again or self._done(request, member, result)

    def _done(self, request, member, result):
        journal = Journal.objects.select_related("program").get(pk=result.journal_id)
        self.log_change(request, member, f"{journal.get_kind_display()}: {journal.reason}")
        level, text = journal_panels.receipt(journal, result)
        self.message_user(request, text, level)
        return go_to("members_member_change", member.pk)

    @action(description="Adjust points", permissions=["post"], icon="tune", dialog=_ADJUST)
    def adjust(self, request, form, object_id):
        member = member_of(object_id)
        outcome, again = attempt(
            request,
            form,
            _ADJUST,
            lambda: approvals.adjust(
                member.program,
                _adjustment(member, form.cleaned_data),
                user=request.user,
                via=back_office(member.program),
            ),
        )
        if again:
            return again
        if outcome.result:
            return self._done(request, member, outcome.result)
        asked = outcome.approval
        self.log_change(request, member, f"Asked for an adjustment: {asked.reason}")
        text = "This is above your limit, so nothing is posted yet: a second person decides it."
        if asked.status == asked.Status.REJECTED:
            text = f"This was asked for before and rejected: {asked.note}"
        self.message_user(request, text, messages.WARNING)
        return go_to("members_member_change", member.pk)

    @action(description="Merge", permissions=["merge"], icon="merge", dialog=_MERGE)
    def merge(self, request, form, object_id):
        source, cleaned = member_of(object_id), form.cleaned_data
        done, again = attempt(request, form, _MERGE, lambda: _merge(source, form, request.user))
        if again:
            return again
        if done is None:
            return show_again(request, form, **_MERGE)
        self.log_change(request, source, f"Merged into {done.target}: {cleaned['reason']}")
        brought = told(source.program, done.record["moved"]) or "no points"
        self.message_user(request, f"{source} is part of {done.target} now and brought {brought}.", messages.SUCCESS)
        return go_to("members_member_change", done.target_id)


def _redemption(member, cleaned):
    return Redemption(
        external_id=cleaned["external_id"],
        member={"number": member.number},
        points=_units(cleaned),
        currency=cleaned["currency"].code,
        channel="back-office",
        reason=cleaned["reason"],
    )


def _transfer(member, cleaned):
    return Transfer(
        external_id=cleaned["external_id"],
        member={"number": member.number},
        to={"number": other_member(cleaned["to"], member, "to").number},
        points=_units(cleaned),
        currency=cleaned["currency"].code,
        reason=cleaned["reason"],
    )


def _adjustment(member, cleaned):
    points = _units(cleaned)
    if points < 1:
        raise money.BadNumber("Write how many points, without a sign.", field="points")
    return Adjustment(
        external_id=cleaned["external_id"],
        member={"number": member.number},
        points=-points if cleaned["direction"] == AdjustForm.DEBIT else points,
        reason=cleaned["reason"],
        currency=cleaned["currency"].code,
    )


def _units(cleaned):
    return money.parse(cleaned["points"], cleaned["currency"].decimals, field="points")


def _merge(source, form, user):
    """The Merge, or None while it has to be agreed to. Raises Refused."""
    cleaned = form.cleaned_data
    target = other_member(cleaned["target"], source, "target")
    if form.is_agreed(str(target.pk)):
        return merges.merge(source, target, reason=cleaned["reason"], claw_back=cleaned["claw_back"], user=user)
    form.ask(str(target.pk), list(_would(source, target, merges.preview(source, target))))
    return None


def _would(source, target, preview):
    """What merging would do, as sentences."""
    if preview["problems"]:
        yield from preview["problems"]
        return
    program = source.program
    yield f"{source} becomes part of {target} and brings {told(program, preview['moves']) or 'no points'}."
    yield f"{target} then has {told(program, preview['balances']) or 'no points'}."
    tiers = ", ".join(filter(None, preview["tiers"].values()))
    if tiers:
        yield f"Tier then: {tiers}."
    yield from twice(program, preview["flags"])
