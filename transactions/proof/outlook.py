"""When do the points that a member holds end?

Those of a currency that expires by inactivity have no end of their own: they end with the clock of their balance.
"""

from collections.abc import Callable
from datetime import datetime

from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Now

from members.models import Balance
from transactions.models import Lot


def coming(collect: Callable[[str], str]) -> str:
    """SQL of a subquery: the coming expiries of the member `m` behind the instant of its one parameter.

    `collect` makes an aggregate of columns; here it is currency id, instant and points. What is pending or never
    ends is left out.
    """
    return (
        f"SELECT {collect('o.currency_id, o.expires_at, o.points')} FROM "
        "(SELECT l.currency_id, COALESCE(l.expires_at, b.expires_at) AS expires_at, SUM(l.remaining) AS points "
        "FROM transactions_lot l "
        "JOIN members_balance b ON b.member_id = l.member_id AND b.currency_id = l.currency_id "
        "WHERE l.member_id = m.id AND l.remaining > 0 AND NOT l.is_pending "
        "GROUP BY l.currency_id, COALESCE(l.expires_at, b.expires_at)) o WHERE o.expires_at > %s"
    )


def with_ends(lots: QuerySet[Lot]) -> QuerySet[Lot]:
    """The lots with what `end_of` says of them."""
    balance = Balance.objects.filter(member=OuterRef("member"), currency=OuterRef("currency"))
    # A clock that ran out under another model ends nothing any more.
    is_clock = Q(clock__gt=Now()) & (Q(expires_at=None) | Q(clock__lt=F("expires_at")))
    ends_at = Case(When(is_clock, then=F("clock")), default=F("expires_at"))
    return lots.annotate(clock=Subquery(balance.values("expires_at")[:1])).annotate(ends_at=ends_at)


def end_of(lot: Lot) -> datetime | None:
    """When a lot that was read `with_ends` ends as things stand, None for never."""
    found: datetime | None = lot.ends_at  # type: ignore[attr-defined]
    return found
