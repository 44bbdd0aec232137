"""What did a promotion give so far, to how many, and what does that cost? Sums of what was written down with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import BigIntegerField, Count, Q, Subquery, Sum

from loyalty_site.lib import money
from programs.models import Promotion
from transactions.models import PromotionUse
from transactions.models.promotionuses import GIVEN

_SAID = ("code", "name", "decimals", "cost_per_point")


@dataclass(frozen=True, slots=True)
class Points:
    """What it gave of one currency, in smallest units: `given`, and what of it refunds took back.

    `cost` is that of what is left, in money of the program; exact, and not rounded.
    """

    currency: str
    name: str
    decimals: int
    given: int
    taken_back: int
    cost: Decimal

    @property
    def left(self) -> int:
        """What was given and not taken back."""
        return self.given - self.taken_back


@dataclass(frozen=True, slots=True)
class Cost:
    """By how many transactions (`uses`) a promotion gave something, to how many members, and what.

    Transactions and members count although a refund took all of it back. `discount` is money off, less what was taken
    back, in minor units; `total` is what points and discounts cost together, in money, exact.
    """

    uses: int
    members: int
    points: Sequence[Points]
    discount: int
    total: Decimal


def of(promotion: Promotion) -> Cost:
    """What a promotion cost until now; one statement, where its program is read."""
    mine = PromotionUse.objects.filter(promotion=promotion).order_by()
    rows = mine.values(*(f"currency__{name}" for name in _SAID)).annotate(
        given=Sum("points", filter=Q(points__gt=0)),
        back=Sum("points", filter=Q(points__lt=0)),
        off=Sum("discount"),
        uses=_how_many(promotion, "journal"),
        members=_how_many(promotion, "member"),
    )
    found = list(rows.order_by("currency__code"))
    points = [_points(row) for row in found if row["currency__code"]]
    discount = sum(row["off"] for row in found)
    off = Decimal(discount).scaleb(-money.exponent(promotion.program.money))
    uses, members = ((found[0][name] or 0) if found else 0 for name in ("uses", "members"))
    return Cost(uses, members, points, discount, sum((one.cost for one in points), off))


def _how_many(promotion: Promotion, column: str) -> Subquery:
    """The number of different ones among all that something was given to, in whatever currency.

    It names nothing of the query around it, so that it is counted once and not for each row.
    """
    theirs = PromotionUse.objects.filter(GIVEN, promotion=promotion)
    counted = theirs.order_by().values("promotion").annotate(number=Count(column, distinct=True)).values("number")
    return Subquery(counted, output_field=BigIntegerField())


def _points(row: Mapping[str, Any]) -> Points:
    code, name, decimals, cost = (row[f"currency__{one}"] for one in _SAID)
    given, back = row["given"] or 0, -(row["back"] or 0)
    return Points(code, name, decimals, given, back, (given - back) * cost.scaleb(-decimals))
