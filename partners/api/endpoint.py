"""What do all endpoints of the API share? Keys and scopes, strict input, one way to answer, once-only requests."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpResponse
from django_filters.filterset import FilterSet
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from loyalty_site.lib import problems
from loyalty_site.lib.refusals import Refusal, Refused
from loyalty_site.lib.schema_objects import Answered
from loyalty_site.lib.strict_json import StrictJson
from loyalty_site.lib.texts import wrong_text
from partners import idempotency
from partners.authentication import BearerKey, HasScope, KeyThrottle
from partners.callers import ApiCaller, CallingConnection
from partners.models import KeptAnswer

if TYPE_CHECKING:
    _ViewSet = GenericViewSet[Model]
else:  # Generic for type checkers only.
    _ViewSet = GenericViewSet

M = TypeVar("M", bound=Model)

REPLAYED = "Idempotency-Replayed"
#: Characters that the value of a query parameter may have.
LONGEST_PARAMETER = 400


class AlwaysJson(DefaultContentNegotiation):
    """JSON is all there is, whatever a client says it would like."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        only = next(iter(renderers))
        return only, only.media_type


class Pages(CursorPagination):
    """Pages by position in the ledger: no count, and nothing is skipped or shown twice while rows arrive."""

    page_size = 100
    max_page_size = 500
    page_size_query_param = "page_size"

    def get_ordering(self, request: Request, queryset: "QuerySet[Model]", view: APIView) -> tuple[str]:
        assert isinstance(view, Endpoint)
        return (view.page_order(),)

    def get_page_size(self, request: Request) -> int:
        """Rows of a page, 1 to 500. Raises Rejected for anything else."""
        given = request.query_params.get(self.page_size_query_param)
        if given is None:
            return self.page_size
        if not (given.isdecimal() and len(given) <= 4 and 1 <= int(given) <= self.max_page_size):
            detail = f"Send a whole number from 1 to {self.max_page_size}."
            raise problems.Rejected([Refusal("invalid_number", detail, "?page_size")])
        return int(given)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The place that the link of a page names; None for the first one. Raises Refused for what we never made."""
        if self.cursor_query_param not in request.query_params:
            return None
        try:
            cursor = super().decode_cursor(request)
        except Exception as error:
            raise problems.unlike("invalid_cursor", "Follow the links as they are.", field="?cursor") from error
        # The stubs take it for a number; it is the text of the link.
        position: str | None = cursor.position if cursor else None  # type: ignore[assignment]
        if position is not None and not (position.isascii() and position.isdigit() and len(position) <= 18):
            raise problems.unlike("invalid_cursor", "Follow the links as they are.", field="?cursor")
        return cursor


class Endpoint(_ViewSet):
    """Base of all viewsets. `scopes` names the scope that each action needs, `parameters` its query parameters."""

    http_method_names = ["get", "head", "post"]
    authentication_classes = [BearerKey]
    permission_classes = [HasScope]
    throttle_classes = [KeyThrottle]
    parser_classes = [StrictJson]
    renderer_classes = [JSONRenderer]
    content_negotiation_class = AlwaysJson
    pagination_class: type[Pages] | None = None
    filter_backends = []
    filterset_class: type[FilterSet] | None = None
    scopes: ClassVar[Mapping[str, str]] = {}
    #: Actions that their address names: said again, they do nothing twice.
    named_by_address: ClassVar[Collection[str]] = ()
    #: Actions that write nothing, though they are sent with POST: there is no answer to keep for an Idempotency-Key.
    only_reads: ClassVar[Collection[str]] = ()
    parameters: ClassVar[Mapping[str, Collection[str]]] = {}

    @property
    def caller(self) -> ApiCaller:
        """The key, with what it opens."""
        return cast(ApiCaller, self.request.auth)

    @property
    def connection(self) -> CallingConnection:
        """The connection whose key this is."""
        return self.caller.connection

    def page_order(self) -> str:
        """The column that the pages of a list are ordered by, with - for the highest first."""
        raise NotImplementedError

    def initial(self, request: Request, *args: str | int, **kwargs: str | int) -> None:
        # Nothing else of what the framework does here: there is one form of answer, and one version.
        self.perform_authentication(request)
        self.check_permissions(request)
        self.check_throttles(request)
        if self.action in (None, "metadata"):
            # Before what the query of another method is about.
            raise MethodNotAllowed(request.method or "")
        known = self.known_parameters()
        for name, values in request.query_params.lists():
            if name not in known:
                shown = f"?{name}" if name.isidentifier() and len(name) <= 40 else "?…"
                detail = f"Known here are {', '.join(sorted(known)) or 'none'}."
                raise problems.Rejected([Refusal("unknown_parameter", detail, shown)])
            if len(values) > 1 or len(values[0]) > LONGEST_PARAMETER or (values[0] and wrong_text(values[0])):
                detail = f"Send it once, as at most {LONGEST_PARAMETER} characters that can be seen."
                raise problems.Rejected([Refusal("invalid_text", detail, f"?{name}")])

    def known_parameters(self) -> set[str]:
        """The query parameters of the action; every other one is refused."""
        known = set(self.parameters.get(self.action, ()))
        if self.action == "list" and self.pagination_class:
            known |= {"cursor", "page_size"}
        if self.action == "list" and self.filterset_class:
            # Its metaclass sets them.
            known |= set(self.filterset_class.base_filters)  # type: ignore[attr-defined]
        return known

    def finalize_response(
        self, request: Request, response: Response, *args: str | int, **kwargs: str | int
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        # Personal data: no proxy and no browser keeps them.
        response.headers["Cache-Control"] = "no-store"
        return response

    def answer(self, value: Answered, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """The HTTP answer with `value` as JSON."""
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
        return HttpResponse(text, status=status, headers=headers, content_type="application/json")

    def page(
        self, rows: "QuerySet[M]", columns: Iterable[str], write: Callable[[Mapping[str, Answered]], Answered]
    ) -> HttpResponse:
        """The HTTP answer with one page of `rows`, filtered as the query says; `write` makes the JSON of the
        `columns` of a row."""
        found = self.paginate_queryset(self.filter_queryset(rows).values(*columns)) or ()
        pages = self.paginator
        assert isinstance(pages, Pages)
        results = [write(row) for row in found]
        return self.answer({"next": pages.get_next_link(), "previous": pages.get_previous_link(), "results": results})

    def once(self, do: Callable[[], HttpResponse]) -> HttpResponse:
        """The answer of `do()`; given again, without doing it, to whoever repeats the Idempotency-Key."""
        key = self.request.headers.get("Idempotency-Key")
        if key is None:
            return do()
        idempotency.check_key(key)
        request = self.request
        asked = f"{request.path}{self.view()}"
        mark = idempotency.fingerprint(request.method, asked, dict(request.query_params.lists()), request.data)
        with transaction.atomic():
            known = idempotency.recall(self.connection, key, mark)
            if known:
                return _replayed(known)
            response = self._attempt(do)
            idempotency.keep(self.connection, key, mark, response, body=self.kept(response))
        return response

    def is_repeated(self) -> bool:
        """Whether the Idempotency-Key is known, so that `once` does nothing; asked by what takes long before it."""
        key = self.request.headers.get("Idempotency-Key")
        if key is None:
            return False
        idempotency.check_key(key)
        return idempotency.is_known(self.connection, key)

    def kept(self, response: HttpResponse) -> str:
        """What of an answer is written down, to be given again: all of it, unless something is shown only once."""
        return response.content.decode()

    def view(self) -> str:
        """What of the answer the key may see, "" for all of it: a kept answer is given to keys with the same view."""
        return ""

    def _attempt(self, do: Callable[[], HttpResponse]) -> HttpResponse:
        """The answer, a refusal on business grounds being one; everything else ends the transaction."""
        try:
            with transaction.atomic():
                return do()
        except Refused as refused:
            if not problems.is_kept(refused):
                raise
            return problems.response(refused, path=self.request.path)


def _replayed(known: KeptAnswer) -> HttpResponse:
    """The answer that was given to the first of several equal requests."""
    kind = "application/json" if known.status < 400 else "application/problem+json"
    headers = {REPLAYED: "true"} | ({"Location": known.location} if known.location else {})
    return HttpResponse(known.body, status=known.status, headers=headers, content_type=kind)


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")
