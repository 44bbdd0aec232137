"""By what can transactions and ledger entries be listed?"""

from datetime import datetime
from typing import ClassVar

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, Model, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, QueryDict
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework.request import Request

from loyalty_site.lib import instants
from members.models import Member
from partners.limits import LARGEST_KEY
from programs.api.endpoint import ProgramEndpoint
from transactions.models import Entry, Journal


class LedgerFilters(DjangoFilterBackend):
    """Gives a filterset the program and the connection that the endpoint works in."""

    def get_filterset_kwargs(
        self, request: HttpRequest, queryset: "QuerySet[Model]", view: ProgramEndpoint
    ) -> dict[str, object]:
        known = super().get_filterset_kwargs(request, queryset, view)
        return known | {"program_id": view.program.pk, "connection_id": view.connection.pk}


class InstantField(forms.Field):
    """Django's own reads more forms, and years that the databases cannot compare."""

    def to_python(self, value: str | None) -> datetime | None:
        """The instant in UTC, None for none. Raises ValidationError for what is no instant."""
        text = (value or "").strip()
        if not text:
            return None
        found = instants.instant(text)
        if found is None:
            raise ValidationError(
                "Write the instant with its time zone, like 2026-03-09T17:30:00Z.", "invalid_instant"
            )
        return found


@extend_schema_field(OpenApiTypes.DATETIME)
class InstantFilter(django_filters.Filter):
    """Compares with an instant that has its time zone."""

    field_class = InstantField


@extend_schema_field(OpenApiTypes.INT64)
class IdFilter(django_filters.Filter):
    """Compares with the id of a row."""

    field_class = forms.IntegerField


class OfProgram(django_filters.FilterSet):
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

    member = django_filters.CharFilter(method="of_member", max_length=24, label="Membership number.")
    kind = django_filters.ChoiceFilter(choices=Journal.Kind.choices)
    activity = django_filters.CharFilter(max_length=40)
    status = django_filters.ChoiceFilter(choices=Journal.Status.choices)
    store = django_filters.CharFilter(field_name="store__code", max_length=40, label="Code of the store.")
    channel = django_filters.CharFilter(max_length=20)
    currency = django_filters.CharFilter(
        method="of_currency", max_length=40, label="Code of a currency of the program that it moved."
    )
    external_id = django_filters.CharFilter(
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

    member = django_filters.CharFilter(method="of_member", max_length=24, label="Membership number.")
    transaction = IdFilter("journal_id", min_value=1, max_value=LARGEST_KEY, label="Id of the transaction.")
    kind = django_filters.ChoiceFilter(choices=Entry.Kind.choices)
    currency = django_filters.CharFilter(field_name="currency__code", max_length=40, label="Code of the currency.")
    activity_from = InstantFilter("activity_at", "gte", label="Happened at this instant or later.")
    activity_before = InstantFilter("activity_at", "lt", label="Happened before this instant.")
    posted_from = InstantFilter("posted_at", "gte", label="Booked at this instant or later.")
    posted_before = InstantFilter("posted_at", "lt", label="Booked before this instant.")

    class Meta:
        model = Entry
        fields: ClassVar[list[str]] = []
