"""How do other systems read what a person allowed us to send, and pass on what they say?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request

from loyalty_site.lib import problems
from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.schema_objects import Answer, Answered, Fields
from loyalty_site.lib.schema_types import Instant, Text, Truth
from members import consenting
from members.api import numbers
from members.models import Consent, Customer
from members.models.consents import AHEAD
from partners.api.endpoint import Pages
from partners.api.operations import page_of
from programs.api.endpoint import PROGRAM, ProgramEndpoint

_LONGEST_SOURCE, _LONGEST_VERSION = 80, 40
_COLUMNS = ("channel", "is_given", "said_at", "source", "version", "recorded_at")


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says about messages over a channel."""

    channel: str
    given: bool
    said_at: datetime | None = None
    source: str = "API"
    version: str = ""


SAY = Fields(
    "SaidConsent",
    {
        "channel": Text(10, choices=Consent.Channel.values, required=True),
        "given": Truth(required=True, text="false: the person wants no messages over this channel."),
        "said_at": Instant(text="When they said it; now, unless said."),
        "source": Text(_LONGEST_SOURCE, text="Where they said it: a form, a shop. “API” unless said."),
        "version": Text(_LONGEST_VERSION, text="Version of the terms that they agreed to."),
    },
    Said,
)
CONSENT = Answer(
    "RecordedConsent",
    {
        "channel": Text(10, choices=Consent.Channel.values),
        "given": Truth(),
        "said_at": Instant(),
        "source": Text(_LONGEST_SOURCE),
        "version": Text(_LONGEST_VERSION),
        "recorded_at": Instant(text="When it was written down here."),
    },
)
_NUMBER = OpenApiParameter("number", str, OpenApiParameter.PATH)
_EXAMPLE = {"channel": "email", "given": True, "source": "Newsletter form", "version": "2026-01"}


@extend_schema_view(
    list=extend_schema(
        operation_id="list_consents",
        summary="What the member said about messages, the last recorded first",
        description="Of each channel what was said last counts. Only for keys that may know who members are.",
        parameters=[PROGRAM, _NUMBER],
        responses={200: page_of(CONSENT)},
    ),
    create=extend_schema(
        operation_id="say_consent",
        summary="Pass on what the member says about messages over a channel",
        description="A change of mind is a new entry. The same answer of the same instant is one. "
        "Only for keys that may know who members are.",
        parameters=[PROGRAM, _NUMBER],
        request={"application/json": SAY.schema()},
        responses={200: CONSENT.schema(), 201: CONSENT.schema()},
        examples=[OpenApiExample("Yes to e-mail", value=_EXAMPLE, request_only=True)],
    ),
)
class ConsentViewSet(ProgramEndpoint):
    """What one member allowed us to send; it holds for the person, in whatever programs."""

    queryset = Consent.objects.none()
    scopes = {"list": "read", "create": "enrol"}
    pagination_class = Pages

    def page_order(self) -> str:
        return "-id"

    def list(self, request: Request, number: str) -> HttpResponse:
        return self.page(Consent.objects.filter(customer=self._customer(number)), ("id", *_COLUMNS), _written)

    def create(self, request: Request, number: str) -> HttpResponse:
        return self.once(lambda: self._say(number))

    def _say(self, number: str) -> HttpResponse:
        asked, now = problems.refuse(SAY, self.request.data), timezone.now()
        if asked.said_at and asked.said_at > now + AHEAD:
            detail = "That is yet to come; say when it was said."
            raise problems.Rejected([Refusal("invalid_date", detail, "said_at")])
        with transaction.atomic():
            # One after the other: the second of two equal ones finds the first.
            person = Customer.objects.select_for_update(no_key=True).get(pk=self._customer(number))
            said = person.consents.filter(channel=asked.channel)
            same = said.filter(said_at=asked.said_at, is_given=asked.given) if asked.said_at else said.none()
            if known := same.values(*_COLUMNS).first():
                return self.answer(_written(known))
            consenting.say(
                person,
                asked.channel,
                asked.given,
                source=asked.source,
                version=asked.version,
                said_at=asked.said_at,
            )
            row = said.order_by("-pk").values(*_COLUMNS)[0]
        return self.answer(_written(row), status=201)

    def _customer(self, number: str) -> int:
        """The person behind a membership number. Raises Refused where the key may not know persons, or for nobody."""
        if not self.sees_persons:
            raise problems.unlike("scope_missing", "The key needs the scope personal to speak of who a member is.")
        return numbers.person(self.program.pk, number)


def _written(row: Mapping[str, Answered]) -> dict[str, Answered]:
    return {"given" if name == "is_given" else name: row[name] for name in _COLUMNS}
