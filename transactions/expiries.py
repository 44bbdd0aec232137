"""When do the points that a member holds end?"""

from django.db.models import Sum

from transactions.models import Lot


def coming(member_id, *, now):
    """({currency id: [(instant, points)] by instant}, {currency id: points that have ended already}).

    Ended points lie in the stored balance until the night takes them out; they cannot be spent any more.
    """
    lots = Lot.objects.filter(member_id=member_id, remaining__gt=0, expires_at__isnull=False)
    sums = lots.order_by("expires_at").values_list("currency_id", "expires_at").annotate(points=Sum("remaining"))
    ends, ended = {}, {}
    for currency_id, expires_at, points in sums:
        if expires_at > now:
            ends.setdefault(currency_id, []).append((expires_at, points))
        else:
            ended[currency_id] = ended.get(currency_id, 0) + points
    return ends, ended
