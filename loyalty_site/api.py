"""Which addresses has the API, and how does every failure become one kind of answer?"""

import logging
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TypedDict, cast

from django.core.exceptions import RequestDataTooBig
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.urls import URLPattern, path, re_path, reverse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.views import APIView

from loyalty_site import failures
from loyalty_site.lib import problems
from loyalty_site.lib.reading import only_read
from loyalty_site.lib.refusals import Refusal, Refused
from members.api.birthdays import BirthdayViewSet
from members.api.consents import ConsentViewSet
from members.api.deliveries import DeliveryViewSet
from members.api.hooks import HookViewSet
from members.api.progress import ProgressViewSet
from members.api.promotions import MemberPromotionViewSet
from programs.api.promotion_codes import PromotionCodeViewSet
from programs.api.promotions import PromotionViewSet
from programs.api.views import ProgramViewSet
from transactions.api.views.adjustments import AdjustmentViewSet
from transactions.api.views.entries import EntryViewSet
from transactions.api.views.members import MemberViewSet
from transactions.api.views.quotes import QuoteViewSet
from transactions.api.views.redemptions import RedemptionViewSet
from transactions.api.views.reversals import ReversalViewSet
from transactions.api.views.standings import StandingViewSet
from transactions.api.views.tier_settings import TierSettingViewSet
from transactions.api.views.transactions import TransactionViewSet
from transactions.api.views.transfers import TransferViewSet

logger = logging.getLogger("loyalty.api")


class Context(TypedDict):
    """Where an exception was raised, as Django REST framework says it."""

    request: Request
    view: APIView


@csrf_exempt
def nowhere(request: HttpRequest) -> HttpResponse:
    """Every other address below the API: a problem like the others, not a page for people."""
    tip = "" if request.path.endswith("/") else " Addresses end in a slash."
    refused = problems.unlike("not_found", f"There is nothing at this address.{tip}")
    return problems.response(refused, path=request.path)


@only_read
def index(request: HttpRequest) -> HttpResponse:
    """What there is: each address with its methods, and where it is described. It needs no key."""
    here = request.path
    addresses = [
        {"address": here + re.sub(r"<\w+:(\w+)>", r"{\1}", str(one.pattern)), "methods": _methods(one)}
        for one in urlpatterns
        if _methods(one)
    ]
    return JsonResponse({"addresses": addresses, "schema": f"{here}schema/", "documentation": reverse("api-docs")})


def _methods(address: URLPattern) -> list[str]:
    actions: Mapping[str, str] = getattr(address.callback, "actions", {})
    return sorted({method.upper() for method in actions} - {"HEAD"})


app_name = "api"
urlpatterns: list[URLPattern] = [
    path("", index, name="index"),
    path("programs/", ProgramViewSet.as_view({"get": "list"}), name="programs"),
    path("programs/<slug:code>/", ProgramViewSet.as_view({"get": "retrieve"}), name="program"),
    path("programs/<slug:code>/promotions/", PromotionViewSet.as_view({"get": "list"}), name="promotions"),
    path(
        "programs/<slug:code>/promotions/<slug:promotion>/",
        PromotionViewSet.as_view({"get": "retrieve"}),
        name="promotion",
    ),
    path(
        "programs/<slug:code>/promotions/<slug:promotion>/codes/",
        PromotionCodeViewSet.as_view({"post": "create"}),
        name="promotion-codes",
    ),
    path(
        "programs/<slug:code>/promotions/<slug:promotion>/codes/<path:typed>/",
        PromotionCodeViewSet.as_view({"get": "retrieve"}),
        name="promotion-code",
    ),
    path("programs/<slug:code>/quotes/", QuoteViewSet.as_view({"post": "create"}), name="quotes"),
    path("members/", MemberViewSet.as_view({"post": "create"}), name="members"),
    path("members/lookup/", MemberViewSet.as_view({"get": "lookup"}), name="member-lookup"),
    path("members/<slug:number>/", MemberViewSet.as_view({"get": "retrieve"}), name="member"),
    path("members/<slug:number>/birthday/", BirthdayViewSet.as_view({"post": "say"}), name="birthday"),
    path(
        "members/<slug:number>/consents/", ConsentViewSet.as_view({"get": "list", "post": "create"}), name="consents"
    ),
    path("members/<slug:number>/progress/", ProgressViewSet.as_view({"get": "list"}), name="progress"),
    path(
        "members/<slug:number>/promotions/", MemberPromotionViewSet.as_view({"get": "list"}), name="member-promotions"
    ),
    path(
        "members/<slug:number>/promotions/<slug:promotion>/enrolment/",
        MemberPromotionViewSet.as_view({"put": "enrol", "delete": "leave"}),
        name="promotion-enrolment",
    ),
    path("members/<slug:number>/tiers/", StandingViewSet.as_view({"get": "list"}), name="standings"),
    path("transactions/", TransactionViewSet.as_view({"get": "list", "post": "create"}), name="transactions"),
    path("transactions/<int:id>/", TransactionViewSet.as_view({"get": "retrieve"}), name="transaction"),
    path("transactions/<int:id>/reversal/", TransactionViewSet.as_view({"post": "reverse"}), name="reversal"),
    path("redemptions/", RedemptionViewSet.as_view({"post": "create"}), name="redemptions"),
    path("redemptions/<int:id>/confirm/", RedemptionViewSet.as_view({"post": "confirm"}), name="confirmation"),
    path("redemptions/<int:id>/release/", RedemptionViewSet.as_view({"post": "release"}), name="release"),
    path("reversals/", ReversalViewSet.as_view({"post": "create"}), name="reversals"),
    path("transfers/", TransferViewSet.as_view({"post": "create"}), name="transfers"),
    path("adjustments/", AdjustmentViewSet.as_view({"post": "create"}), name="adjustments"),
    path("tier-settings/", TierSettingViewSet.as_view({"post": "create"}), name="tier-settings"),
    path("entries/", EntryViewSet.as_view({"get": "list"}), name="entries"),
    path("entries/<int:id>/explanation/", EntryViewSet.as_view({"get": "explain"}), name="explanation"),
    path("hooks/", HookViewSet.as_view({"get": "list", "post": "create"}), name="hooks"),
    path("hooks/sample/", HookViewSet.as_view({"get": "sample"}), name="hook-sample"),
    path("hooks/<int:id>/", HookViewSet.as_view({"get": "retrieve", "delete": "destroy"}), name="hook"),
    path("hooks/<int:id>/rotate/", HookViewSet.as_view({"post": "rotate"}), name="hook-rotation"),
    path("hooks/<int:id>/test/", HookViewSet.as_view({"post": "send_test"}), name="hook-test"),
    path("deliveries/", DeliveryViewSet.as_view({"get": "list"}), name="deliveries"),
    path("deliveries/<int:id>/", DeliveryViewSet.as_view({"get": "retrieve"}), name="delivery"),
    re_path("", nowhere),
]

#: Failures that the framework raises by itself.
_CODES = {
    exceptions.NotAuthenticated: "not_authenticated",
    exceptions.AuthenticationFailed: "not_authenticated",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.NotFound: "not_found",
    exceptions.ParseError: "invalid_json",
    Http404: "not_found",
    RequestDataTooBig: "body_too_large",
    UnreadablePostError: "body_incomplete",
}


def problem(error: Exception, context: Context) -> HttpResponse:
    """The answer to any exception in the API, named in the settings as EXCEPTION_HANDLER."""
    request = context["request"]
    return problems.response(_refused(error, request, context["view"]), path=request.path)


def _refused(error: Exception, request: Request, view: APIView) -> Refused:
    if isinstance(error, Refused):
        return error
    if isinstance(error, exceptions.ValidationError):
        return _invalid_query(error)
    if isinstance(error, exceptions.MethodNotAllowed):
        allowed = ", ".join(view.allowed_methods)
        detail = f"{request.method} is not possible here; use {allowed}."
        return problems.unlike("method_not_allowed", detail, Allow=allowed)
    if refused := failures.of_the_database(error, request, has_name=partial(_has_name, request, view)):
        return refused
    code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), None)
    if code:
        return problems.unlike(code, problems.KINDS[code].advice)
    logger.error("a request failed", exc_info=error)
    # Whoever listens for failures of views (a test client, an error tracker) hears of this one too.
    got_request_exception.send(sender=type(view), request=request)
    return problems.unlike("server_error", failures.failed(request))


def _has_name(request: Request, view: APIView) -> bool:
    """Whether the request is known when it comes again: by Idempotency-Key, its address, or its external_ids."""
    if "Idempotency-Key" in request.headers or getattr(view, "action", "") in getattr(view, "named_by_address", ()):
        return True
    sent = request.data if isinstance(request.data, list) else [request.data]
    return all(isinstance(fact, dict) and bool(fact.get("external_id")) for fact in sent)


def _invalid_query(error: exceptions.ValidationError) -> Refused:
    """What django-filter refused, the texts of each parameter by its name."""
    codes = {"invalid_instant", "invalid_choice"}
    detail = cast(Mapping[str, Sequence[exceptions.ErrorDetail]], error.detail)
    return problems.Rejected(
        Refusal(text.code if text.code in codes else "invalid_value", str(text), f"?{name}")
        for name, texts in detail.items()
        for text in texts
    )
