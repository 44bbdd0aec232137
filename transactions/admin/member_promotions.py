"""Which promotions does a member take part in, and what did each give? A table on the member's page."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Max, Q, Sum
from django.utils import timezone

from loyalty_site.lib.admin import Extension, StaffRequest, site
from loyalty_site.lib.panels import Cell, Panel, Table, amount, moment, points
from members.models import Member, PromotionEnrolment
from programs import versions
from programs.models import Currency, Promotion
from programs.running import Span
from transactions.models import PromotionUse
from transactions.segments.promotions import counted

_HEADERS = ["Promotion", "State", "Takes part", "Used", "Gave", "Last used"]
_EVERYBODY = "needs no enrolment"


@dataclass(slots=True)
class _Used:
    """How often a promotion gave something, what all of it comes to, and when it did last."""

    times: int = 0
    points: dict[int, int] = field(default_factory=dict)
    discount: int = 0
    last_at: datetime | None = None


class PromotionPanels(Extension[Member]):
    """The promotions of the member, those of memberships that became part of this one included."""

    def panels(self, request: StaffRequest, member: Member) -> list[Panel]:
        # What is compiled of a program says without a statement that it has none.
        if not versions.of(member.program).promotions:
            return []
        enrolled = {row.promotion_id: row for row in PromotionEnrolment.objects.filter(member=member)}
        used = _used(member)
        keys = enrolled.keys() | used.keys()
        if not keys:
            return []
        rows = Promotion.objects.filter(pk__in=keys).order_by("name", "pk")
        currencies = Currency.objects.in_bulk({key for one in used.values() for key in one.points})
        return [
            Table(
                "Promotions",
                _HEADERS,
                [_row(member, one, enrolled.get(one.pk), used.get(one.pk, _Used()), currencies) for one in rows],
            )
        ]


def _used(member: Member) -> dict[int, _Used]:
    """{key of a promotion: what it gave the member}; two statements."""
    mine = Q(member=member) | Q(member__merged_into=member)
    found: defaultdict[int, _Used] = defaultdict(_Used)
    sums = PromotionUse.objects.filter(mine).order_by().values("promotion", "currency")
    for row in sums.annotate(points=Sum("points"), discount=Sum("discount")):
        one = found[row["promotion"]]
        one.discount += row["discount"]
        if row["currency"]:
            one.points[row["currency"]] = row["points"]
    if not found:
        return found
    times = counted().filter(mine).values("promotion")
    for use in times.annotate(times=Count("journal", distinct=True), last_at=Max("activity_at")):
        found[use["promotion"]].times, found[use["promotion"]].last_at = use["times"], use["last_at"]
    return found


def _row(
    member: Member,
    promotion: Promotion,
    enrolment: PromotionEnrolment | None,
    used: _Used,
    currencies: Mapping[int, Currency],
) -> list[Cell]:
    zone = member.program.zone
    span = Span(promotion.starts_on, promotion.ends_on, promotion.stopped_from)
    given = [f"{points(number, currencies[key])} {currencies[key].name}" for key, number in used.points.items()]
    given += [f"{amount(used.discount, member.program.money)} off"] if used.discount else []
    return [
        promotion.name,
        span.state(timezone.now(), zone).value if promotion.is_active else "switched off",
        _taking_part(member, promotion, enrolment),
        f"{used.times:,} {'time' if used.times == 1 else 'times'}" if used.times else "-",
        ", ".join(given) or "-",
        moment(used.last_at, zone),
    ]


def _taking_part(member: Member, promotion: Promotion, enrolment: PromotionEnrolment | None) -> str:
    if enrolment is None:
        return "no" if promotion.opt_in else _EVERYBODY
    zone = member.program.zone
    since, until = moment(enrolment.enrolled_at, zone), moment(enrolment.left_at, zone, empty="")
    return f"{since} to {until}" if until else f"since {since}"


site.extend(Member, PromotionPanels)
