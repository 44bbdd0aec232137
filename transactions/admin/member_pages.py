"""What does the ledger add to the page of a member? Schedule, lots, the last transactions, and deeds."""

from django.contrib import admin
from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from loyalty_site.lib.panels import Sentences, Table, amount, link, moment, points
from members.admin.members import MemberAdmin
from members.admin.relations import relations_table
from members.models import Member
from transactions import ledger
from transactions.admin import as_of_page, expiry_schedule
from transactions.admin.member_actions import MemberDeeds
from transactions.models import Approval, Entry

#: Rows of each table on the page; the rest is behind its link.
_SHOWN = 10
_COMING = 4


class MemberDesk(MemberDeeds, MemberAdmin):
    """The member's page with what lies above the members' own app."""

    def panels(self, request, member):
        # A page is a read like any other: what time has done by now is booked before it is told.
        if member.balances.filter(next_change_at__lte=timezone.now()).exists():
            ledger.refresh(member.program_id, [member.pk])
        tiles, standings = super().panels(request, member)
        found = [tiles, _waiting(request, member), *expiry_schedule.panel(request, member, most=_COMING)]
        found += [_lots(request, member), _journals(request, member), relations_table(request, member), standings]
        return [panel for panel in found if panel]

    def get_urls(self):
        return [*as_of_page.urls(self), *super().get_urls()]


def _waiting(request, member):
    """Requests for points that a second person has to decide."""
    waiting = member.approvals.filter(status=Approval.Status.WAITING).select_related("currency", "requested_by")
    sentences = [
        format_html(
            "{}, asked by {}: {}",
            link(request, one, f"{points(one.points, one.currency, signed=True)} {one.currency.name}"),
            one.requested_by.get_username(),
            one.reason,
        )
        for one in waiting[:_SHOWN]
    ]
    return Sentences("Waits for approval", sentences) if sentences else None


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
