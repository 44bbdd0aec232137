"""What does a promotion bring, measured against the members who are left out of it? Looked up, and kept."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)

from loyalty_site.lib.refusals import Refused
from members.models import Member, PromotionEnrolment, SegmentMembership
from members.segments.finding import there_is
from programs import periods, promotions
from programs.models import Program, Promotion
from programs.rules.conditions import reading
from transactions.models import PromotionResult
from transactions.promoting.comparing import Arm, Comparison
from transactions.segments import purchases

#: So many days after its last day a promotion is still measured: what is reported late, and refunds, change it.
FOLLOWED_DAYS = 31

#: The condition of a rule that names segments.
_SEGMENTS = "segments"


class NotMeasured(Refused):
    """There is nothing to measure, or not yet."""

    code = "not_measured"


class Window(NamedTuple):
    """From `since` on and before `until` members bought."""

    since: datetime
    until: datetime


def window(promotion: Promotion, now: datetime) -> Window:
    """While the promotion ran, up to now, on the clocks of its program. Raises NotMeasured."""
    zone = promotion.program.zone
    if not promotion.holdout_percent:
        raise NotMeasured("Nobody is left out of this promotion, so there is nobody to compare with.")
    if promotion.starts_on is None:
        raise NotMeasured("The promotion has no first day: say since when members are compared.")
    since = periods.start_of_day(promotion.starts_on, zone)
    ends = [now, promotion.stopped_from or now]
    if promotion.ends_on:
        ends.append(periods.end_of_day(promotion.ends_on, zone))
    if min(ends) <= since:
        raise NotMeasured("The promotion has not begun, so nothing can be compared yet.")
    return Window(since, min(ends))


def population(promotion: Promotion, since: datetime, until: datetime) -> QuerySet[Member]:
    """The active members who may have it: who had joined before it began, are in the segments that it is for as they
    were looked up last, and, where members must enrol, did so while it ran.

    Who is left out may enrol, too; and who left it again stays, because that may be its own doing.
    """
    found = Member.objects.filter(
        program=promotion.program_id, status=Member.Status.ACTIVE, enrolled_at__lt=since
    ).order_by()
    for codes in _segments(promotion):
        inside = SegmentMembership.objects.filter(
            segment__program=promotion.program_id, segment__code__in=codes, segment__is_active=True
        )
        found = found.filter(there_is(inside.filter(member=OuterRef("pk"))))
    if promotion.opt_in:
        mine = PromotionEnrolment.objects.filter(promotion=promotion, enrolled_at__lt=until, member=OuterRef("pk"))
        found = found.filter(there_is(mine))
    return found


def _segments(promotion: Promotion) -> Iterator[list[str]]:
    """The segments that its conditions ask for, of each such condition any one."""
    for one in reading.written(promotion.conditions):
        if one.is_needed and one.key == _SEGMENTS and isinstance(one.value, list):
            yield [str(code) for code in one.value]


def measure(promotion: Promotion, *, now: datetime) -> PromotionResult:
    """Compare both groups, and keep the result in place of an earlier one; one statement looks it up.

    Raises NotMeasured.
    """
    since, until = window(promotion, now)
    arms = _arms(promotion, since, until)
    had, out = arms.get(False, _NOBODY), arms.get(True, _NOBODY)
    own = {"as_of": now, "since": since, "until": until, "holdout_percent": promotion.holdout_percent}
    with transaction.atomic():
        result, _ = PromotionResult.objects.update_or_create(
            promotion=promotion, defaults={**own, **_columns("had", had), **_columns("out", out)}
        )
    return result


def comparison(result: PromotionResult) -> Comparison:
    """What a result says."""
    return Comparison(
        Arm(result.had_members, result.had_buyers, result.had_spend, result.had_squares),
        Arm(result.out_members, result.out_buyers, result.out_spend, result.out_squares),
    )


def due(program: Program, now: datetime) -> QuerySet[Promotion]:
    """The promotions of a program that a night measures: those with a holdout that run, or have just ended."""
    today = periods.local_date(now, program.zone)
    followed = Q(ends_on=None) | Q(ends_on__gte=today - timedelta(days=FOLLOWED_DAYS))
    started = Promotion.objects.filter(followed, program=program, starts_on__lte=today, is_active=True)
    return started.filter(holdout_percent__gt=0).select_related("program").order_by("pk")


def measure_due(program: Program, *, now: datetime) -> int:
    """Measure those that are due; returns how many."""
    count = 0
    for promotion in due(program, now):
        try:
            measure(promotion, now=now)
        except NotMeasured:
            continue  # It was stopped before it began.
        count += 1
    return count


_NOBODY = Arm(0, 0, 0, 0)


def _columns(name: str, arm: Arm) -> dict[str, int | float]:
    return {
        f"{name}_members": arm.members,
        f"{name}_buyers": arm.buyers,
        f"{name}_spend": arm.spend,
        f"{name}_squares": arm.squares,
    }


def _arms(promotion: Promotion, since: datetime, until: datetime) -> dict[bool, Arm]:
    """{whether they are left out: the sums of these members}, by one statement.

    The purchases of the window are added up by member first, in one pass over them, and joined to the members.
    """
    members, own = _drawn(promotion, population(promotion, since, until)).query.sql_with_params()
    bought, theirs = _bought(promotion.program_id, since, until).query.sql_with_params()
    # As a fraction, because squares of amounts leave 63 bits.
    exact = "COALESCE(bought.paid, 0) * CAST(1 AS double precision)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT who.is_out, COUNT(*), COUNT(bought.member_id), COALESCE(SUM(bought.paid), 0), "
            f"SUM({exact} * {exact}) FROM ({members}) AS who "
            f"LEFT JOIN ({bought}) AS bought ON bought.member_id = who.id GROUP BY who.is_out",
            [*own, *theirs],
        )
        return {bool(out): Arm(n, buyers, int(paid), squares) for out, n, buyers, paid, squares in cursor.fetchall()}


def _drawn(promotion: Promotion, members: QuerySet[Member]) -> QuerySet[Any, Any]:
    """The keys of these members, and whether each is left out."""
    seeds = promotions.seeds(promotion.program.code, promotion.code)
    where = ExpressionWrapper(promotions.place(seeds, F("pk")), output_field=BigIntegerField())
    out = Case(
        When(place__lt=promotion.holdout_percent, then=Value(True)), default=Value(False), output_field=BooleanField()
    )
    return members.annotate(place=where).annotate(is_out=out).values("id", "is_out")


def _bought(program_id: int, since: datetime, until: datetime) -> QuerySet[Any, Any]:
    """What each member bought: `paid` in minor units, less what was refunded."""
    found = purchases.booked().filter(program=program_id, activity_at__gte=since, activity_at__lt=until)
    return found.values("member_id").annotate(paid=purchases.paid())
