"""How are the members of a segment written into a file, for those who write to them elsewhere?"""

from collections.abc import Iterator
from itertools import chain

from loyalty_site.lib import csv_lines
from loyalty_site.lib.csv_lines import harmless
from members.models import SegmentMembership
from programs.models import Segment
from programs.periods import local_date

#: Of the person; what is typed by people is no formula for whoever opens the file as a spreadsheet.
_TYPED = ("first_name", "last_name", "company_name", "email")
HEADER = ["member", "status", *_TYPED, "phone", "language", "in_segment_since"]
_COLUMNS = [
    "member__number",
    "member__status",
    *(f"member__customer__{name}" for name in _TYPED),
    "member__customer__phone",
    "member__customer__language",
    "since",
]
#: Rows that are read at once.
_CHUNK = 2000


def lines(segment: Segment) -> Iterator[str]:
    """Lines of CSV with a heading: the members who were looked up last, in the order in which they enrolled."""
    return csv_lines.lines(chain([HEADER], _rows(segment)))


def _rows(segment: Segment) -> Iterator[list[str]]:
    zone = segment.program.zone
    rows = SegmentMembership.objects.filter(segment=segment, segment__is_active=True).order_by("member_id")
    for number, status, *person, phone, language, since in rows.values_list(*_COLUMNS).iterator(_CHUNK):
        yield [number, status, *map(harmless, person), phone, language, local_date(since, zone).isoformat()]
