"""Which middleware serves people who log in? Callers of the API show a key with each request and have no session.

Django's own, left out where it could find nothing: together they cost as much as a sixth of an empty answer.
"""

from collections.abc import Awaitable, Callable

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from simple_history.middleware import HistoryRequestMiddleware

_API = "/api/v1/"


class _ForPeople(MiddlewareMixin):
    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if request.path_info.startswith(_API):
            return self.get_response(request)
        return super().__call__(request)


class Sessions(_ForPeople, SessionMiddleware):
    """Keeps who is logged in."""


class Authentication(_ForPeople, AuthenticationMiddleware):
    """Says who is logged in."""


class Messages(_ForPeople, MessageMiddleware):
    """Keeps what the next page says."""


def history(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Tells the history of configuration who is changing it."""
    recorded = HistoryRequestMiddleware(get_response)

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return (get_response if request.path_info.startswith(_API) else recorded)(request)

    return middleware
