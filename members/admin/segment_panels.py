"""In which segments is a member, since when, and how active? On the member's page."""

from django.http import HttpRequest

from loyalty_site.lib.panels import Panel, Table, Tile, link, moment
from members import scores
from members.models import Member
from members.segments import keeping
from programs.scoring import FULL


def segment_panels(request: HttpRequest, member: Member) -> list[Panel]:
    """The segments of the member, as they were looked up last; nothing where there are none."""
    zone = member.program.zone
    held = [
        [link(request, row.segment, row.segment.name), row.segment.description or "-", moment(row.since, zone)]
        for row in keeping.segments_of(member)
    ]
    return [Table("Segments", ["Segment", "What it is for", "Since"], held)] if held else []


def score_tiles(member: Member) -> list[Tile]:
    """The activity score of the member with its parts, as it was counted last; nothing where there is none."""
    found = scores.of(member)
    if found is None:
        return []
    parts = f"recency {found.recency}, frequency {found.frequency}, spend {found.spend}"
    return [Tile("Activity score", f"{found.score} of {FULL}", [parts, "as it was counted last"])]
