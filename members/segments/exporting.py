"""How are the members of a segment written into a file, for those who write to them elsewhere?"""

import csv
from collections.abc import Iterator

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
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: Rows that are read at once.
_CHUNK = 2000


class _Line:
    """What csv.writer writes to: it keeps one line."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def lines(segment: Segment) -> Iterator[str]:
    """Lines of CSV with a heading: the members who were looked up last, in the order in which they enrolled."""
    line = _Line()
    writer = csv.writer(line)
    writer.writerow(HEADER)
    yield line.text
    zone = segment.program.zone
    rows = SegmentMembership.objects.filter(segment=segment, segment__is_active=True).order_by("member_id")
    for number, status, *person, phone, language, since in rows.values_list(*_COLUMNS).iterator(_CHUNK):
        typed = [f"'{text}" if text.startswith(_FORMULA) else text for text in person]
        writer.writerow([number, status, *typed, phone, language, local_date(since, zone).isoformat()])
        yield line.text
