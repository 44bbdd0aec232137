"""How do tests make one member of two, and look at the points of both?"""

from uuid import uuid4

from django.db.models import Sum

from members.models import Balance
from partners.activity import Transfer
from tests.support.factories import post_one, purchase
from transactions.merging import merges
from transactions.models import Lot


def join(source, target, **options):
    return merges.merge(source, target, **({"reason": "The same person"} | options))


def gift(who, to, points):
    return Transfer(f"gift-{uuid4()}", member={"number": who.number}, to={"number": to.number}, points=points)


def ends(*people):
    """{end: points} of all that these members have left, pending or not."""
    lots = Lot.objects.filter(member__in=people, remaining__gt=0)
    return dict(lots.order_by().values_list("expires_at").annotate(sum=Sum("remaining")))


def let_end(lots, day):
    """Give lots another end, and let their balances be looked at then."""
    for member in lots.values_list("member", flat=True).distinct():
        Balance.objects.filter(member=member, currency__code="points").update(next_change_at=day)
    lots.put(expires_at=day)


def with_end(made, who, points, day):
    """Give `who` points that end on `day`."""
    done = post_one(made, purchase(who, points * 100))
    let_end(Lot.objects.filter(entry__journal=done.journal_id), day)
    return done
