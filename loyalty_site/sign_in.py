"""How often may somebody guess a password? What is counted, what is closed by it, and how it is opened again.

A try is counted before its password is looked at, and taken back when it was right: of many at one moment, as many
are looked at as are left, and no more. Names that nobody has are counted like those of people, so that neither the
answer nor the lock tells them apart. While something is closed nothing is counted, so that nobody can keep it so.

A name is never closed for all addresses: whoever knows it could then keep its owner out.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from axes.backends import AxesStandaloneBackend
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from loyalty_site.closed_pages import draw
from loyalty_site.lib import locks

#: Failures of one name from one address, and of one address with whatever names, until the next try is refused.
MOST_OF_A_NAME = settings.AXES_FAILURE_LIMIT
MOST_OF_AN_ADDRESS = 50
#: For how long a failure counts, from the last one of its name and address on.
PERIOD = settings.AXES_COOLOFF_TIME


class Gate(AxesStandaloneBackend):
    """Stands before the backend that looks at passwords."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **more: Any
    ) -> None:
        """Raises AxesBackendPermissionDenied, which ends the sign-in, while it is closed."""
        # Whoever asks without a request is a program on this machine: there is no address that could be guessing.
        if request is not None:
            super().authenticate(request, username, password, **more)


class Counter(AxesDatabaseHandler):
    """What the gate asks, and what it is told."""

    def is_allowed(self, request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> bool:
        """Whether this try may be made; counts it as a failure until `user_logged_in` says otherwise."""
        name, address, now = _name(request, credentials), request.axes_ip_address, timezone.now()  # type: ignore[attr-defined]
        with transaction.atomic():
            locks.wait_for(f"sign-in:{address}")
            recent = list(_failures(now).filter(ip_address=address))
            closed_until = closed(recent, name)
            if closed_until is None:
                _count(name, address, now, [row for row in recent if row.username == name])
                return True
        request.axes_locked_out, request.sign_in_opens_at = True, closed_until  # type: ignore[attr-defined]
        return False

    def user_login_failed(
        self, sender: object, credentials: Mapping[str, Any], request: HttpRequest | None = None, **more: Any
    ) -> None:
        """It is counted already."""

    def user_logged_in(self, sender: object, request: HttpRequest, user: User, **more: Any) -> None:
        """The password was right: what was counted of this name from here is forgotten, and nothing else."""
        address = request.axes_ip_address  # type: ignore[attr-defined]
        AccessAttempt.objects.filter(ip_address=address, username=user.get_username()).delete()

    def user_logged_out(self, sender: object, request: HttpRequest, user: User | None, **more: Any) -> None:
        """Says nothing about guessing."""


def _name(request: HttpRequest, credentials: Mapping[str, Any] | None) -> str:
    return (get_client_username(request, dict(credentials or {})) or "")[:255]


def _failures(now: datetime) -> Any:
    """The rows that count at `now`."""
    return AccessAttempt.objects.filter(attempt_time__gt=now - PERIOD)


def _count(name: str, address: str, now: datetime, known: Sequence[AccessAttempt]) -> None:
    """One more failure. There is one row of a name and an address: a user agent is whatever a client says."""
    failures = sum(row.failures_since_start for row in known) + 1
    attempt, _ = AccessAttempt.objects.update_or_create(
        username=name, ip_address=address, user_agent="", defaults={"failures_since_start": failures}
    )
    # The column takes the moment at which a row is made, and nothing else.
    AccessAttempt.objects.filter(pk=attempt.pk).update(attempt_time=now)


def closed(recent: Iterable[AccessAttempt], name: str | None) -> datetime | None:
    """Until when the next try of `name` is refused, given the `recent` failures of its address; None: it is not."""
    of_name = of_address = 0
    # The newest first: it is open again when the one ends with which the limit is reached.
    for row in sorted(recent, key=lambda row: row.attempt_time, reverse=True):
        of_name += row.failures_since_start if row.username == name else 0
        of_address += row.failures_since_start
        if of_name >= MOST_OF_A_NAME or of_address >= MOST_OF_AN_ADDRESS:
            opens_at: datetime = row.attempt_time + PERIOD
            return opens_at
    return None


def open_again(*, name: str | None = None, address: str | None = None) -> int:
    """Forget the failures of a name, of an address, or of the one from the other; returns how many rows."""
    meant = {key: value for key, value in {"username": name, "ip_address": address}.items() if value}
    if not meant:
        raise ValueError("Say which name or which address.")
    return AccessAttempt.objects.filter(**meant).delete()[0]


def forget() -> int:
    """Delete the failures that count no more; returns how many rows."""
    return AccessAttempt.objects.filter(attempt_time__lte=timezone.now() - PERIOD).delete()[0]


def refusal(request: HttpRequest, response: HttpResponse | None, credentials: object) -> HttpResponse:
    """The page for whoever is refused; the same for a name and for an address, and for names that nobody has."""
    wait_s = max(1, ceil((request.sign_in_opens_at - timezone.now()) / timedelta(seconds=1)))  # type: ignore[attr-defined]
    title = "Sign-in is closed for a while"
    page = draw(request, "sign_in_closed", status=429, title=title, minutes=ceil(wait_s / 60))
    page.headers["Retry-After"] = str(wait_s)
    return page
