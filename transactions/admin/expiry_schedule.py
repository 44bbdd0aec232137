"""What will time do to the points of a member: which come free, and which end?"""

from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Sum
from django.urls import reverse

from loyalty_site.lib.panels import Panel, Table, moment, points, through
from members.models import Member
from programs.models import Currency
from transactions.models import Lot
from transactions.proof.outlook import with_ends


class Change(NamedTuple):
    """What time does to points of one currency: at `at`, or never or when something happens where that is None.

    `is_end`: that is the first instant behind the last day on which they can be used, or their event can come.
    """

    at: datetime | None
    what: str
    currency: Currency
    points: int
    lots: int
    is_end: bool


def changes(member: Member) -> list[Change]:
    """One for each instant and currency, the soonest first; what has no instant stands last."""
    lots = Lot.objects.filter(member=member, remaining__gt=0).order_by().select_related("currency")
    currencies = {currency.pk: currency for currency in member.program.currencies.all()}
    pending = lots.filter(is_pending=True).values("currency", "available_at", "waits_for", "deadline_at")
    ending = with_ends(lots.filter(is_pending=False)).values("currency", "ends_at")  # type: ignore[misc]
    coming = []
    for row in pending.annotate(points=Sum("remaining"), lots=Count("pk")):
        at, what = _release(row["available_at"], row["waits_for"], row["deadline_at"])
        coming.append(
            Change(at, what, currencies[row["currency"]], row["points"], row["lots"], bool(row["waits_for"]))
        )
    for end in ending.annotate(points=Sum("remaining"), lots=Count("pk")):
        if end["ends_at"] is None:
            continue
        currency, ends_at = currencies[end["currency"]], end["ends_at"]
        coming.append(Change(ends_at, "expire after that day", currency, end["points"], end["lots"], is_end=True))
    return sorted(coming, key=lambda change: (change.at is None, change.at or 0, change.what))


def _release(
    available_at: datetime | None, waits_for: str, deadline_at: datetime | None
) -> tuple[datetime | None, str]:
    """When something happens to pending points, and what."""
    if waits_for:
        return deadline_at, f"wait for {waits_for}; cancelled unless it comes by then"
    return available_at, "come free"


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
                (through if change.is_end else moment)(change.at, zone, empty="when it happens"),
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
