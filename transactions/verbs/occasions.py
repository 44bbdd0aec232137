"""Who may report a birthday or an anniversary? The night alone (semantics C22-R3)."""

from loyalty_site.lib.refusals import Refused
from partners.activity import Activity
from partners.models import Connection
from programs.rules.occasion import GIVEN_BY_THE_NIGHT
from transactions.books.posting import Posting


class ReservedActivity(Refused):
    """The activity is one that the night finds by itself."""

    code = "activity_reserved"


def check(posting: Posting[Activity]) -> None:
    """Raises ReservedActivity for an occasion that comes from outside; what was kept before is booked as it was."""
    item, via = posting.item, posting.context.via
    if posting.resumed or not (item.occasion or item.kind in GIVEN_BY_THE_NIGHT):
        return
    is_ours = isinstance(via, Connection) and via.platform == Connection.Platform.TIMETABLE
    if not is_ours or not item.occasion or item.kind not in GIVEN_BY_THE_NIGHT:
        detail = f"Points for “{item.kind}” are given by the night, once a year; report it under another name."
        raise ReservedActivity(detail, field="activity")
