"""When do the points that a member holds end?"""

from datetime import datetime

from django.db.models import Sum

from transactions.models import Lot


def coming(member_id: int, *, now: datetime) -> dict[int, list[tuple[datetime, int]]]:
    """{currency id: [(instant, points)]}, the soonest end first; what is pending or never ends is left out."""
    lots = Lot.objects.filter(member_id=member_id, remaining__gt=0, expires_at__gt=now, is_pending=False)
    sums = lots.order_by("expires_at").values_list("currency_id", "expires_at").annotate(points=Sum("remaining"))
    ends: dict[int, list[tuple[datetime, int]]] = {}
    for currency_id, expires_at, points in sums:
        ends.setdefault(currency_id, []).append((expires_at, points))
    return ends
