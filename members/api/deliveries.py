"""How do other systems read what was sent to their endpoints, and what was answered?"""

from typing import ClassVar

from django.db.models import QuerySet, Subquery
from django.http import HttpResponse
from django_filters.filters import CharFilter, ChoiceFilter
from django_filters.filterset import FilterSet
from django_filters.rest_framework.backends import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request

from loyalty_site.lib import problems
from members.api.schemas import hooks as schemas
from members.models import Delivery, Member
from partners import hooks
from partners.api.endpoint import Endpoint, Pages
from partners.api.filters import IdFilter, InstantFilter
from partners.api.operations import ID, page_of
from programs.models import Program
from programs.reach import ReachingKey


class DeliveryFilter(FilterSet):
    """What GET deliveries/ can be narrowed by."""

    state = ChoiceFilter(choices=Delivery.State.choices)
    event = CharFilter(field_name="event__type", max_length=40, label="Type of the event.")
    hook = IdFilter("endpoint_id", label="Id of the subscription.")
    member = CharFilter(method="of_member", max_length=24, label="Membership number.")
    program = CharFilter(field_name="program__code", max_length=40, label="Code of the program.")
    since = InstantFilter("created_at", "gte", label="Written down at this instant or later.")
    before = InstantFilter("created_at", "lt", label="Written down before this instant.")

    class Meta:
        model = Delivery
        fields: ClassVar[list[str]] = []

    def of_member(self, queryset: QuerySet[Delivery], name: str, value: str) -> QuerySet[Delivery]:
        """What tells of the members with this number; there may be one in each program."""
        # Each program, because the index of numbers begins with it.
        numbered = Member.objects.filter(program__in=Program.objects.order_by().values("pk"), number=value)
        return queryset.filter(member__in=Subquery(numbered.values("pk")))


@extend_schema_view(
    list=extend_schema(
        operation_id="list_deliveries",
        summary="What was sent to your subscriptions, the newest first",
        responses={200: page_of(schemas.DELIVERY)},
    ),
    retrieve=extend_schema(
        operation_id="read_delivery",
        summary="A delivery with what was sent, and each attempt with its answer",
        parameters=[ID],
        responses={200: schemas.DETAIL.schema()},
    ),
)
class DeliveryViewSet(Endpoint):
    """What is on its way to the subscriptions of the key's partner, and what became of it."""

    authentication_classes = [ReachingKey]
    queryset = Delivery.objects.none()
    scopes = {"list": "hooks", "retrieve": "hooks"}
    pagination_class = Pages
    filter_backends = [DjangoFilterBackend]
    filterset_class = DeliveryFilter

    def page_order(self) -> str:
        return "-id"

    def list(self, request: Request) -> HttpResponse:
        return self.page(self._own(), schemas.DELIVERY_COLUMNS, schemas.delivery)

    def retrieve(self, request: Request, id: int) -> HttpResponse:
        row = self._own().filter(pk=id).values(*schemas.DELIVERY_COLUMNS, "event__data").first()
        if row is None:
            raise problems.unlike("delivery_unknown", "Your partner's subscriptions have no delivery with this id.")
        tries = [schemas.attempt(one) for one in Delivery(pk=id).tries.all()]
        return self.answer({**schemas.delivery(row), "data": row["event__data"], "tries": tries})

    def _own(self) -> QuerySet[Delivery]:
        """Named by its endpoints, so that their index gives a page in order; messages to members have none.

        Where one of them is asked for it is that one alone: of a list and one, SQLite reads the list.
        """
        own, asked = hooks.of_partner(self.connection.partner_id), self.request.query_params.get("hook", "")
        if asked.isascii() and asked.isdecimal() and len(asked) <= 18:
            own = [pk for pk in own if pk == int(asked)]
        return (
            Delivery.objects.filter(endpoint=own[0]) if len(own) == 1 else Delivery.objects.filter(endpoint__in=own)
        )
