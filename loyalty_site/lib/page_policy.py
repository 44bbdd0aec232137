"""What may a page load and run? The header Content-Security-Policy of every answer.

Should somebody's text ever stand on a page as it was typed, a browser runs none of it. Of three kinds of answers each
has its own policy: what is no page at all loads nothing; pages run our own files; those of the admin also let the
theme's Alpine make functions of the texts in our templates, and take styles that stand at elements.
"""

from collections.abc import Callable

from csp.constants import HEADER, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

_DATA = {"default-src": [NONE], "base-uri": [NONE], "form-action": [NONE], "frame-ancestors": [NONE]}
_PAGES = _DATA | {
    "object-src": [NONE],
    "script-src": [SELF],
    "style-src": [SELF],
    # Small pictures that stand in a style sheet.
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF],
    "form-action": [SELF],
}
_ADMIN = _PAGES | {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}
#: Beginnings of addresses, the longer ones first -> the policy of what is answered there.
_POLICIES = {
    area: build_policy(config=directives)
    for area, directives in {"/admin/": _ADMIN, "/api/docs/": _PAGES, "/api/": _DATA, "/health/": _DATA}.items()
}
_ELSEWHERE = build_policy(config=_PAGES)
#: Django's own pages about errors have scripts of their own, and nobody but the developer sees them.
_FOR_DEVELOPERS = {404, 500}


class PagePolicy:
    """Django's middleware, around all others that answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not (settings.DEBUG and response.status_code in _FOR_DEVELOPERS):
            response.headers.setdefault(HEADER, _of(request.path_info))
        return response


def _of(path: str) -> str:
    return next((policy for area, policy in _POLICIES.items() if path.startswith(area)), _ELSEWHERE)
