"""How is the API described to developers? The schema, the page to try it out, and a page for each problem."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request

from loyalty_site import openapi_webhooks
from loyalty_site.lib import problems as table
from loyalty_site.lib.reading import only_read
from loyalty_site.lib.schema_objects import named
from loyalty_site.lib.texts import STORABLE_PATTERN
from partners.api.endpoint import LONGEST_PARAMETER, Endpoint, Pages
from partners.idempotency import KEPT_DAYS, LONGEST_KEY

_REPEATABLE = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[ -~]+$"},
    "description": (
        "A name of your own for this request, such as a UUID. Sent again with the same body within "
        f"{KEPT_DAYS} days, it gets the first answer, with Idempotency-Replayed: true, and nothing is done twice."
    ),
}
#: Actions whose body may be left out: the address says all that is needed.
_EMPTY = {"reverse", "confirm", "release", "rotate", "send_test"}
_PROBLEM = {
    "description": "A problem (RFC 9457); its type is the address of a page that explains it.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


class BearerKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # Of its base.
    """How the schema speaks of our keys."""

    target_class = "partners.authentication.BearerKey"
    match_subclasses = True
    name = "key"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A key of the back office: lk_…"}


def complete(
    result: dict[str, Any], generator: SchemaGenerator, request: Request | None, public: bool
) -> dict[str, Any]:
    """Add what every operation shares: the named objects, the problems, the scope, the Idempotency-Key."""
    components = result.setdefault("components", {})
    drawn = {name: named[name].component() for name in sorted(named)}
    components["schemas"] = components.get("schemas", {}) | drawn
    # The stubs are those of a generator whose endpoints have no pattern.
    endpoints: list[tuple[str, str, str, Any]] = generator.endpoints  # type: ignore[assignment]
    views = {(path, method.lower()): view for path, _, method, view in endpoints}
    result["webhooks"] = openapi_webhooks.webhooks()
    # Methods come as a set, and sets in another order each time.
    result["paths"] = {path: dict(sorted(operations.items())) for path, operations in result["paths"].items()}
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            view = views[path, method]
            action = view.actions[method]
            scope = view.cls.scopes[action]
            operation["description"] = f"{operation.get('description', '')}\n\nScope of the key: `{scope}`.".strip()
            operation["responses"]["default"] = _PROBLEM
            for parameter in operation.get("parameters", []):
                _limit(parameter, view.cls)
            if method == "post":
                repeatable = [] if action in view.cls.only_reads else [_REPEATABLE]
                operation["parameters"] = [*operation.get("parameters", []), *repeatable]
                operation["requestBody"]["required"] = action not in _EMPTY
    return result


def _limit(parameter: dict[str, Any], endpoint: type[Endpoint]) -> None:
    """Draw what every query parameter is held to (partners/api/endpoint.py)."""
    drawn, name = parameter["schema"], parameter["name"]
    # Its metaclass sets them.
    filters = getattr(endpoint.filterset_class, "base_filters", {})
    if name == Pages.page_size_query_param:
        drawn |= {"minimum": 1, "maximum": Pages.max_page_size}
    elif name in filters and "enum" in drawn:
        # A list is not narrowed by what is empty.
        drawn["enum"] = [*drawn["enum"], ""]
    elif name in filters and drawn.get("type") == "integer":
        parameter["schema"] = {"anyOf": [drawn, {"type": "string", "maxLength": 0}]}
    elif parameter["in"] == "query" and drawn.get("type") == "string" and not {"format", "enum"} & set(drawn):
        drawn["pattern"] = STORABLE_PATTERN
        own = filters[name].extra if name in filters else {}
        drawn.setdefault("maxLength", own.get("max_length", LONGEST_PARAMETER))


class SchemaView(SpectacularAPIView):
    """The schema as YAML, or as JSON with ?format=json."""

    throttle_classes = []  # the public has no key to count by


class DocsView(SpectacularSwaggerSplitView):
    """The schema to read and to try out. Scripts and styles are ours, so it works without the internet."""

    # That of the package has a style sheet inside.
    template_name = "api/docs.html"
    throttle_classes = []


@only_read
def problems(request: HttpRequest) -> HttpResponse:
    """All kinds of problems, and what may be wrong with one value."""
    return render(request, "api/problems.html", {"kinds": table.KINDS.items(), "errors": table.ERRORS.items()})


@only_read
def problem(request: HttpRequest, code: str) -> HttpResponse:
    """The page that the `type` of a problem names."""
    if code not in table.KINDS:
        raise Http404
    return render(request, "api/problem.html", {"code": code, "kind": table.KINDS[code]})
