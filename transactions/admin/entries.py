"""Where are the lines of the ledger, its lots and traces found? All of them are read-only."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.text import capfirst

from loyalty_site.lib.admin import (
    ChoicesDropdownFilter,
    FactAdmin,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
    display,
)
from loyalty_site.lib.panels import Tile, Tiles, amount, moment, points
from members import search
from members.models import Member
from transactions.admin import causal_chains
from transactions.models import Entry, JournalLine, Lot, Trace


class LedgerAdmin(FactAdmin):
    """Found by the member, or by its own number."""

    search_fields = ["pk"]
    search_help_text = "Number, card, e-mail, phone or last name of the member."
    sortable_by = ()
    ordering = ["-pk"]
    #: Where the member is.
    member_path = "member"

    def get_search_results(self, request, queryset, search_term):
        if search_term.strip():
            members = search.matching(Member.objects.all(), search_term)
            queryset = queryset.filter(**{f"{self.member_path}__in": members.values("pk")})
        return queryset, False


@admin.register(Entry)
class EntryAdmin(LedgerAdmin):
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

    def panels(self, request, entry):
        """What the entry added to each part of the balance."""
        parts = {name: getattr(entry, name) for name in ("available", "pending", "reserved", "arrears")}
        tiles = [Tile(capfirst(name), points(units, entry.currency, signed=True)) for name, units in parts.items()]
        return [Tiles(tiles), *causal_chains.of_entry(request, entry)]

    @display(description="chain")
    def proof(self, entry):
        return format_html('<span class="loyalty-hash">{}</span>', entry.chain)

    @display(description="points")
    def moved(self, entry):
        return points(entry.points, entry.currency, signed=True)

    @display(description="balance after")
    def balance(self, entry):
        return points(entry.balance_after, entry.currency)

    @display(description="activity")
    def activity(self, entry):
        return moment(entry.activity_at, entry.currency.program.zone)

    @display(description="posted")
    def posted(self, entry):
        return moment(entry.posted_at, entry.currency.program.zone)


@admin.register(Lot)
class LotAdmin(LedgerAdmin):
    icon, place = "hourglass_empty", 3
    list_display = ["entry_id", "member", "currency", "given", "left", "is_pending", "earned", "expires"]
    list_filter = [
        ["currency__program", RelatedDropdownFilter],
        ["currency", RelatedDropdownFilter],
        ["expires_at", RangeDateTimeFilter],
    ]
    fields = [
        ("entry", "member"),
        ("currency", "is_floored"),
        ("given", "left"),
        ("earned", "expires"),
        ("is_pending", "available_at"),
        ("waits_for", "deadline_at"),
        ("is_extended", "origin"),
    ]

    def get_queryset(self, request):
        return (
            super().get_queryset(request).select_related("entry__currency", "member__customer", "currency__program")
        )

    def panels(self, request, lot):
        return causal_chains.of_lot(request, lot)

    @display(description="points")
    def given(self, lot):
        return points(lot.points, lot.currency)

    @display(description="left")
    def left(self, lot):
        return points(lot.remaining, lot.currency)

    @display(description="earned")
    def earned(self, lot):
        return moment(lot.activity_at, lot.currency.program.zone)

    @display(description="expires")
    def expires(self, lot):
        return moment(lot.expires_at, lot.currency.program.zone, empty="never")


@admin.register(Trace)
class TraceAdmin(LedgerAdmin):
    """Which debit used which lot."""

    list_display = ["id", "entry", "member", "lot", "used"]
    list_select_related = ["entry__member__customer", "entry__currency", "lot"]
    fields = ["entry", "lot", "used"]
    member_path = "entry__member"

    @display(description="member")
    def member(self, trace):
        return trace.entry.member

    @display(description="points")
    def used(self, trace):
        return points(trace.points, trace.entry.currency)


@admin.register(JournalLine)
class JournalLineAdmin(FactAdmin):
    list_display = ["id", "journal", "position", "sku", "category", "quantity", "paid"]
    list_select_related = ["journal"]
    search_fields = ["journal__pk__exact"]
    search_help_text = "Number of the journal."
    sortable_by = ()
    ordering = ["-pk"]
    fields = ["journal", "position", "product", "sku", "category", "quantity", "paid"]

    @display(description="amount")
    def paid(self, line):
        return amount(line.amount, line.journal.money)
