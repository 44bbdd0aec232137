"""Whom does a segment hold at this moment? Its page counts them, shows some, and leads to the list of all."""

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone

from loyalty_site.lib import csv_lines
from loyalty_site.lib.admin import Extension, ModelAdmin, StaffRequest, Subpage, action, found, site
from loyalty_site.lib.panels import Panel, Table, Tile, Tiles, link, moment
from members.models import Member, SegmentMembership
from members.segments import exporting
from members.segments.asking import Asking, everybody
from programs.models import Segment

#: So many members are shown.
_SAMPLE = 10
#: Members of a program up to which the page counts by itself; a larger one it counts when it is asked to.
MOST_COUNTED = 100_000
#: What the address says when it is.
_COUNT = "count"


#: Who may take all of them away in a file; whoever serves members sees them one by one.
PERMISSION = "programs.change_segment"


def _export(admin: ModelAdmin, request: StaffRequest, object_id: str) -> StreamingHttpResponse:
    segment = found(Segment.objects.select_related("program"), object_id)
    admin.log_change(request, segment, "The members were exported.")
    return csv_lines.download(exporting.lines(segment), f"{segment.program.code}-{segment.code}")


class SegmentPanels(Extension[Segment]):
    """The members on the page of a segment, and a file of them."""

    actions_detail = ["export_members"]
    subpages = [Subpage(route="export", name="export", permission=PERMISSION, view=_export)]

    @action(description="Export its members", permission=PERMISSION, icon="download")
    def export_members(self, request: StaffRequest, object_id: str) -> HttpResponse:
        segment = found(Segment.objects.all(), object_id)
        return HttpResponseRedirect(reverse("admin:programs_segment_export", args=[segment.pk]))

    def panels(self, request: StaffRequest, segment: Segment) -> list[Panel]:
        if not segment.is_active or not request.user.has_perm("members.view_member"):
            return []
        members = Asking(segment.program, timezone.now()).members(segment.code)
        rows = SegmentMembership.objects.filter(segment=segment)
        kept = Tile("Looked up last", f"{rows.count():,}", ["In the night, or when it was saved."])
        all_of_them = _counted(segment.program_id)
        if not (_COUNT in request.GET or all_of_them <= MOST_COUNTED):
            note = f"Counting so many takes a while: add ?{_COUNT} to the address to do it."
            return [Tiles([Tile("Members now", "not counted", [note]), kept]), _sample(request, segment, members)]
        if all_of_them > MOST_COUNTED:
            all_of_them = everybody(segment.program_id).count()
        share = f"Of {all_of_them:,} in {segment.program}."
        tiles = Tiles([Tile("Members now", f"{members.count():,}", [share]), kept])
        return [tiles, _sample(request, segment, members)]


def _counted(program_id: int) -> int:
    """How many members a program has; MOST_COUNTED and one where it has more, which are not counted on."""
    return everybody(program_id).values("pk")[: MOST_COUNTED + 1].count()


def _sample(request: HttpRequest, segment: Segment, members: QuerySet[Member]) -> Table:
    """Those who enrolled last, and the way to the list of all who were looked up."""
    zone = segment.program.zone
    newest = members.select_related("customer").order_by("-pk")[:_SAMPLE]
    address = f"{reverse('admin:members_member_changelist')}?segment_memberships__segment__id__exact={segment.pk}"
    return Table(
        title="Some of them, who enrolled last",
        headers=["Member", "Number", "Status", "Enrolled"],
        rows=[
            [
                link(request, member, str(member.customer)),
                member.number,
                member.get_status_display(),
                moment(member.enrolled_at, zone),
            ]
            for member in newest
        ],
        empty="Nobody at this moment.",
        more=("All who were looked up last", address),
    )


site.extend(Segment, SegmentPanels)
