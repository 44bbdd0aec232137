"""How do other systems read which promotions a program makes?"""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from functools import partial

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request

from loyalty_site.lib import problems
from loyalty_site.lib.refusals import Refusal, Refused
from loyalty_site.lib.schema_objects import Answer, Answered, Items
from loyalty_site.lib.schema_types import Day, SchemaType, Text, Truth
from partners.api.endpoint import Pages
from partners.api.operations import page_of
from programs.api.endpoint import AddressedProgram
from programs.models import Promotion, Rule
from programs.periods import local_date
from programs.promotion_states import giving
from programs.rules import sentences
from programs.running import Span, State, in_state

_SHOWN = ("code", "name", "description", "starts_on", "ends_on", "opt_in")
#: The columns that a promotion is made of, as .values() names them.
COLUMNS = ("id", *_SHOWN, "conditions", "uses_per_code", "stopped_from")
#: The fields of a promotion, for whoever adds to them.
FIELDS: dict[str, SchemaType[object]] = {
    "code": Text(40),
    "name": Text(80),
    "description": Text(400, text="What members and staff are told of it, with its terms."),
    "state": Text(10, choices=tuple(State), text="One that was stopped has ended."),
    "starts_on": Day(null=True, text="The first day; null: it began long ago."),
    "ends_on": Day(null=True, text="The last day; null: open."),
    "gives": Items(Text(10_000), text="What it gives, one sentence for each of its rules."),
    "conditions": Text(10_000, text="What it asks for beside its rules, in words; empty: nothing."),
    "opt_in": Truth(text="Members must enrol; only what happens after that counts."),
    "needs_code": Truth(text="A code of its own list has to be given with the purchase."),
}
PROMOTION = Answer("Promotion", FIELDS)
CODE = OpenApiParameter("code", str, OpenApiParameter.PATH, description="Code of the program.")
NAME = OpenApiParameter("promotion", str, OpenApiParameter.PATH, description="Code of the promotion.")
_ALL = "all"
_STATES = (*State, _ALL)


def offered(program_id: int) -> QuerySet[Promotion]:
    """The promotions of a program that others may hear of: those that are switched on, and give something."""
    return Promotion.objects.filter(giving(), program=program_id, is_active=True)


def one_offered(program_id: int, code: str) -> Promotion:
    """The promotion with this code. Raises Refused where others hear of none."""
    return one_of(offered(program_id), code)


def one_of(rows: QuerySet[Promotion], code: str) -> Promotion:
    """The promotion among these with this code. Raises Refused for none."""
    found = rows.select_related("program").filter(code=code).first()
    if found is None:
        raise _unknown()
    return found


def _unknown() -> Refused:
    """What is said of a code that is of no promotion, or of one of which others hear nothing."""
    return problems.unlike("promotion_unknown", "The program has no promotion with this code.")


def what_they_give(rows: QuerySet[Promotion], now: datetime, zone: tzinfo) -> Mapping[int, list[Answered]]:
    """{key of a promotion: a sentence for each rule that is switched on and not over}; one statement."""
    live = Q(ends_on=None) | Q(ends_on__gte=local_date(now, zone))
    rules = Rule.objects.filter(live, promotion__in=rows.order_by().values("pk"), is_active=True)
    found: dict[int, list[Answered]] = {}
    for one in rules.select_related("currency", "program").order_by("priority", "pk"):
        found.setdefault(one.promotion_id or 0, []).append(one.say())
    return found


def described(
    row: Mapping[str, Answered], *, gives: Mapping[int, list[Answered]], now: datetime, zone: tzinfo
) -> dict[str, Answered]:
    """A Promotion, read with `.values(*COLUMNS)`, as the API writes it."""
    span = Span(row["starts_on"], row["ends_on"], row["stopped_from"])  # type: ignore[arg-type]
    return {
        **{name: row[name] for name in _SHOWN},
        "state": span.state(now, zone).value,
        "gives": gives.get(row["id"], []),  # type: ignore[arg-type]
        "conditions": sentences.of_conditions(row["conditions"]),  # type: ignore[arg-type]
        "needs_code": bool(row["uses_per_code"]),
    }


@extend_schema_view(
    list=extend_schema(
        operation_id="list_promotions",
        summary="The promotions of a program, the newest first",
        description="Those that run, unless `state` says otherwise. One that is switched off is told to nobody.",
        parameters=[CODE, OpenApiParameter("state", str, enum=_STATES)],
        responses={200: page_of(PROMOTION)},
    ),
    retrieve=extend_schema(
        operation_id="read_promotion",
        summary="A promotion",
        parameters=[CODE, NAME],
        responses={200: PROMOTION.schema()},
    ),
)
class PromotionViewSet(AddressedProgram):
    """Promotions, to read: never their codes, nor who is left out of them."""

    queryset = Promotion.objects.none()
    scopes = {"list": "read", "retrieve": "read"}
    parameters = {"list": ["state"]}
    pagination_class = Pages

    def page_order(self) -> str:
        return "-id"

    def list(self, request: Request, code: str) -> HttpResponse:
        now, zone = timezone.now(), self.configuration.zone
        asked, rows = request.query_params.get("state", State.RUNNING), offered(self.program.pk)
        if asked not in _STATES:
            detail = f"Choose one of {', '.join(_STATES)}."
            raise problems.Rejected([Refusal("invalid_choice", detail, "?state")])
        if asked != _ALL:
            rows = in_state(rows, State(asked), now, zone)
        gives = what_they_give(rows, now, zone)
        return self.page(rows, COLUMNS, partial(described, gives=gives, now=now, zone=zone))

    def retrieve(self, request: Request, code: str, promotion: str) -> HttpResponse:
        now, zone = timezone.now(), self.configuration.zone
        rows = offered(self.program.pk).filter(code=promotion)
        row = rows.values(*COLUMNS).first()
        if row is None:
            raise _unknown()
        return self.answer(described(row, gives=what_they_give(rows, now, zone), now=now, zone=zone))
