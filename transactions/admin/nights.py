"""What did the nights do, and how were they sealed?"""

import json
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.contrib import admin
from django.db.models import Count, OuterRef, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html

from loyalty_site.lib.admin import (
    FactAdmin,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
    action,
    display,
    found,
)
from loyalty_site.lib.admin.theme import StaffRequest
from loyalty_site.lib.panels import Cell, Panel, Sentences, Table, Tile, Tiles, moment
from programs.models import Program
from transactions import benefits
from transactions.admin import job_pages, threshold_panels, tonight_page
from transactions.expiry import redating
from transactions.jobs import Kind
from transactions.models import NightBatch, NightRun, Seal
from transactions.outlook import storing
from transactions.policies import carrying, recounting, thresholds

#: So often, in seconds, a page renews itself that shows a step which is running. A list is also searched meanwhile.
RENEW_PAGE_S, RENEW_LIST_S = 5, 15
#: Programs to whose coming night a list has a way.
MOST_PROGRAMS = 20


class _Job(NamedTuple):
    """What a kind of job is called by those who read the list, and what one `did`."""

    kind: Kind
    name: str
    did: Callable[[NightRun], str]


#: Steps of the night have names of their own, and counts that tell what they did.
_JOBS = (
    _Job(
        thresholds.KIND,
        "thresholds applied to members",
        lambda run: f"{threshold_panels.done(run)} {run.counts['reason']}",
    ),
    _Job(
        recounting.KIND,
        "members counted anew",
        lambda run: "{members} members counted anew: {reason}".format(**run.counts),
    ),
    _Job(
        carrying.KIND,
        "surplus carried over",
        lambda run: f"ladder {run.counts['group']} carries over: looked at {job_pages.reached(run)}",
    ),
    _Job(
        redating.KIND,
        "lots re-dated",
        lambda run: "{lots} lots of {members} members: {reason}".format(**{"members": "its", **run.counts}),
    ),
    _Job(
        benefits.KIND,
        "benefit brought to members",
        lambda run: "benefit {code}: assigned {assigned}, withdrawn {withdrawn}".format(**run.counts),
    ),
    _Job(
        storing.KIND,
        "Tonight computed",
        lambda run: f"computed {job_pages.reached(run)} who are due up to the end of {run.counts['day']}",
    ),
)


def _job_of(run: NightRun) -> _Job | None:
    return next((job for job in _JOBS if job.kind.owns(run)), None)


@admin.register(NightRun)
class NightRunAdmin(FactAdmin):
    """The steps of each night, and the jobs that go on in it."""

    icon, place = "bedtime", 6
    list_display = ["day", "program", "what", "did", "progress", "started", "finished", "error"]
    list_filter = [["program", RelatedDropdownFilter], ["started_at", RangeDateTimeFilter]]
    list_select_related = ["program"]
    search_fields = ["step__startswith"]
    sortable_by = ()
    list_before_template = "admin/panels.html"
    fields = [("program", "day"), "what", "counted", ("started", "finished"), "error"]

    actions_detail = ["see_tonight"]

    @action(description="Tonight", permission=tonight_page.PERMISSION, icon="bedtime")
    def see_tonight(self, request: StaffRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(tonight_page.address(found(NightRun.objects.all(), object_id).program_id))

    def get_queryset(self, request: HttpRequest) -> QuerySet[NightRun]:
        runs: QuerySet[NightRun] = super().get_queryset(request)
        done = NightBatch.objects.filter(run=OuterRef("pk"), finished_at__isnull=False).order_by().values("run")
        begun = NightBatch.objects.filter(finished_at=None, started_at__isnull=False).defer("keys", "counts")
        return runs.annotate(done=done.annotate(all=Count("pk")).values("all")).prefetch_related(
            Prefetch("parts", queryset=begun.order_by("position"), to_attr="begun")
        )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        ways = [Sentences("Tonight", _tonight())] if request.user.has_perm(tonight_page.PERMISSION) else []
        context = {**(extra_context or {}), "panels": [one for one in ways if one.sentences]}
        response: HttpResponse = super().changelist_view(request, context)
        shown = getattr(response, "context_data", None) or {}
        if "cl" in shown:
            _renew(response, shown["cl"].result_list, RENEW_LIST_S)
        return response

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        response: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        shown = getattr(response, "context_data", None) or {}
        _renew(response, filter(None, [shown.get("original")]), RENEW_PAGE_S)
        return response

    def panels(self, request: StaffRequest, row: NightRun) -> list[Panel]:
        if row.batches is None:
            return []
        done = _done(row)
        share = 100 * done // row.batches if row.batches else 100
        notes = ["all done" if row.finished_at else "until now", *([row.error] if row.error else ())]
        tiles: list[Panel] = [Tiles([Tile("Batches", f"{done} of {row.batches}", notes, share=share)])]
        if row.finished_at:
            return tiles
        zone = row.program.zone
        rows: list[list[Cell]] = [
            [one.worker, one.position, moment(one.started_at, zone), one.error or "-"] for one in _begun(row)
        ]
        empty = "Nobody at this moment."
        return [*tiles, Table("Who is at work", ["worker", "batch", "since", "failed before"], rows, empty=empty)]

    @display(description="step")
    def what(self, run: NightRun) -> str:
        job = _job_of(run)
        return job.name if job else run.step

    @display(description="batches")
    def progress(self, run: NightRun) -> str:
        if run.batches is None:
            return "-"
        if run.finished_at:
            return str(run.batches)
        workers = sorted({one.worker for one in _begun(run)})
        return "; ".join([f"{_done(run)} of {run.batches}", *(f"{worker} is at work" for worker in workers)])

    @display(description="did")
    def did(self, run: NightRun) -> str:
        job = _job_of(run)
        if job:
            return job.did(run)
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


def _tonight() -> list[str]:
    """A way to what the coming night will do, for each program that has nights."""
    programs = Program.objects.exclude(status=Program.Status.DRAFT).order_by("name")[:MOST_PROGRAMS]
    return [
        format_html('<a class="text-link" href="{}">{}</a>', tonight_page.address(program.pk), program.name)
        for program in programs
    ]


def _done(run: NightRun) -> int:
    """How many batches are done; those of a run that has ended are deleted."""
    return run.batches or 0 if run.finished_at else getattr(run, "done", None) or 0


def _begun(run: NightRun) -> list[NightBatch]:
    """The batches at which somebody is, or was when it was killed."""
    return getattr(run, "begun", [])


def _renew(response: HttpResponse, runs: Iterable[NightRun], seconds: int) -> None:
    """Let the browser ask again as long as anything of what is shown goes on."""
    if any(run.finished_at is None and not run.error for run in runs):
        response["Refresh"] = str(seconds)


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
