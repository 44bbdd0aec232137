"""Where are the lines of the ledger found, the debits among them that used a lot, and the lines of purchases?"""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.text import capfirst

from loyalty_site.lib import quantities
from loyalty_site.lib.admin import (
    ChoicesDropdownFilter,
    FactAdmin,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
    StaffRequest,
    display,
)
from loyalty_site.lib.panels import Panel, Tile, Tiles, amount, moment, points
from members.admin.found_by_member import MemberFactAdmin
from members.models import Member
from transactions.admin import cause_panels
from transactions.models import Entry, JournalLine, Trace


@admin.register(Entry)
class EntryAdmin(MemberFactAdmin):
    """Lines of the ledger."""

    icon, place = "receipt_long", 2
    list_display = ["id", "member", "kind", "moved", "currency", "balance", "journal", "activity"]
    list_filter = [
        ["currency__program", RelatedDropdownFilter],
        ["currency", RelatedDropdownFilter],
        ["kind", ChoicesDropdownFilter],
        ["activity_at", RangeDateTimeFilter],
    ]
    list_select_related = ["member__customer", "currency__program", "journal"]
    fields = [
        ("journal", "member"),
        ("kind", "currency"),
        ("moved", "balance"),
        ("activity", "posted"),
        "sequence",
        "proof",
    ]

    def panels(self, request: StaffRequest, entry: Entry) -> list[Panel]:
        """What the entry added to each part of the balance."""
        parts = {name: getattr(entry, name) for name in ("available", "pending", "reserved", "arrears")}
        tiles = [Tile(capfirst(name), points(units, entry.currency, signed=True)) for name, units in parts.items()]
        return [Tiles(tiles), *cause_panels.of_entry(request, entry)]

    @display(description="chain")
    def proof(self, entry: Entry) -> str:
        return format_html('<span class="loyalty-hash">{}</span>', entry.chain)

    @display(description="points")
    def moved(self, entry: Entry) -> str:
        return points(entry.points, entry.currency, signed=True)

    @display(description="balance after")
    def balance(self, entry: Entry) -> str:
        return points(entry.balance_after, entry.currency)

    @display(description="activity")
    def activity(self, entry: Entry) -> str:
        return moment(entry.activity_at, entry.currency.program.zone)

    @display(description="posted")
    def posted(self, entry: Entry) -> str:
        return moment(entry.posted_at, entry.currency.program.zone)


@admin.register(Trace)
class TraceAdmin(MemberFactAdmin):
    """Which debit used which lot."""

    list_display = ["id", "entry", "member", "lot", "used"]
    list_select_related = ["entry__member__customer", "entry__currency", "lot"]
    fields = ["entry", "lot", "used"]
    member_path = "entry__member"

    @display(description="member")
    def member(self, trace: Trace) -> Member:
        return trace.entry.member

    @display(description="points")
    def used(self, trace: Trace) -> str:
        return points(trace.points, trace.entry.currency)


@admin.register(JournalLine)
class JournalLineAdmin(FactAdmin):
    """Lines of purchases."""

    list_display = ["id", "journal", "position", "sku", "category", "bought", "paid"]
    list_select_related = ["journal"]
    search_fields = ["journal__pk__exact"]
    search_help_text = "Number of the journal."
    sortable_by = ()
    ordering = ["-pk"]
    fields = ["journal", "position", "product", "sku", "category", "bought", "paid"]

    @display(description="quantity")
    def bought(self, line: JournalLine) -> str:
        return quantities.text(line.in_thousandths)

    @display(description="amount")
    def paid(self, line: JournalLine) -> str:
        return amount(line.amount, line.journal.money)
