"""What does the ledger add to the page of a member? What waits, what time will do, lots and last transactions."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from django.db.models import Prefetch
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from loyalty_site.lib.admin import Extension, StaffRequest, site
from loyalty_site.lib.panels import Panel, Sentences, Table, amount, link, moment, points, through
from members.models import Member
from transactions.admin import expiry_schedule, member_subpages, refreshing
from transactions.models import Approval, Entry, Lot
from transactions.proof.outlook import end_of, with_ends

#: Rows of each table on the page; the rest is behind its link.
_SHOWN = 10
_COMING = 4


class MemberPanels(Extension[Member]):
    """The ledger's part of what is shown, and two pages beside it."""

    subpages = member_subpages.SUBPAGES

    def refresh(self, request: StaffRequest, member: Member) -> None:
        # A page is a read like any other: what time has done by now is booked before it is shown.
        refreshing.refresh([member.pk])

    def refresh_listed(self, request: StaffRequest, members: Sequence[Member]) -> bool:
        return refreshing.refresh([member.pk for member in members])

    def panels(self, request: StaffRequest, member: Member) -> list[Panel]:
        return [
            *_waiting(request, member),
            *expiry_schedule.panels(member, most=_COMING),
            _lots(request, member),
            _journals(request, member),
        ]


def _waiting(request: HttpRequest, member: Member) -> list[Panel]:
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
    return [Sentences("Waits for approval", sentences)] if sentences else []


def _lots(request: HttpRequest, member: Member) -> Table:
    lots = with_ends(member.lots.filter(remaining__gt=0)).select_related("currency", "entry__journal")
    zone, now = member.program.zone, timezone.now()
    return Table(
        title="Points by expiry",
        headers=["Left", "Of", "Earned", "Last usable day", "From"],
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


def _end(lot: Lot, zone: tzinfo, now: datetime) -> str:
    if lot.is_pending:
        waits = f"for {lot.waits_for}" if lot.waits_for else f"until {moment(lot.available_at, zone)}"
        return f"pending {waits}"
    end = end_of(lot)
    return f"{through(end, zone)} (ended)" if end and end <= now else through(end, zone)


def _journals(request: HttpRequest, member: Member) -> Table:
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


def _all(model: str, member: Member) -> tuple[str, str]:
    address = reverse(f"admin:transactions_{model}_changelist")
    return "All", f"{address}?member__id__exact={member.pk}"


site.extend(Member, MemberPanels)
