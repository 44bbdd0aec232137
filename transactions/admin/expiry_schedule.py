"""What will time do to the points of a member: which come free, and which end?"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, Sum
from django.urls import reverse

from loyalty_site.lib.panels import Panel, Table, moment, points
from members.models import Member
from programs.models import Currency
from transactions.models import Lot


class Change(NamedTuple):
    """What time does to points of one currency: at `at`, or never or when something happens where that is None."""

    at: datetime | None
    what: str
    currency: Currency
    points: int
    lots: int


def changes(member: Member) -> list[Change]:
    """One for each instant and currency, the soonest first; what has no instant stands last."""
    lots = Lot.objects.filter(member=member, remaining__gt=0).order_by().select_related("currency")
    currencies = {currency.pk: currency for currency in member.program.currencies.all()}
    pending = lots.filter(is_pending=True).values("currency", "available_at", "waits_for", "deadline_at")
    released = pending.annotate(points=Sum("remaining"), lots=Count("pk"))
    ending = lots.filter(is_pending=False, expires_at__isnull=False).values("currency", "expires_at")
    expired = ending.annotate(points=Sum("remaining"), lots=Count("pk"))
    coming = [_release(row, currencies) for row in released]
    coming += [
        Change(row["expires_at"], "expire", currencies[row["currency"]], row["points"], row["lots"])
        for row in expired
    ]
    return sorted(coming, key=lambda change: (change.at is None, change.at or 0, change.what))


def _release(row: Mapping[str, Any], currencies: dict[int, Currency]) -> Change:
    at, what = row["available_at"], "come free"
    if row["waits_for"]:
        at, what = row["deadline_at"], f"wait for {row['waits_for']}; cancelled unless it comes before"
    return Change(at, what, currencies[row["currency"]], row["points"], row["lots"])


def table(member: Member, *, most: int | None = None, more: tuple[str, str] | None = None) -> Table | None:
    """The schedule as a panel, its first `most` rows; None when time does nothing to this member."""
    coming, zone = changes(member), member.program.zone
    if not coming:
        return None
    return Table(
        title="Coming releases and expiries",
        headers=["When", "Points", "What", "Lots"],
        rows=[
            [
                moment(change.at, zone, empty="when it happens"),
                f"{points(change.points, change.currency)} {change.currency.name}",
                change.what,
                change.lots,
            ]
            for change in coming[:most]
        ],
        more=more,
    )


def panels(member: Member, *, most: int) -> list[Panel]:
    """The start of the schedule, leading to the whole."""
    address = reverse("admin:members_member_schedule", args=[member.pk])
    start = table(member, most=most, more=("Whole schedule", address))
    return [start] if start else []
