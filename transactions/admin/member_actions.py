"""What may be done with the points of a member on its page? Each action asks in a dialog and calls one verb."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from loyalty_site.lib import money
from loyalty_site.lib.admin import Dialog, Extension, StaffRequest, action, dialog, site
from members.models import Member, Merge
from partners.activity import Adjustment, Redemption, Transfer
from transactions.admin import journal_panels
from transactions.admin.dialogs import AdjustForm, MergeForm, RedeemForm, TransferForm
from transactions.admin.lookups import journal_of, member_of, other_member
from transactions.admin.merges import bonuses_given_twice
from transactions.admin.posting import MAY_POST, back_office, post
from transactions.admin.wording import points_in_words
from transactions.books.items import Result
from transactions.merging import merges
from transactions.reviews import approvals

_REDEEM = dialog(
    "Redeem points",
    "In the order that the program says, usually those first that expire first.",
    "Redeem",
    RedeemForm,
)
_ADJUST = dialog(
    "Adjust points",
    "What is above your limit is not posted at once: a second person decides it.",
    "Adjust",
    AdjustForm,
)
_TRANSFER = dialog(
    "Transfer points", "To another member of the program; the points keep their expiry.", "Transfer", TransferForm
)
_MERGE = dialog(
    "Merge into another member",
    "Two memberships of one person become one. Nothing is done before you have seen what it does.",
    "Continue",
    MergeForm,
)


class MemberActions(Extension[Member]):
    """The ways to give, take and move the points of a member."""

    actions_detail = [
        "purchase",
        "redeem",
        {"title": "More", "items": ["then", "adjust", "transfer", "merge"]},
    ]

    @action(description="Enter a purchase", permission=MAY_POST, icon="add_shopping_cart")
    def purchase(self, request: StaffRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(f"{reverse('admin:transactions_journal_add')}?member={object_id}")

    @action(description="At any instant", permission="members.view_member", icon="history")
    def then(self, request: StaffRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:members_member_as_of", args=[object_id]))

    @action(description="Redeem points", permission=MAY_POST, icon="redeem", dialog=_REDEEM)
    def redeem(self, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse:
        member = member_of(object_id)
        result = post(_redemption(member, form.cleaned_data), member.program, request.user)
        return self._posted(request, member, result)

    @action(description="Transfer points", permission=MAY_POST, icon="send", dialog=_TRANSFER)
    def transfer(self, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse:
        member = member_of(object_id)
        result = post(_transfer(member, form.cleaned_data), member.program, request.user)
        return self._posted(request, member, result)

    @action(description="Adjust points", permission=MAY_POST, icon="tune", dialog=_ADJUST)
    def adjust(self, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse:
        member = member_of(object_id)
        item, via = _adjustment(member, form.cleaned_data), back_office(member.program)
        outcome = approvals.adjust(member.program, item, user=request.user, via=via)
        if outcome.result:
            return self._posted(request, member, outcome.result)
        asked = outcome.approval
        assert asked is not None, "what is not posted is asked for"
        text = "This is above your limit, so nothing is posted yet: a second person decides it."
        if asked.status == asked.Status.REJECTED:
            text = f"This was asked for before and rejected: {asked.note}"
        log = f"Asked for an adjustment: {asked.reason}"
        return self.admin.done(request, member, log=log, say=text, level=messages.WARNING)

    @action(description="Merge", permission="members.add_merge", icon="merge", dialog=_MERGE)
    def merge(self, request: StaffRequest, form: MergeForm, object_id: str) -> HttpResponse | None:
        source = member_of(object_id)
        done = _merge(source, form, request.user)
        if done is None:
            return None
        brought = points_in_words(source.program, done.record["moved"]) or "no points"
        return self.admin.done(
            request,
            source,
            log=f"Merged into {done.target}: {form.cleaned_data['reason']}",
            say=f"{source} is part of {done.target} now and brought {brought}.",
            opens=done.target,
        )

    def _posted(self, request: StaffRequest, member: Member, result: Result) -> HttpResponse:
        journal = journal_of(result.journal_id)
        level, text = journal_panels.receipt(journal, result)
        log = f"{journal.get_kind_display()}: {journal.reason}"
        return self.admin.done(request, member, log=log, say=text, level=level)


def _redemption(member: Member, cleaned: dict[str, Any]) -> Redemption:
    return Redemption(
        external_id=cleaned["external_id"],
        member={"number": member.number},
        points=_units(cleaned),
        currency=cleaned["currency"].code,
        channel="back-office",
        reason=cleaned["reason"],
    )


def _transfer(member: Member, cleaned: dict[str, Any]) -> Transfer:
    return Transfer(
        external_id=cleaned["external_id"],
        member={"number": member.number},
        to={"number": other_member(cleaned["to"], member, "to").number},
        points=_units(cleaned),
        currency=cleaned["currency"].code,
        reason=cleaned["reason"],
    )


def _adjustment(member: Member, cleaned: dict[str, Any]) -> Adjustment:
    points = _units(cleaned)
    if points < 1:
        raise money.BadNumber("Write how many points, without a sign.", field="points")
    return Adjustment(
        external_id=cleaned["external_id"],
        member={"number": member.number},
        points=-points if cleaned["direction"] == AdjustForm.DEBIT else points,
        reason=cleaned["reason"],
        currency=cleaned["currency"].code,
        usable_through=cleaned["usable_through"],
        available_from=cleaned["available_from"],
        partner=cleaned["partner"].code if cleaned["partner"] else "",
        overdraw=cleaned["overdraw"],
    )


def _units(cleaned: dict[str, Any]) -> int:
    return money.parse(cleaned["points"], cleaned["currency"].decimals, field="points")


def _merge(source: Member, form: MergeForm, user: User) -> Merge | None:
    """The Merge, or None while it has to be agreed to. Raises Refused."""
    cleaned = form.cleaned_data
    target = other_member(cleaned["target"], source, "target")
    if form.is_agreed(str(target.pk)):
        done: Merge = merges.merge(
            source, target, reason=cleaned["reason"], claw_back=cleaned["claw_back"], user=user
        )
        return done
    form.ask(str(target.pk), list(_effects(source, target, merges.preview(source, target))))
    return None


def _effects(source: Member, target: Member, preview: merges.Preview) -> Iterator[str]:
    """What merging would do, as sentences."""
    if preview["problems"]:
        yield from preview["problems"]
        return
    program = source.program
    brings, has = (points_in_words(program, points) for points in (preview["moves"], preview["balances"]))
    yield f"{source} becomes part of {target} and brings {brings or 'no points'}."
    yield f"{target} then has {has or 'no points'}."
    tiers = ", ".join(filter(None, preview["tiers"].values()))
    if tiers:
        yield f"Tier then: {tiers}."
    yield from bonuses_given_twice(program, preview["flags"])


site.extend(Member, MemberActions)
