"""How do tests pay purchases with points, and see that a refused one left nothing behind?"""

from members.models import Balance
from partners.activity import PointsPaid
from tests.support.factories import post
from tests.support.refunding import NOW
from transactions.models import Entry, Journal


def pays(points, **fields):
    return {"redeem": PointsPaid(points, **fields)}


def refused(made, item, **options):
    before = Journal.objects.count(), Entry.objects.count(), list(Balance.objects.order_by("pk").values())
    result = post(made, item, now=NOW, **options)[0]
    assert result.status == "refused"
    assert (Journal.objects.count(), Entry.objects.count(), list(Balance.objects.order_by("pk").values())) == before
    return result.refusal.code, result.refusal.field
