"""What did a member buy, as conditions see it? Purchases that are booked and were not taken back as a whole."""

from datetime import datetime

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    DecimalField,
    F,
    OuterRef,
    QuerySet,
    Sum,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Floor

from members.segments.finding import number_of
from transactions.models import Journal

#: How a transaction stands that is booked and was not taken back as a whole.
COUNTS = (Journal.Status.PROCESSED, Journal.Status.PARTIALLY_REVERSED)

_EXACT = DecimalField(max_digits=38, decimal_places=0)

#: What was paid for a purchase and not refunded, in minor units of the program's base currency. Of foreign money the
#: refunded part is that of the amount; numbers of that size multiplied leave a bigint.
_LEFT = Cast(F("base_amount"), _EXACT) * Cast(F("amount") - F("reversed_amount"), _EXACT)
_PAID = Case(
    When(reversed_amount=0, then=F("base_amount")),
    When(base_amount=F("amount"), then=F("base_amount") - F("reversed_amount")),
    default=Cast(Floor(_LEFT / Cast(F("amount"), _EXACT)), BigIntegerField()),
    output_field=BigIntegerField(),
)


def booked(since: datetime | None = None) -> QuerySet[Journal]:
    """Those of everybody, since an instant, in no order."""
    found = Journal.objects.filter(
        kind=Journal.Kind.ACCRUAL,
        activity="purchase",
        status__in=COUNTS,
    )
    return (found.filter(activity_at__gte=since) if since else found).order_by()


def purchases(since: datetime | None = None, *, of: str = "pk") -> QuerySet[Journal]:
    """Those of the member whom the query around asks about, since an instant; looked up by the member's own index.

    `of` is what that query calls the member.
    """
    return booked(since).filter(member=OuterRef(of))


def how_many(since: datetime) -> Combinable:
    """The number of purchases since an instant."""
    return number_of(purchases(since).values("member").annotate(number=Count("pk")).values("number"))


def paid() -> Sum:
    """What was paid for purchases and not refunded, in minor units of the program's base currency."""
    return Sum(_PAID)


def money(since: datetime) -> Combinable:
    """What the member paid since an instant and was not refunded, in the same units."""
    return number_of(purchases(since).values("member").annotate(paid=paid()).values("paid"))
