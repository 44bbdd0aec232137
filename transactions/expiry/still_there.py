"""Are the points still there of whose end somebody is reminded? What was used is told no more (C25-R4).

A reminder may wait for the morning, or for a channel that does not answer; meanwhile the member may have spent them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from loyalty_site.lib import instants
from loyalty_site.lib.json_types import Json
from members.messages.still_true import asked_of
from members.models import Balance, Event
from programs import periods
from transactions.models import Lot

#: (member, code of the currency, last day on which the points can be used).
_What = tuple[int, str, date]


@asked_of("points.expiring")
def still_there(events: Sequence[Event]) -> Mapping[int, dict[str, Json] | str]:
    """What reminders of points that expire tell now: those that are left, or that none are."""
    meant = {event.pk: what for event in events if (what := _meant(event))}
    left = _left(events, set(meant.values()))
    found: dict[int, dict[str, Json] | str] = {}
    for event in events:
        if event.pk not in meant:
            continue
        rest, told = left[meant[event.pk]], event.data["expiring"]
        if rest <= 0:
            found[event.pk] = "The points were used meanwhile."
        elif rest < told.get("points", 0):
            found[event.pk] = event.data | {"expiring": told | {"points": rest}}
    return found


def _meant(event: Event) -> _What | None:
    told = event.data.get("expiring")
    if not isinstance(told, dict) or event.member_id is None:
        return None
    last, code = instants.day(str(told.get("expires_on"))), told.get("currency")
    return (event.member_id, code, last) if last and isinstance(code, str) else None


def _left(events: Sequence[Event], meant: set[_What]) -> dict[_What, int]:
    """How many points of each are left. Two statements."""
    left: dict[_What, int] = defaultdict(int)
    if meant:
        for member, code, last, points in _ends(events, meant):
            left[member, code, last] += points
    return left


def _ends(events: Sequence[Event], meant: set[_What]) -> Iterator[tuple[int, str, date, int]]:
    """(member, currency, last day, points) of what ends within all the days that are meant."""
    zones = {event.member_id: event.program.zone for event in events}
    days = sorted(day for _, _, day in meant)
    ends = {
        # The widest that any of the zones makes of these days.
        "expires_at__gt": min(periods.start_of_day(days[0], zone) for zone in zones.values()),
        "expires_at__lte": max(periods.end_of_day(days[-1], zone) for zone in zones.values()),
        "member__in": {member for member, _, _ in meant},
        "currency__code__in": {code for _, code, _ in meant},
    }
    lots = Lot.objects.filter(remaining__gt=0, **ends).order_by()
    balances = Balance.objects.filter(available__gt=0, **ends).order_by()
    for rows, points in ((lots, "remaining"), (balances, "available")):
        for member, code, at, count in rows.values_list("member_id", "currency__code", "expires_at", points):
            yield member, code, instants.last_day(at, zones[member]), count
