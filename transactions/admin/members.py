"""What does the ledger add to the page of a member? Lots, the last transactions, and spending points."""

from django.contrib import admin
from django.db.models import Prefetch
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from loyalty_site.lib import money
from loyalty_site.lib.admin import action, go_to, show_again
from loyalty_site.lib.panels import Table, amount, link, moment, points
from loyalty_site.lib.refusals import Refused
from members.admin.members import MemberAdmin
from members.models import Member
from partners.activity import Redemption
from transactions.admin import journalpanels
from transactions.admin.dialogs import RedeemForm, member_of, post
from transactions.models import Entry, Journal

#: Rows of each table on the page; the rest is behind its link.
_SHOWN = 10
_REDEEM = {
    "title": "Redeem points",
    "description": "The points that expire first are used first.",
    "form_class": RedeemForm,
    "form_submit_text": "Redeem",
}


class MemberDesk(MemberAdmin):
    """The member's page with what lies above the members' own app."""

    actions_detail = ["purchase", "redeem"]

    def panels(self, request, member):
        tiles, standings = super().panels(request, member)
        return [tiles, _lots(request, member), _journals(request, member), standings]

    def has_post_permission(self, request, object_id=None):
        return request.user.has_perm("transactions.add_journal")

    @action(description="Enter a purchase", permissions=["post"], icon="add_shopping_cart")
    def purchase(self, request, object_id):
        return HttpResponseRedirect(f"{reverse('admin:transactions_journal_add')}?member={object_id}")

    @action(description="Redeem points", permissions=["post"], icon="redeem", dialog=_REDEEM)
    def redeem(self, request, form, object_id):
        member, currency = member_of(object_id), form.cleaned_data["currency"]
        try:
            wish = Redemption(
                external_id=form.cleaned_data["external_id"],
                member={"number": member.number},
                points=money.parse(form.cleaned_data["points"], currency.decimals, field="points"),
                currency=currency.code,
                channel="back-office",
                reason=form.cleaned_data["reason"],
            )
            result = post(wish, member.program, request.user)
            refusal = result.refusal
        except Refused as refused:
            refusal = refused.refusal
        if refusal:
            form.add_refusal(refusal)
            return show_again(request, form, **_REDEEM)
        journal = Journal.objects.select_related("program").get(pk=result.journal_id)
        self.log_change(request, member, f"Redeemed: {journal.reason}")
        level, text = journalpanels.receipt(journal, result)
        self.message_user(request, text, level)
        return go_to("members_member_change", member.pk)


def _lots(request, member):
    lots = member.lots.filter(remaining__gt=0).select_related("currency", "entry__journal")
    zone, now = member.program.zone, timezone.now()
    return Table(
        title="Points by expiry",
        headers=["Left", "Of", "Earned", "Expires", "From"],
        rows=[
            [
                f"{points(lot.remaining, lot.currency)} {lot.currency.name}",
                points(lot.points, lot.currency),
                moment(lot.activity_at, zone),
                _end(lot, zone, now),
                link(request, lot.entry.journal),
            ]
            for lot in lots[:_SHOWN]
        ],
        empty="No points that could expire or be spent.",
        more=_all("lot", member),
    )


def _end(lot, zone, now):
    if lot.is_pending:
        waits = f"for {lot.waits_for}" if lot.waits_for else f"until {moment(lot.available_at, zone)}"
        return f"pending {waits}"
    if lot.expires_at and lot.expires_at <= now:
        return f"{moment(lot.expires_at, zone)} (ended)"
    return moment(lot.expires_at, zone, empty="never")


def _journals(request, member):
    entries = Prefetch("entries", Entry.objects.select_related("currency").order_by("pk"))
    journals = member.journals.defer("trace").prefetch_related(entries)[:_SHOWN]
    zone = member.program.zone
    return Table(
        title="Last transactions",
        headers=["When", "Transaction", "Amount", "Points", "Status"],
        rows=[
            [
                moment(journal.activity_at, zone),
                link(request, journal),
                amount(journal.amount, journal.money),
                ", ".join(
                    f"{points(entry.points, entry.currency, signed=True)} {entry.currency.name}"
                    for entry in journal.entries.all()
                )
                or "-",
                journal.get_status_display(),
            ]
            for journal in journals
        ],
        more=_all("journal", member),
    )


def _all(model, member):
    address = reverse(f"admin:transactions_{model}_changelist")
    return "All", f"{address}?member__id__exact={member.pk}"


admin.site.unregister(Member)
admin.site.register(Member, MemberDesk)
