"""What do all endpoints of the API share? Keys and scopes, strict input, one way to answer, once-only requests."""

import json
from datetime import date, datetime

from django.db import transaction
from django.http import HttpResponse
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.pagination import CursorPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.viewsets import GenericViewSet

from loyalty_site.lib import problems
from loyalty_site.lib.refusals import Refusal, Refused
from loyalty_site.lib.strict_json import StrictJson
from partners import idempotency
from partners.authentication import BearerKey, HasScope, KeyThrottle

REPLAYED = "Idempotency-Replayed"


class AlwaysJson(DefaultContentNegotiation):
    """JSON is all there is, whatever a client says it would like."""

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type


class Pages(CursorPagination):
    """Pages by position in the ledger: no count, and nothing is skipped or told twice while rows arrive."""

    page_size = 100
    max_page_size = 500
    page_size_query_param = "page_size"

    def get_ordering(self, request, queryset, view):
        return (view.page_order(),)

    def get_page_size(self, request):
        given = request.query_params.get(self.page_size_query_param)
        if given is None:
            return self.page_size
        if not (given.isdecimal() and len(given) <= 4 and 1 <= int(given) <= self.max_page_size):
            detail = f"Send a whole number from 1 to {self.max_page_size}."
            raise problems.Rejected([Refusal("invalid_number", detail, "?page_size")])
        return int(given)

    def decode_cursor(self, request):
        if self.cursor_query_param not in request.query_params:
            return None
        try:
            cursor = super().decode_cursor(request)
        except Exception as error:
            raise problems.unlike("invalid_cursor", "Follow the links as they are.", field="?cursor") from error
        position = cursor.position
        if position is not None and not (position.isascii() and position.isdigit() and len(position) <= 18):
            raise problems.unlike("invalid_cursor", "Follow the links as they are.", field="?cursor")
        return cursor


class Endpoint(GenericViewSet):
    """Base of all viewsets. `scopes` names the scope that each action needs, `parameters` its query parameters."""

    http_method_names = ["get", "head", "post"]
    authentication_classes = [BearerKey]
    permission_classes = [HasScope]
    throttle_classes = [KeyThrottle]
    parser_classes = [StrictJson]
    renderer_classes = [JSONRenderer]
    content_negotiation_class = AlwaysJson
    pagination_class = None
    filter_backends = []
    scopes = {}
    parameters = {}

    @property
    def connection(self):
        """The Connection whose key this is."""
        return self.request.auth.connection

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        known = self.known_parameters()
        for name, values in request.query_params.lists():
            if name not in known:
                told = f"?{name}" if name.isidentifier() and len(name) <= 40 else "?…"
                detail = f"Known here are {', '.join(sorted(known)) or 'none'}."
                raise problems.Rejected([Refusal("unknown_parameter", detail, told)])
            if len(values) > 1 or len(values[0]) > 400 or "\0" in values[0]:
                detail = "Send it once, as at most 400 characters without NUL."
                raise problems.Rejected([Refusal("invalid_text", detail, f"?{name}")])

    def known_parameters(self):
        known = set(self.parameters.get(self.action, ()))
        if self.action == "list" and self.pagination_class:
            known |= {"cursor", "page_size"}
        if self.action == "list" and self.filter_backends:
            known |= set(self.filterset_class.base_filters)
        return known

    def finalize_response(self, request, response, *args, **kwargs):
        response = super().finalize_response(request, response, *args, **kwargs)
        # Personal data: no proxy and no browser keeps them.
        response.headers["Cache-Control"] = "no-store"
        return response

    def answer(self, value, *, status=200, **headers):
        """The HTTP answer with `value` as JSON."""
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
        return HttpResponse(text, status=status, headers=headers, content_type="application/json")

    def once(self, do):
        """The answer of `do()`; told again, without doing it, to whoever repeats the Idempotency-Key."""
        key = self.request.headers.get("Idempotency-Key")
        if key is None:
            return do()
        idempotency.check_key(key)
        request = self.request
        mark = idempotency.fingerprint(request.method, request.path, dict(request.query_params.lists()), request.data)
        with transaction.atomic():
            known = idempotency.recall(self.connection, key, mark)
            if known:
                return _told_again(known)
            response = self._attempt(do)
            idempotency.keep(self.connection, key, mark, response)
        return response

    def _attempt(self, do):
        """The answer, a refusal on business grounds being one; everything else ends the transaction."""
        try:
            with transaction.atomic():
                return do()
        except Refused as refused:
            if not problems.is_kept(refused):
                raise
            return problems.response(refused, path=self.request.path)


def _told_again(known):
    kind = "application/json" if known.status < 400 else "application/problem+json"
    headers = {REPLAYED: "true"} | ({"Location": known.location} if known.location else {})
    return HttpResponse(known.body, status=known.status, headers=headers, content_type=kind)


def _plain(value):
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")
