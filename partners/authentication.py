"""Whose request is this, may it do that, and is it too many? Named in the settings, so no view is imported here."""

import logging
import time

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from loyalty_site.lib.refusals import Refused
from partners import keys
from partners.callers import ApiCaller

logger = logging.getLogger("loyalty.api")

CHALLENGE = 'Bearer realm="loyalty"'
_WINDOW_S = 60


class NotAuthenticated(Refused):
    code = "not_authenticated"
    headers = {"WWW-Authenticate": CHALLENGE}


class ScopeMissing(Refused):
    code = "scope_missing"

    def __init__(self, scope):
        super().__init__(f"This needs the scope “{scope}”, which the key does not have.")
        self.headers = {"WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope", scope="{scope}"'}


class Throttled(Refused):
    code = "throttled"

    def __init__(self, limit, wait_s):
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
        # A key is ASCII; whatever else it may be, it is not found.
        caller = self.find(text.strip().decode("ascii", "replace")) if kind.lower() == b"bearer" else None
        if caller is None:
            raise NotAuthenticated("This key is unknown, revoked or expired.")
        return AnonymousUser(), caller

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class HasScope(BasePermission):
    """`view.scopes` names the scope of each action; an action without one is nobody's."""

    def has_permission(self, request, view):
        if request.auth is None:
            raise NotAuthenticated("Send your key: Authorization: Bearer lk_…")
        if view.action is None or request.method not in view.allowed_methods:
            # No action takes this method: the answer is 405, whatever the key may do.
            return True
        scope = view.scopes[view.action]
        if scope not in request.auth.scopes:
            raise ScopeMissing(scope)
        return True


class KeyThrottle(BaseThrottle):
    """So many requests of one key in a minute, counted together by all processes."""

    # Where the shared counter is away, each process counts by itself: nobody is let through uncounted.
    _own = LocMemCache("throttle", {})

    def allow_request(self, request, view):
        limit = settings.API_REQUESTS_PER_MINUTE
        now = time.time()
        window, past_s = divmod(int(now), _WINDOW_S)
        name = f"api-key:{request.auth.pk}:{window}"
        try:
            count = self._count(cache, name)
        except Exception:
            logger.warning("the counter of requests is away", exc_info=True)
            count = self._count(self._own, name)
        if count > limit:
            raise Throttled(limit, _WINDOW_S - past_s)
        return True

    @staticmethod
    def _count(counter, name):
        """One more; both steps are atomic in Redis and in memory, and one of them is enough for most requests."""
        try:
            return counter.incr(name)
        except ValueError:
            if counter.add(name, 1, timeout=2 * _WINDOW_S):
                return 1
            return counter.incr(name)
