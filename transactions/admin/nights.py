"""What did the nights do, and how were they sealed?"""

import json

from django.contrib import admin
from django.utils.html import format_html

from loyalty_site.lib.admin import (
    FactAdmin,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
    display,
)
from loyalty_site.lib.panels import moment
from transactions.expiry import redating
from transactions.models import NightRun, Seal


@admin.register(NightRun)
class NightRunAdmin(FactAdmin):
    """The steps of each night, and the jobs that go on in it."""

    icon, place = "bedtime", 6
    list_display = ["day", "program", "step", "did", "started", "finished", "error"]
    list_filter = [["program", RelatedDropdownFilter], ["started_at", RangeDateTimeFilter]]
    list_select_related = ["program"]
    search_fields = ["step__startswith"]
    sortable_by = ()
    fields = [("program", "day"), "step", "counted", ("started", "finished"), "error"]

    @display(description="did")
    def did(self, run: NightRun) -> str:
        if redating.is_job(run):
            counts = run.counts
            return f"{counts['lots']} lots of {counts.get('members', 'its')} members: {counts['reason']}"
        return ", ".join(f"{name} {count}" for name, count in run.counts.items()) or "-"

    @display(description="did")
    def counted(self, run: NightRun) -> str:
        return format_html('<pre class="loyalty-document">{}</pre>', json.dumps(run.counts, indent=2))

    @display(description="started")
    def started(self, run: NightRun) -> str:
        return moment(run.started_at, run.program.zone)

    @display(description="finished")
    def finished(self, run: NightRun) -> str:
        return moment(run.finished_at, run.program.zone, empty="not yet")


@admin.register(Seal)
class SealAdmin(FactAdmin):
    """The seals over the entries of each day."""

    icon, place = "verified", 7
    list_display = ["day", "program", "entries", "first_entry", "last_entry", "sealed"]
    list_filter = [["program", RelatedDropdownFilter]]
    list_select_related = ["program"]
    search_fields = ["root__startswith"]
    sortable_by = ()
    fields = [("program", "day"), ("first_entry", "last_entry"), "entries", "proof", "sealed"]

    @display(description="root")
    def proof(self, seal: Seal) -> str:
        return format_html('<span class="loyalty-hash">{}</span>', seal.root)

    @display(description="sealed")
    def sealed(self, seal: Seal) -> str:
        return moment(seal.sealed_at, seal.program.zone)
