"""How do other systems read which promotions a member may have, and how do they enrol and leave?"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request

from loyalty_site.lib import problems
from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.schema_objects import Answer, Answered, Fields, Items
from loyalty_site.lib.schema_types import Instant, SchemaType, Text, Truth
from loyalty_site.lib.sql import Session
from members import promotions as enrolments
from members.api import numbers
from members.lookup import Lookup
from members.models import Member, PromotionEnrolment
from members.promotions import NotOpen
from programs import promotions
from programs.api.endpoint import PROGRAM, ProgramEndpoint
from programs.api.promotions import COLUMNS, FIELDS, NAME, described, offered, one_of, one_offered, what_they_give
from programs.models import Promotion
from programs.running import State, not_over

_INSTANTS: dict[str, SchemaType[object]] = {
    "enrolled_at": Instant(null=True, text="When the member enrolled last; null: never."),
    "left_at": Instant(null=True, text="When the member left; null: not since."),
}
_MINE = Answer(
    "MemberPromotion",
    FIELDS
    | {
        "is_enrolled": Truth(text="The member takes part now."),
        "can_enrol": Truth(text="PUT its enrolment, and the member takes part from then on."),
    }
    | _INSTANTS,
)
_ENROLMENT = Answer("PromotionEnrolment", {"promotion": Text(40), "member": Text(24), **_INSTANTS})
_NUMBER = OpenApiParameter("number", str, OpenApiParameter.PATH)
_NOTHING = Fields[Mapping[str, object]]("", {})


class _Enrolled(NamedTuple):
    """What is stored of a member's enrolment in one promotion."""

    enrolled_at: Answered = None
    left_at: Answered = None

    @property
    def is_open(self) -> bool:
        return self.enrolled_at is not None and self.left_at is None


@extend_schema_view(
    list=extend_schema(
        operation_id="list_member_promotions",
        summary="The promotions that a member may have, now or soon, and those that the member enrolled in",
        description="Who is left out of a promotion to measure what it brings is not told so: where nobody has to "
        "enrol, the promotion is not in the list.",
        parameters=[PROGRAM, _NUMBER],
        responses={200: Answer("MemberPromotions", {"results": Items(_MINE)}).schema()},
    ),
)
class MemberPromotionViewSet(ProgramEndpoint):
    """The promotions of one member; a number of somebody who was merged means the one who has all of it now."""

    http_method_names = ["get", "head", "put", "delete"]
    scopes = {"list": "read", "enrol": "enrol", "leave": "enrol"}
    named_by_address = {"enrol", "leave"}

    def list(self, request: Request, number: str) -> HttpResponse:
        member, now, zone = self._member(number), timezone.now(), self.configuration.zone
        enrolled = _enrolled(member)
        rows = self._may_have(member, enrolled, now)
        gives = what_they_give(rows, now, zone)
        results = []
        for row in rows.order_by("-pk").values(*COLUMNS):
            mine = enrolled.get(row["id"], _Enrolled())
            told = described(row, gives=gives, now=now, zone=zone)
            can_enrol = told["opt_in"] is True and told["state"] != State.ENDED and not mine.is_open
            told |= {"is_enrolled": mine.is_open, "can_enrol": can_enrol} | mine._asdict()
            results.append(told)
        return self.answer({"results": results})

    def _may_have(self, member: int, known: Iterable[int], now: datetime) -> QuerySet[Promotion]:
        """What runs or is to come, and what is `known` to the member, unless it is kept from the member."""
        configuration, rows = self.configuration, offered(self.program.pk)
        coming = not_over(rows, now, configuration.zone)
        silent = [one for one, offer in configuration.promotions.items() if offer.holdout_percent]
        hidden = promotions.left_out(configuration, member, silent)
        return (coming | rows.filter(pk__in=known)).exclude(code__in=hidden, opt_in=False)

    @extend_schema(
        operation_id="enrol_in_promotion",
        summary="Enrol a member in a promotion; said again, it changes nothing",
        parameters=[PROGRAM, _NUMBER, NAME],
        request=None,
        responses={200: _ENROLMENT.schema(), 201: _ENROLMENT.schema()},
    )
    def enrol(self, request: Request, number: str, promotion: str) -> HttpResponse:
        problems.refuse(_NOTHING, request.data or {})
        member, offer = self._row(number), one_offered(self.program.pk, promotion)
        try:
            made, is_new = enrolments.enrol(member, offer, now=timezone.now(), partner_id=self.connection.partner_id)
        except NotOpen as refused:
            # What it is about stands in the address.
            raise NotOpen(refused.refusal.detail) from refused
        told = {"promotion": offer.code, "member": member.number}
        return self.answer(
            {**told, "enrolled_at": made.enrolled_at, "left_at": made.left_at}, status=201 if is_new else 200
        )

    @extend_schema(
        operation_id="leave_promotion",
        summary="Let a member leave a promotion; what it gave stays",
        parameters=[PROGRAM, _NUMBER, NAME],
        responses={204: None},
    )
    def leave(self, request: Request, number: str, promotion: str) -> HttpResponse:
        member = self._row(number)
        offer = one_of(Promotion.objects.filter(program=self.program.pk), promotion)
        if not enrolments.leave(member, offer, now=timezone.now(), partner_id=self.connection.partner_id):
            raise problems.unlike("not_enrolled", "The member has not enrolled in this promotion, or has left it.")
        return HttpResponse(status=204)

    def _row(self, number: str) -> Member:
        return Member.objects.get(pk=self._member(number))

    def _member(self, number: str) -> int:
        """The key of the member whom this number means. Raises Refused for nobody."""
        finder = Lookup(Session(), self.program.pk, self.connection.pk, [{"number": number}])
        found = finder.take()[0]
        if isinstance(found, Refusal):
            raise numbers.unknown()
        return found


def _enrolled(member: int) -> dict[int, _Enrolled]:
    """{key of a promotion: enrolment} of one member."""
    rows = PromotionEnrolment.objects.filter(member=member)
    return {
        promotion: _Enrolled(*instants)
        for promotion, *instants in rows.values_list("promotion_id", "enrolled_at", "left_at")
    }
