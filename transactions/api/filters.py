"""By what can transactions, ledger entries and standings be listed?"""

from typing import ClassVar

from django.db.models import Exists, Model, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, QueryDict
from django_filters.filters import CharFilter, ChoiceFilter
from django_filters.filterset import FilterSet
from django_filters.rest_framework.backends import DjangoFilterBackend
from rest_framework.request import Request

from members.models import Member, Standing
from partners.api.filters import IdFilter, InstantFilter
from programs.api.endpoint import ProgramEndpoint
from transactions.models import Entry, Journal


class LedgerFilters(DjangoFilterBackend):
    """Gives a filterset the program and the connection that the endpoint works in."""

    def get_filterset_kwargs(
        self, request: HttpRequest, queryset: "QuerySet[Model]", view: ProgramEndpoint
    ) -> dict[str, object]:
        known: dict[str, object] = super().get_filterset_kwargs(request, queryset, view)
        return known | {"program_id": view.program.pk, "connection_id": view.connection.pk}


class OfProgram(FilterSet):
    """Numbers and names mean those of one program, external ids those that one connection sent."""

    def __init__(
        self,
        data: QueryDict,
        queryset: "QuerySet[Model]",
        *,
        request: Request,
        program_id: int,
        connection_id: int,
    ) -> None:
        super().__init__(data, queryset, request=request)
        self.program_id, self.connection_id = program_id, connection_id

    def of_member(self, queryset: "QuerySet[Model]", name: str, value: str) -> "QuerySet[Model]":
        """Rows of the member with this membership number in the program."""
        # As a subquery, so that the index (member, …) gives the page in order.
        member = Member.objects.filter(program=self.program_id, number=value).values("pk")
        return queryset.filter(member_id=Subquery(member))


class TransactionFilter(OfProgram):
    """What GET transactions/ can be narrowed by."""

    member = CharFilter(method="of_member", max_length=24, label="Membership number.")
    kind = ChoiceFilter(choices=Journal.Kind.choices)
    activity = CharFilter(max_length=40)
    status = ChoiceFilter(choices=Journal.Status.choices)
    store = CharFilter(field_name="store__code", max_length=40, label="Code of the store.")
    channel = CharFilter(max_length=20)
    currency = CharFilter(
        method="of_currency", max_length=40, label="Code of a currency of the program that it moved."
    )
    external_id = CharFilter(
        method="of_sender", max_length=128, label="As it was sent by the connection of this key."
    )
    activity_from = InstantFilter("activity_at", "gte", label="Happened at this instant or later.")
    activity_before = InstantFilter("activity_at", "lt", label="Happened before this instant.")
    received_from = InstantFilter("received_at", "gte", label="Reached us at this instant or later.")
    received_before = InstantFilter("received_at", "lt", label="Reached us before this instant.")

    class Meta:
        model = Journal
        fields: ClassVar[list[str]] = []

    def of_currency(self, queryset: "QuerySet[Model]", name: str, value: str) -> "QuerySet[Model]":
        """Journals that moved points of the currency with this code."""
        moved = Entry.objects.filter(currency__program=self.program_id, currency__code=value)
        return queryset.filter(Exists(moved.filter(journal=OuterRef("pk"))))

    def of_sender(self, queryset: "QuerySet[Model]", name: str, value: str) -> "QuerySet[Model]":
        """Journals that the connection sent under this external id."""
        # All columns of the unique key, so that it is used.
        return queryset.filter(connection=self.connection_id, kind__in=Journal.Kind.values, external_id=value)


class EntryFilter(OfProgram):
    """What GET entries/ can be narrowed by."""

    member = CharFilter(method="of_member", max_length=24, label="Membership number.")
    transaction = IdFilter("journal_id", label="Id of the transaction.")
    kind = ChoiceFilter(choices=Entry.Kind.choices)
    currency = CharFilter(field_name="currency__code", max_length=40, label="Code of the currency.")
    activity_from = InstantFilter("activity_at", "gte", label="Happened at this instant or later.")
    activity_before = InstantFilter("activity_at", "lt", label="Happened before this instant.")
    posted_from = InstantFilter("posted_at", "gte", label="Booked at this instant or later.")
    posted_before = InstantFilter("posted_at", "lt", label="Booked before this instant.")

    class Meta:
        model = Entry
        fields: ClassVar[list[str]] = []


class StandingFilter(OfProgram):
    """What GET members/NUMBER/tiers/ can be narrowed by."""

    group = CharFilter(field_name="group__code", max_length=40, label="Code of the tier group.")

    class Meta:
        model = Standing
        fields: ClassVar[list[str]] = []
