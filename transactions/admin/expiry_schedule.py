"""What will time do to the points of a member: which come free, and which end?"""

from django.db.models import Count, Sum
from django.urls import reverse

from loyalty_site.lib.panels import Table, moment, points
from transactions.models import Lot


def rows(member):
    """One row for each instant and currency, the soonest first; what never comes free or ends stands last."""
    lots = Lot.objects.filter(member=member, remaining__gt=0).order_by().select_related("currency")
    currencies = {currency.pk: currency for currency in member.program.currencies.all()}
    sums = {"points": Sum("remaining"), "lots": Count("pk")}
    pending = lots.filter(is_pending=True).values("currency", "available_at", "waits_for", "deadline_at")
    ending = lots.filter(is_pending=False, expires_at__isnull=False).values("currency", "expires_at")
    found = [_release(row, currencies) for row in pending.annotate(**sums)]
    found += [
        (row["expires_at"], "expire", currencies[row["currency"]], row["points"], row["lots"])
        for row in ending.annotate(**sums)
    ]
    return sorted(found, key=lambda row: (row[0] is None, row[0] or 0, row[1]))


def _release(row, currencies):
    at, what = row["available_at"], "come free"
    if row["waits_for"]:
        at, what = row["deadline_at"], f"wait for {row['waits_for']}; cancelled unless it comes before"
    return at, what, currencies[row["currency"]], row["points"], row["lots"]


def table(member, *, most=None, more=()):
    """The schedule as a panel, its first `most` rows; None when time does nothing to this member."""
    found, zone = rows(member), member.program.zone
    if not found:
        return None
    return Table(
        title="Coming releases and expiries",
        headers=["When", "Points", "What", "Lots"],
        rows=[
            [moment(at, zone, empty="when it happens"), f"{points(units, currency)} {currency.name}", what, lots]
            for at, what, currency, units, lots in found[:most]
        ],
        more=more,
    )


def panel(request, member, *, most):
    """The start of the schedule, leading to the whole."""
    address = reverse("admin:members_member_schedule", args=[member.pk])
    found = table(member, most=most, more=("Whole schedule", address))
    return [found] if found else []
