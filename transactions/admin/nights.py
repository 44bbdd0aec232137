"""What did the nights do, how were they sealed, how much of each cap is used, which ends were moved?"""

import json

from django.contrib import admin
from django.utils.html import format_html

from loyalty_site.lib.admin import (
    FactAdmin,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
    display,
)
from loyalty_site.lib.panels import Tile, Tiles, link, moment
from members.models import Member
from partners.models import Store
from programs.admin.caps import most, quantity
from programs.models import Cap
from transactions.admin.entries import LedgerAdmin
from transactions.expiry import redating
from transactions.models import CapCounter, NightRun, Redating, Seal


@admin.register(NightRun)
class NightRunAdmin(FactAdmin):
    icon, place = "bedtime", 6
    list_display = ["day", "program", "step", "told", "started", "finished", "error"]
    list_filter = [["program", RelatedDropdownFilter], ["started_at", RangeDateTimeFilter]]
    list_select_related = ["program"]
    search_fields = ["step__startswith"]
    sortable_by = ()
    fields = [("program", "day"), "step", "counted", ("started", "finished"), "error"]

    @display(description="did")
    def told(self, run):
        if redating.is_job(run):
            counts = run.counts
            return f"{counts['lots']} lots of {counts.get('members', 'its')} members: {counts['reason']}"
        return ", ".join(f"{name} {count}" for name, count in run.counts.items()) or "-"

    @display(description="did")
    def counted(self, run):
        return format_html('<pre class="loyalty-document">{}</pre>', json.dumps(run.counts, indent=2))

    @display(description="started")
    def started(self, run):
        return moment(run.started_at, run.program.zone)

    @display(description="finished")
    def finished(self, run):
        return moment(run.finished_at, run.program.zone, empty="not yet")


@admin.register(Seal)
class SealAdmin(FactAdmin):
    icon, place = "verified", 7
    list_display = ["day", "program", "entries", "first_entry", "last_entry", "sealed"]
    list_filter = [["program", RelatedDropdownFilter]]
    list_select_related = ["program"]
    search_fields = ["root__startswith"]
    sortable_by = ()
    fields = [("program", "day"), ("first_entry", "last_entry"), "entries", "proof", "sealed"]

    @display(description="root")
    def proof(self, seal):
        return format_html('<span class="loyalty-hash">{}</span>', seal.root)

    @display(description="sealed")
    def sealed(self, seal):
        return moment(seal.sealed_at, seal.program.zone)


@admin.register(CapCounter)
class CounterAdmin(FactAdmin):
    icon, place = "data_usage", 8
    list_display = ["cap", "program", "whose", "period", "used_up", "limit"]
    list_filter = [["cap", RelatedDropdownFilter]]
    list_select_related = ["cap__program", "cap__currency"]
    search_fields = ["cap__name", "cap__code__startswith"]
    sortable_by = ()
    ordering = ["-pk"]
    fields = [("cap", "program"), "period", ("used_up", "limit")]

    @display(description="program")
    def program(self, counter):
        return counter.cap.program

    @display(description="whose")
    def whose(self, counter):
        return "one" if counter.key else "all"

    def panels(self, request, counter):
        """Whose it is: read for one page only, because a list would ask for each row."""
        model = {Cap.Scope.MEMBER: Member, Cap.Scope.STORE: Store}.get(counter.cap.scope)
        whose = model and model.objects.filter(pk=counter.key).first()
        notes = [f"of at most {most(counter.cap)}"]
        share = min(100, counter.used * 100 // counter.cap.limit)
        tiles = [Tile("Used", quantity(counter.cap, counter.used), notes=notes, share=share)]
        return [Tiles([*tiles, *([Tile("Whose", link(request, whose))] if whose else [])])]

    @display(description="used")
    def used_up(self, counter):
        return quantity(counter.cap, counter.used)

    @display(description="of at most")
    def limit(self, counter):
        return most(counter.cap)


@admin.register(Redating)
class RedatingAdmin(LedgerAdmin):
    """Lots that got another end, and why."""

    list_display = ["id", "member", "lot", "at", "before", "after", "reason"]
    list_filter = [["at", RangeDateTimeFilter]]
    list_select_related = ["lot__member__customer", "lot__currency__program"]
    fields = ["lot", ("before", "after"), "at", "reason"]
    member_path = "lot__member"

    @display(description="member")
    def member(self, redating):
        return redating.lot.member

    @display(description="ended")
    def before(self, redating):
        return moment(redating.expires_before, redating.lot.currency.program.zone, empty="never")

    @display(description="ends")
    def after(self, redating):
        return moment(redating.expires_after, redating.lot.currency.program.zone, empty="never")
