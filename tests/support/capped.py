"""What the tests of caps share: a cap, what is used of it, and purchases of round numbers of points."""

from programs.models import Cap
from tests.support.factories import at, post_one, purchase
from transactions.models import CapCounter

MARCH = at(2026, 3, 4)


def cap(made, code, limit, **fields):
    currency = fields.pop("currency", None) or made.currencies.get(code="points")
    own = {"program": made, "code": code, "name": code.title(), "currency": currency, "limit": limit}
    row = Cap(**own | fields)
    row.full_clean()
    row.save()
    return row


def used(code):
    return list(CapCounter.objects.filter(cap__code=code).order_by("period").values_list("used", flat=True))


def buy(made, who, points, **fields):
    return post_one(made, purchase(who, points * 100, **({"activity_at": MARCH} | fields)))
