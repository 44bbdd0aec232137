"""Whose balances or tiers has time changed, which nobody has booked yet?"""

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from members.models import Balance, Member, Standing


def among(members: QuerySet[Member], *, now: datetime) -> list[int]:
    """The keys of those of the members who have to be settled before what they hold is shown."""
    balances = Balance.objects.filter(member=OuterRef("pk"), next_change_at__lte=now)
    tiers = Standing.objects.current().filter(member=OuterRef("pk"), due_at__lte=now)
    found = members.filter(Exists(balances) | Exists(tiers)).order_by()
    return list(found.values_list("pk", flat=True))
