"""How do other systems enrol, find and read members?"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request

from loyalty_site.lib import lost_plus, problems
from loyalty_site.lib.refusals import Refusal, Refused
from loyalty_site.lib.schema_objects import Answered
from loyalty_site.lib.schema_types import Instant
from loyalty_site.lib.sql import Session
from members import due, profile, progress
from members.api import numbers
from members.api.schemas import members as schemas
from members.api.schemas import tiers
from members.enrolment import AlreadyMember, enrol
from members.held import State
from members.lookup import IDENTIFIERS, Lookup, notations
from members.models import Customer, ExternalId, Member
from members.profile import Profile
from partners.catalogue import UnknownStore
from partners.models import Store
from programs.api.endpoint import PROGRAM, ProgramEndpoint
from programs.configuration import Currency

#: An instant on each axis of time: when things happened, and when we knew.
AXES = ("at", "known_at")
_EXAMPLE = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "email": "ada@example.com",
    "phone": "+33612345678",
    "birth_date": "1984-03-09",
    "cards": ["C-1815"],
    "external_id": "customer-7",
    "home_store": "lyon",
}


class CustomerDiffers(Refused):
    """An enrolment says something else of a person than what is stored."""

    code = "customer_differs"


@extend_schema_view(
    create=extend_schema(
        operation_id="enrol_member",
        summary="Enrol somebody",
        description="A person whom your external_id names already joins this program too.",
        parameters=[PROGRAM],
        request={"application/json": schemas.ENROLMENT.schema()},
        responses={201: schemas.MEMBER.schema()},
        examples=[OpenApiExample("A person", value=_EXAMPLE, request_only=True)],
    ),
    retrieve=extend_schema(
        operation_id="read_member",
        summary="A member with balances, tiers, points to the next tier and coming expiries",
        description="With at or known_at: what was held at that instant, as it was true, and as it was known.",
        parameters=[
            PROGRAM,
            OpenApiParameter("number", str, OpenApiParameter.PATH),
            OpenApiParameter("at", OpenApiTypes.DATETIME, description="What had happened by this instant."),
            OpenApiParameter("known_at", OpenApiTypes.DATETIME, description="What was written down by this instant."),
        ],
        responses={200: {"oneOf": [schemas.MEMBER.schema(), schemas.MEMBER_THEN.schema()]}},
    ),
)
class MemberViewSet(ProgramEndpoint):
    """Members of one program. The ledger lies above this app: a subclass there says what it knows of them."""

    scopes = {"create": "enrol", "lookup": "read", "retrieve": "read"}
    parameters = {"lookup": IDENTIFIERS, "retrieve": AXES}

    def settle(self, member_id: int, *, now: datetime) -> None:
        """Book what time has done to the member by `now`."""
        raise NotImplementedError

    def expiries(self, collect: Callable[[str], str]) -> str:
        """The subquery for the coming expiries of the member's points that profile.read needs."""
        raise NotImplementedError

    def as_of(self, member_id: int, *, true_at: datetime | None, known_at: datetime | None) -> State:
        """What the member held at these instants; None takes everything on that axis."""
        raise NotImplementedError

    def view(self) -> str:
        return "" if self.sees_persons else "#without-persons"

    def create(self, request: Request) -> HttpResponse:
        return self.once(self._enrol)

    def _enrol(self) -> HttpResponse:
        asked = problems.refuse(schemas.ENROLMENT, self.request.data)
        known = self._known(asked.external_id)
        customer = _customer(asked.person, self.configuration.country)
        if known:
            _compare(known.customer, customer, asked.person, is_told=self.sees_persons)
            customer = known.customer
        try:
            member = enrol(
                self.program,
                customer,
                channel=asked.channel,
                home_store=self._store(asked.home_store),
                cards=asked.cards,
                external_id="" if known else asked.external_id,
                via=self.connection,
            )
        except AlreadyMember as refused:
            raise _as_sent(refused) from refused
        where = f"{reverse('api:member', args=[member.number])}?program={self.program.code}"
        return self.answer(self._described(profile.BY_ID, member.pk), status=201, headers={"Location": where})

    def _known(self, external_id: str) -> ExternalId | None:
        """The name that this connection has given to a person already."""
        if not external_id:
            return None
        values = notations("external_id", external_id)
        named = ExternalId.objects.filter(connection=self.connection.pk, value__in=values).select_related("customer")
        return min(named, key=lambda row: values.index(row.value), default=None)

    @extend_schema(
        operation_id="find_member",
        summary="Find a member by what you have of them",
        description="The surest identifier wins: number, card, external_id, email, phone.",
        parameters=[PROGRAM, *(OpenApiParameter(name, str) for name in IDENTIFIERS)],
        responses={200: schemas.MEMBER.schema()},
    )
    def lookup(self, request: Request) -> HttpResponse:
        sent = {name: request.query_params.get(name, "") for name in IDENTIFIERS}
        sent |= {"phone": lost_plus.in_phone(sent["phone"]), "email": lost_plus.in_email(sent["email"])}
        given = {name: text.strip() for name, text in sent.items() if text.strip()}
        country = self.configuration.country
        finder = Lookup(Session(), self.program.pk, self.connection.pk, [given], country=country)
        found = finder.take()[0]
        if isinstance(found, Refusal):
            field = found.field.removeprefix("member").removeprefix(".")
            raise problems.Rejected([Refusal(found.code, found.detail, f"?{field or 'number'}")])
        return self.answer(self._described(profile.BY_ID, found))

    def retrieve(self, request: Request, number: str) -> HttpResponse:
        if not request.query_params.keys() & AXES:
            return self.answer(self._described(profile.BY_NUMBER, self.program.pk, number))
        known = numbers.member(self.program.pk, number)
        now = timezone.now()
        at, known_at = (_past(request.query_params.get(name), f"?{name}", now) for name in AXES)
        return self.answer({"number": number, "program": self.program.code} | self._then(known, at, known_at, now))

    def _then(
        self, member_id: int, at: datetime | None, known_at: datetime | None, now: datetime
    ) -> dict[str, Answered]:
        """What the member held at these instants; None takes everything on that axis."""
        if due.among(Member.objects.filter(pk=member_id), now=now):
            self.settle(member_id, now=now)
        then = self.as_of(member_id, true_at=at, known_at=known_at)
        currencies = self._currencies()
        codes = {currency.id: currency.code for currency in currencies}
        return {
            "at": at,
            "known_at": known_at,
            "balances": [
                schemas.balance_then(currency, then.balances.get(currency.id, {})) for currency in currencies
            ],
            "lots": [schemas.lot_then(lot, codes) for lot in then.lots],
            "tiers": tiers.tiers_then(self.configuration.tier_groups.values(), then.tiers),
        }

    def _currencies(self) -> list[Currency]:
        return sorted(self.configuration.currencies.values(), key=lambda c: (not c.is_primary, c.code))

    def _store(self, code: str) -> Store | None:
        if not code:
            return None
        store = Store.objects.filter(partner=self.connection.partner_id, code=code, is_active=True).first()
        if store is None:
            raise UnknownStore("Your partner has no active store with this code.", field="home_store")
        return store

    def _described(self, condition: str, *values: int | str) -> dict[str, Answered]:
        """All that is said of the member whom the condition of profile.read names. Raises Refused for nobody."""
        now = timezone.now()
        found = self._profile(condition, values, now)
        if found and found.is_due(now):
            self.settle(found.id, now=now)
            found = self._profile(condition, values, now)
        if found is None:
            raise numbers.unknown()
        balances = [
            schemas.balance(currency, found.balances.get(currency.id), ends=found.expiries.get(currency.id, ()))
            for currency in self._currencies()
        ]
        about = schemas.member(found, program=self.program.code, with_person=self.sees_persons)
        return about | {"balances": balances, "tiers": self._tiers(found, now)}

    def _profile(self, condition: str, values: Sequence[int | str], now: datetime) -> Profile | None:
        session = Session()
        return profile.read(
            session,
            condition,
            values,
            connection_id=self.connection.pk,
            windows_from=progress.windows_from(self.configuration, now=now),
            expiries=self.expiries(session.collect),
            now=now,
        )

    def _tiers(self, found: Profile, now: datetime) -> list[Answered]:
        return [
            tiers.standing(step, found.benefits, now=now, zone=self.configuration.zone)
            for step in progress.steps(self.configuration, found.account, now=now)
        ]


def _as_sent(refused: AlreadyMember) -> AlreadyMember:
    """The refusal at the field that was sent: a person who is known here was named by the external_id."""
    if refused.refusal.field != "customer":
        return refused
    detail = "The person of this external_id is a member of the program already; look the member up by it."
    return AlreadyMember(detail, field="external_id")


def _past(text: str | None, field: str, now: datetime) -> datetime | None:
    """The instant that a query parameter says, None for none. Raises Rejected for what is none, or is yet to come."""
    if text is None:
        return None
    found = problems.refuse(Instant(), lost_plus.in_instant(text), field=field)
    if found > now:
        raise problems.Rejected([Refusal("invalid_date", "That is yet to come; ask for the past.", field)])
    return found


def _customer(person: Mapping[str, str | date], country: str) -> Customer:
    """The unsaved Customer that an enrolment describes. Raises Rejected where the model's rules are broken."""
    customer = Customer(**person)
    try:
        customer.write_alike(country)
        customer.full_clean()
    except ValidationError as error:
        raise problems.Rejected(
            Refusal("invalid_value", text, "" if field == "__all__" else field)
            for field, texts in error.message_dict.items()
            for text in texts
        ) from error
    if customer.birth_date and customer.birth_date > timezone.localdate():
        raise problems.Rejected([Refusal("invalid_day", "A birth date lies in the past.", "birth_date")])
    return customer


def _compare(stored: Customer, sent: Customer, names: Collection[str], *, is_told: bool) -> None:
    """What is sent of a person who is known (`names`) must be what is stored: an enrolment changes nobody's data.

    Where the sender may not be told what is stored, nothing is compared: one guess after the other would tell it.
    """
    if names and not is_told:
        detail = "The person of this external_id is stored already: send it without anything about the person."
        raise CustomerDiffers(detail, field=next(iter(names)))
    sent.set_keys()
    columns = {name: "email_key" if name == "email" else name for name in schemas.PERSON if name in names}
    other = [name for name, column in columns.items() if getattr(sent, column) != getattr(stored, column)]
    if other:
        detail = f"The person of this external_id is stored with another {', '.join(other)}; leave it out."
        raise CustomerDiffers(detail, field=other[0])
