"""What becomes of a request that comes over HTTP where HTTPS is on?

Django's middleware sends it to the address with https. Most clients follow that with GET and without the body, so
that a purchase would look taken and be lost; and a key that came in the clear is read by everybody in between, which
its owner should hear of. So these are refused, and only what a browser opens is sent on.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from loyalty_site.lib import problems

_READING = {"GET", "HEAD", "OPTIONS", "TRACE"}


class PlainHttp:
    """Stands before Django's SecurityMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SECURE_SSL_REDIRECT and not request.is_secure() and _would_be_lost(request):
            return _refusal(request)
        return self.get_response(request)


def _would_be_lost(request: HttpRequest) -> bool:
    return not request.path_info.startswith("/health/") and (
        request.method not in _READING or "Authorization" in request.headers
    )


def _refusal(request: HttpRequest) -> HttpResponse:
    detail = "Nothing was done: this came over HTTP. Send it to the same address with https://."
    if "Authorization" in request.headers:
        detail += " The key was sent in the clear; replace it."
    return problems.at_the_door(problems.unlike("https_required", detail), request)
