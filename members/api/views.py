"""How do other systems enrol, find and read members?"""

from collections.abc import Mapping
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request

from loyalty_site.lib import problems
from loyalty_site.lib.refusals import Refusal, Refused
from loyalty_site.lib.schema_objects import Answered
from loyalty_site.lib.schema_types import Instant
from loyalty_site.lib.sql import Session
from members import progress
from members.api import schemas
from members.enrolment import enrol
from members.held import State
from members.lookup import IDENTIFIERS, Lookup
from members.models import Balance, Card, Customer, ExternalId, Member
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

    def expiries(self, member_id: int, *, now: datetime) -> schemas.Expiries:
        """The coming expiries of the member's points, by key of the currency."""
        raise NotImplementedError

    def as_of(self, member_id: int, *, true_at: datetime | None, known_at: datetime | None) -> State:
        """What the member held at these instants; None takes everything on that axis."""
        raise NotImplementedError

    def create(self, request: Request) -> HttpResponse:
        return self.once(self._enrol)

    def _enrol(self) -> HttpResponse:
        asked = problems.refuse(schemas.ENROLMENT, self.request.data)
        known = self._known(asked.external_id)
        customer = _customer(asked.person)
        if known:
            _compare(known.customer, asked.person)
            customer = known.customer
        member = enrol(
            self.program,
            customer,
            channel=asked.channel,
            home_store=self._store(asked.home_store),
            cards=list(dict.fromkeys(asked.cards)),
            external_id="" if known else asked.external_id,
            via=self.connection,
        )
        where = f"{reverse('api:member', args=[member.number])}?program={self.program.code}"
        return self.answer(self._described(member.pk), status=201, headers={"Location": where})

    def _known(self, external_id: str) -> ExternalId | None:
        """The name that this connection has given to a person already."""
        if not external_id:
            return None
        named = ExternalId.objects.filter(connection=self.connection, value=external_id)
        return named.select_related("customer").first()

    @extend_schema(
        operation_id="find_member",
        summary="Find a member by what you have of them",
        description="The surest identifier wins: number, card, external_id, email, phone.",
        parameters=[PROGRAM, *(OpenApiParameter(name, str) for name in IDENTIFIERS)],
        responses={200: schemas.MEMBER.schema()},
    )
    def lookup(self, request: Request) -> HttpResponse:
        given = {name: text for name in IDENTIFIERS if (text := request.query_params.get(name, "").strip())}
        finder = Lookup(Session(), self.program.pk, self.connection.pk, [given])
        found = finder.take()[0]
        if isinstance(found, Refusal):
            field = found.field.removeprefix("member").removeprefix(".")
            raise problems.Rejected([Refusal(found.code, found.detail, f"?{field or 'number'}")])
        return self.answer(self._described(found))

    def retrieve(self, request: Request, number: str) -> HttpResponse:
        row = Member.objects.filter(program=self.program, number=number).values_list("pk", flat=True).first()
        if row is None:
            raise problems.unlike("member_unknown", "No member of this program has this number.")
        now = timezone.now()
        at, known_at = (_past(request.query_params.get(name), f"?{name}", now) for name in AXES)
        if at or known_at:
            return self.answer({"number": number, "program": self.program.code} | self._then(row, at, known_at, now))
        return self.answer(self._described(row))

    def _then(
        self, member_id: int, at: datetime | None, known_at: datetime | None, now: datetime
    ) -> dict[str, Answered]:
        """What the member held at these instants; None takes everything on that axis."""
        if Balance.objects.filter(member=member_id, next_change_at__lte=now).exists():
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
            "tiers": schemas.tiers_then(self.configuration.tier_groups.values(), then.tiers),
        }

    def _currencies(self) -> list[Currency]:
        return sorted(self.configuration.currencies.values(), key=lambda c: (not c.is_primary, c.code))

    def _store(self, code: str) -> Store | None:
        if not code:
            return None
        store = Store.objects.filter(partner=self.connection.partner, code=code, is_active=True).first()
        if store is None:
            raise UnknownStore("Your partner has no active store with this code.", field="home_store")
        return store

    def _described(self, member_id: int) -> dict[str, Answered]:
        """All that is said of a member; a fixed number of statements, whatever the history."""
        now = timezone.now()
        own = ExternalId.objects.filter(connection=self.connection)
        members = Member.objects.select_related("customer", "home_store").prefetch_related(
            Prefetch("cards", Card.objects.filter(is_active=True).order_by("pk"), "live_cards"),
            Prefetch("customer__external_ids", own.order_by("pk"), "own_ids"),
        )
        member = members.get(pk=member_id)
        member.program = self.program
        ids = member.customer.own_ids  # type: ignore[attr-defined]  # Prefetched above.
        return schemas.member(
            member,
            person=member.customer,
            cards=[card.number for card in member.live_cards],
            external_id=ids[0].value if ids else None,
        ) | {"balances": self._balances(member, now), "tiers": self._tiers(member, now)}

    def _balances(self, member: Member, now: datetime) -> list[Answered]:
        rows = {row.currency_id: row for row in member.balances.all()}
        if any(row.next_change_at and row.next_change_at <= now for row in rows.values()):
            self.settle(member.pk, now=now)
            rows = {row.currency_id: row for row in member.balances.all()}
        ends = self.expiries(member.pk, now=now)
        return [schemas.balance(c, rows.get(c.id), ends=ends.get(c.id, ())) for c in self._currencies()]

    def _tiers(self, member: Member, now: datetime) -> list[Answered]:
        groups = self.configuration.tier_groups.values()
        if not groups:
            return []
        held = {row.group_id: row for row in member.standings.current()}
        tiers = {group: row.tier_id for group, row in held.items()}
        known = {tier.id: tier for group in groups for tier in group.tiers}
        return [
            schemas.standing(
                step,
                tier=known.get(tiers.get(step.group.id)),
                since=held[step.group.id].from_at if step.group.id in held else None,
            )
            for step in progress.steps(self.program, tallies=member.tallies.all(), held=tiers, now=now)
        ]


def _past(text: str | None, field: str, now: datetime) -> datetime | None:
    """The instant that a query parameter says, None for none. Raises Rejected for what is none, or is yet to come."""
    if text is None:
        return None
    found = problems.refuse(Instant(), text, field=field)
    if found > now:
        raise problems.Rejected([Refusal("invalid_date", "That is yet to come; ask for the past.", field)])
    return found


def _customer(person: Mapping[str, str | date]) -> Customer:
    """The unsaved Customer that an enrolment describes. Raises Rejected where the model's rules are broken."""
    customer = Customer(**person)
    try:
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


def _compare(customer: Customer, person: Mapping[str, str | date]) -> None:
    """What is sent of a person who is known must be what is stored: an enrolment changes nobody's data."""
    other = [name for name in schemas.PERSON if name in person and person[name] != getattr(customer, name)]
    if other:
        detail = f"The person of this external_id is stored with another {', '.join(other)}; leave it out."
        raise CustomerDiffers(detail, field=other[0])
