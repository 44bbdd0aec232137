"""Which nights' downgrades wait for somebody's word, and what was decided about earlier ones?"""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse

from loyalty_site.lib.admin import FactAdmin, RelatedDropdownFilter, StaffRequest, display
from loyalty_site.lib.panels import Panel, Table, Tile, Tiles, moment
from members.models import Standing
from programs.models import TierGroup
from transactions.admin import downgrades_page
from transactions.models import DowngradeDecision
from transactions.reviews import downgrades

_TILES = {
    "lowered": "Lowered",
    "excepted": "Held on",
    "left_out": "Left out: renewed or changed meanwhile",
    "own": "Left out: a membership of who decided",
    "newcomers": "Came after the list was shown",
    "failed": "Failed",
}
#: Exceptions that are shown on the page of a decision.
_MOST = 100


@admin.register(DowngradeDecision)
class DowngradeDecisionAdmin(FactAdmin):
    """What was decided; above the list stands what waits."""

    icon, place = "stairs", 5
    list_display = ["day", "group", "program", "did", "decided_by", "decided"]
    list_filter = [["group", RelatedDropdownFilter]]
    list_select_related = ["group__program", "decided_by"]
    sortable_by = ()
    list_before_template = "admin/panels.html"
    fields = [("group", "day"), ("decided", "decider"), "finished"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        panels = list(_waiting()) if request.user.has_perm(downgrades.PERMISSION) else []
        return super().changelist_view(request, {**(extra_context or {}), "panels": panels})

    def panels(self, request: StaffRequest, row: DowngradeDecision) -> list[Panel]:
        counts = {label: row.counts.get(name, 0) for name, label in _TILES.items()}
        tiles = Tiles([Tile(label, f"{count:,}") for label, count in counts.items() if count])
        held = Standing.objects.filter(pk__in=map(int, row.excepted)).select_related("member")[:_MOST]
        rows = [[one.member.number, row.excepted[str(one.pk)]] for one in held]
        return [tiles, *([Table("Held on", ["Member", "Why"], rows)] if rows else [])]

    @display(description="program")
    def program(self, row: DowngradeDecision) -> str:
        return str(row.group.program)

    @display(description="did")
    def did(self, row: DowngradeDecision) -> str:
        said = [f"{label.lower()} {row.counts[name]}" for name, label in _TILES.items() if row.counts.get(name)]
        return "; ".join([*said, *(() if row.finished_at else ["goes on"])]) or "-"

    @display(description="decided by")
    def decider(self, row: DowngradeDecision) -> str:
        return row.decided_by.get_username()

    @display(description="decided")
    def decided(self, row: DowngradeDecision) -> str:
        return moment(row.decided_at, row.group.program.zone)

    @display(description="done")
    def finished(self, row: DowngradeDecision) -> str:
        return moment(row.finished_at, row.group.program.zone, empty="not yet")


def _waiting() -> Iterator[Panel]:
    """The lists of all groups in which somebody waits."""
    waits = Standing.objects.filter(group=OuterRef("pk"), waits_from__isnull=False)
    groups = TierGroup.objects.filter(Exists(waits)).select_related("program").order_by("program__name", "name")
    rows = [
        [str(group.program), group.name, downgrades_page.link_to_list(group, one), f"{one.members:,}"]
        for group in groups
        for one in downgrades.lists(group)
    ]
    if rows:
        yield Table("Waiting for agreement", ["Program", "Tier group", "List of", "Members"], rows)
