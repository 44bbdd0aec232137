"""How do other systems read which tiers a member held, and why?"""

from functools import partial

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request

from members import due
from members.api import numbers
from members.api.schemas import tiers
from members.models import Member, Standing
from partners.api.endpoint import Pages
from partners.api.operations import page_of
from programs.api.endpoint import PROGRAM
from transactions import ledger
from transactions.api.endpoint import LedgerEndpoint
from transactions.api.filters import LedgerFilters, StandingFilter


@extend_schema_view(
    list=extend_schema(
        operation_id="list_standings",
        summary="Every tier that a member holds or held, with the reason, the latest change first",
        description="What was superseded stands in it, too: it counts for what was known before.",
        parameters=[PROGRAM, OpenApiParameter("number", str, OpenApiParameter.PATH)],
        responses={200: page_of(tiers.HISTORY)},
    )
)
class StandingViewSet(LedgerEndpoint):
    """The history of the tiers of one member; whoever may read the member may read it."""

    queryset = Standing.objects.none()
    scopes = {"list": "read"}
    pagination_class = Pages
    filter_backends = [LedgerFilters]
    filterset_class = StandingFilter

    def page_order(self) -> str:
        return "-id"

    def list(self, request: Request, number: str) -> HttpResponse:
        now = timezone.now()
        member = numbers.member(self.program.pk, number)
        if due.among(Member.objects.filter(pk=member), now=now):
            ledger.refresh(self.program.pk, [member], now=now)
        write = partial(tiers.past, is_owner=self.is_owner)
        return self.page(Standing.objects.filter(member=member), tiers.HISTORY_COLUMNS, write)
