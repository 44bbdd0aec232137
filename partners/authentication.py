"""Whose request is this, may it do that, and is it too many? Named in the settings, so no view is imported here."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from loyalty_site.lib.counting import SharedCounter
from loyalty_site.lib.refusals import Refused
from partners import keys
from partners.callers import ApiCaller

if TYPE_CHECKING:
    # Views import what is named in the settings, which is this module.
    from rest_framework.views import APIView

CHALLENGE = 'Bearer realm="loyalty"'
_WINDOW_S = 60


class NotAuthenticated(Refused):
    """There is no usable key."""

    code = "not_authenticated"
    headers = {"WWW-Authenticate": CHALLENGE}


class ScopeMissing(Refused):
    """The key may not do this."""

    code = "scope_missing"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs the scope “{scope}”, which the key does not have.")
        self.headers = {"WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope", scope="{scope}"'}


class Throttled(Refused):
    """The key has made all its requests of this minute."""

    code = "throttled"

    def __init__(self, limit: int, wait_s: int) -> None:
        super().__init__(f"The key has made its {limit:,} requests of this minute; go on in {wait_s} seconds.")
        self.headers = {"Retry-After": str(wait_s)}


class BearerKey(BaseAuthentication):
    """`Authorization: Bearer lk_…`; `request.auth` is the ApiCaller with its connection and partner."""

    def find(self, text: str) -> ApiCaller | None:
        """Whose usable key this is."""
        return keys.find(text)

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiCaller] | None:
        kind, _, text = get_authorization_header(request).partition(b" ")
        if not kind:
            return None
        if kind.lower() != b"bearer":
            # What came is not repeated: without a scheme it is the key itself.
            raise NotAuthenticated(
                "Send the key as Authorization: Bearer lk_…; it came with another scheme, or none."
            )
        # A key is ASCII; whatever else it may be, it is not found.
        caller = self.find(text.strip().decode("ascii", "replace"))
        if caller is None:
            raise NotAuthenticated("This key is unknown, revoked or expired.")
        return AnonymousUser(), caller

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class ScopedView(Protocol):
    """An endpoint of ours, at one of its actions; None where none takes the method of the request."""

    scopes: Mapping[str, str]
    action: str | None
    allowed_methods: Sequence[str]


class HasScope(BasePermission):
    """`view.scopes` names the scope of each action; an action without one is nobody's."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        caller, asked = cast(ApiCaller | None, request.auth), cast(ScopedView, view)
        if caller is None:
            raise NotAuthenticated("Send your key: Authorization: Bearer lk_…")
        if asked.action is None or request.method not in asked.allowed_methods:
            # No action takes this method: the answer is 405, whatever the key may do.
            return True
        scope = asked.scopes[asked.action]
        if scope not in caller.scopes:
            raise ScopeMissing(scope)
        return True


class KeyThrottle(BaseThrottle):
    """So many requests of one key in a minute, counted together by all processes."""

    _counter = SharedCounter(cache, settings.WEB_PROCESSES)

    def allow_request(self, request: Request, view: "APIView") -> bool:
        limit = settings.API_REQUESTS_PER_MINUTE
        now = time.time()
        window, past_s = divmod(int(now), _WINDOW_S)
        name = f"api-key:{cast(ApiCaller, request.auth).pk}"
        count = self._counter.count(name, window, lasts_s=2 * _WINDOW_S)
        if count > limit:
            raise Throttled(limit, _WINDOW_S - past_s)
        return True
