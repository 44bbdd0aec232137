"""How do other systems subscribe to events, and leave again? REST hooks, as Zapier and Power Automate know them."""

import json
from typing import cast

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request

from loyalty_site.lib import problems, receivers
from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.schema_objects import Items
from members import endpoints
from members.api.schemas import hooks as schemas
from members.models import Delivery, Event
from partners import event_shapes, hooks
from partners.api.endpoint import Endpoint
from partners.api.operations import ID
from partners.events import EVENTS, About
from partners.hooks import Subscription
from partners.models import WebhookEndpoint
from programs.reach import ProgramCaller, ReachingKey

#: Samples are looked for among so many events, the latest ones: there is no index by their type.
_LOOKED_AT = 1000
_MOST_SAMPLES = 3
_SAMPLED = [one.name for one in EVENTS.values() if one.about == About.MEMBER]
#: One answer for whatever a look-up has shown: by several a key could draw the map of our network.
_OUT_OF_REACH = (
    "Nobody reaches this address from the internet by https: look at its spelling. A receiver in the own network of "
    "this installation has to be allowed by its administrator."
)
_EXAMPLE = {"target_url": "https://example.com/hooks", "events": ["points.earned", "tier.upgraded"]}


@extend_schema_view(
    list=extend_schema(
        operation_id="list_hooks",
        summary="The subscriptions of your partner",
        responses={200: schemas.HOOKS.schema()},
    ),
    create=extend_schema(
        operation_id="subscribe",
        summary="Be told of events at an address",
        description="The same address and events again are the same subscription. A key needs no scope `personal`: "
        "events name members by their number alone.",
        request={"application/json": schemas.SUBSCRIBE.schema()},
        responses={200: schemas.HOOK.schema(), 201: schemas.HOOK.schema()},
        examples=[OpenApiExample("Two events", value=_EXAMPLE, request_only=True)],
    ),
    retrieve=extend_schema(
        operation_id="read_hook",
        summary="A subscription, and whether what is sent there arrives",
        parameters=[ID],
        responses={200: schemas.HOOK.schema()},
    ),
    destroy=extend_schema(
        operation_id="unsubscribe",
        summary="Unsubscribe; what is still on its way there is skipped",
        parameters=[ID],
        responses={204: None},
    ),
)
class HookViewSet(Endpoint):
    """Subscriptions of the key's partner; those of others are none that it can see."""

    authentication_classes = [ReachingKey]
    http_method_names = ["get", "head", "post", "delete"]
    scopes = dict.fromkeys(["list", "create", "retrieve", "destroy", "rotate", "send_test", "sample"], "hooks")
    named_by_address = {"create", "send_test", "destroy"}
    parameters = {"sample": ["event"]}

    def list(self, request: Request) -> HttpResponse:
        rows = self._own().exclude(status=WebhookEndpoint.Status.UNSUBSCRIBED)
        return self.answer({"results": [schemas.hook(one) for one in rows]})

    def create(self, request: Request) -> HttpResponse:
        asked = problems.refuse(schemas.SUBSCRIBE, request.data)
        if problem := asked.problem():
            raise problems.Rejected([problem])
        # Before anything is locked: a name may take long to be looked up.
        if not self.is_repeated():
            _check_address(asked.target_url)
        return self.once(lambda: self._subscribe(asked.subscription()))

    def _subscribe(self, wanted: Subscription) -> HttpResponse:
        made, is_new = hooks.subscribe(self.connection, wanted, key_id=self.caller.pk)
        # Whole, because what unsubscribes by this address is another system than the one that reads our manual.
        where = self.request.build_absolute_uri(reverse("api:hook", args=[made.pk]))
        told = schemas.hook(made, secret=made.secret if is_new else "")
        return self.answer(told, status=201 if is_new else 200, headers={"Location": where})

    def retrieve(self, request: Request, id: int) -> HttpResponse:
        return self.answer(schemas.hook(self._one(id)))

    def destroy(self, request: Request, id: int) -> HttpResponse:
        endpoints.unsubscribe(self._one(id), reason="Unsubscribed over the API.")
        return HttpResponse(status=204)

    @extend_schema(
        operation_id="rotate_secret",
        summary="Replace the secret; the old one signs as well for some hours",
        description="Said again with the same secret it changes nothing.",
        parameters=[ID],
        request={"application/json": schemas.ROTATE.schema()},
        responses={200: schemas.HOOK.schema()},
        examples=[OpenApiExample("Both sign for two days", value={"hours": 48}, request_only=True)],
    )
    def rotate(self, request: Request, id: int) -> HttpResponse:
        return self.once(lambda: self._rotate(id))

    def _rotate(self, id: int) -> HttpResponse:
        asked = problems.refuse(schemas.ROTATE, self.request.data)
        if problem := asked.problem():
            raise problems.Rejected([problem])
        rotated = hooks.rotate(self._one(id), hours=asked.hours, secret=asked.secret)
        return self.answer(schemas.hook(rotated, secret=rotated.secret))

    @extend_schema(
        operation_id="test_hook",
        summary="Send a test event to this subscription alone",
        description="Its type is `hook.test`. The delivery tells what became of it; one that is on its way is no "
        "second one.",
        parameters=[ID],
        request={"application/json": schemas.TEST.schema()},
        responses={202: schemas.DELIVERY.schema()},
        examples=[OpenApiExample("A test", value={}, request_only=True)],
    )
    def send_test(self, request: Request, id: int) -> HttpResponse:
        problems.refuse(schemas.TEST, request.data)
        return self.once(lambda: self._send_test(id))

    def _send_test(self, id: int) -> HttpResponse:
        made = endpoints.send_test(self._one(id), now=timezone.now())
        where = self.request.build_absolute_uri(reverse("api:delivery", args=[made.pk]))
        row = Delivery.objects.values(*schemas.DELIVERY_COLUMNS).get(pk=made.pk)
        return self.answer(schemas.delivery(row), status=202, headers={"Location": where})

    @extend_schema(
        operation_id="sample_events",
        summary="Up to three events of a type, to build a receiver on",
        description="The latest ones that you could have been told of, or one that is made up.",
        parameters=[OpenApiParameter("event", str, required=True, enum=_SAMPLED)],
        responses={200: Items(schemas.SENT_EVENT).schema()},
    )
    def sample(self, request: Request) -> HttpResponse:
        name = request.query_params.get("event", "")
        if name not in _SAMPLED:
            detail = f"Choose one of {', '.join(_SAMPLED)}."
            raise problems.Rejected([Refusal("invalid_choice", detail, "?event")])
        programs = cast(ProgramCaller, self.caller).programs
        owned = [one.pk for one in programs if one.owner_id == self.connection.partner_id]
        others = Q(program__in=[one.pk for one in programs], partner=self.connection.partner_id)
        latest = Event.objects.filter(pk__in=Event.objects.order_by("-pk").values("pk")[:_LOOKED_AT], type=name)
        told = latest.filter(Q(program__in=owned) | others).select_related("program").order_by("-pk")
        samples = [schemas.sent_event(one) for one in told[:_MOST_SAMPLES]]
        return self.answer(samples or [event_shapes.sample_body(name)])

    def kept(self, response: HttpResponse) -> str:
        # A secret is shown once, and stored nowhere in plain text.
        told = json.loads(response.content)
        if isinstance(told, dict) and told.get("secret"):
            told["secret"] = None
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))

    def _own(self) -> QuerySet[WebhookEndpoint]:
        return WebhookEndpoint.objects.filter(connection__partner=self.connection.partner_id)

    def _one(self, id: int) -> WebhookEndpoint:
        found = self._own().filter(pk=id).first()
        if found is None:
            raise problems.unlike("hook_unknown", "Your partner has no subscription with this id.")
        return found


def _check_address(url: str) -> None:
    """Raises Rejected for one that may not be asked."""
    try:
        receivers.check_address(url)
    except receivers.OutOfReach as refused:
        raise problems.Rejected([Refusal("invalid_value", _OUT_OF_REACH, "target_url")]) from refused
    except receivers.AddressRefused as refused:
        raise problems.Rejected([Refusal("invalid_value", str(refused), "target_url")]) from refused
