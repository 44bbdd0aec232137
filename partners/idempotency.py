"""Was this very request answered before? Answers kept under the client's Idempotency-Key.

The row is written in the transaction of what the request did: both are there or neither is. A validation error
is not kept, because nothing was begun; a refusal on business grounds is.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.http import HttpResponse
from django.utils import timezone

from loyalty_site.lib import locks
from loyalty_site.lib.json_types import Json
from loyalty_site.lib.refusals import Refused
from partners.callers import Via
from partners.models import KeptAnswer

KEPT_DAYS = 30
LONGEST_KEY = 255
_PURGED_AT_ONCE = 5000


class InvalidKey(Refused):
    """The Idempotency-Key is no text that can be kept."""

    code = "invalid_idempotency_key"


class KeyReused(Refused):
    """The key came with another request before."""

    code = "key_reused"


class InFlight(Refused):
    """The first request with this key is still being worked on."""

    code = "request_in_flight"
    headers = {"Retry-After": "1"}


def check_key(key: str) -> None:
    """Raise InvalidKey for what cannot be a key."""
    if not 0 < len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
        detail = f"Send 1 to {LONGEST_KEY} visible ASCII characters, such as a UUID."
        raise InvalidKey(detail, field="Idempotency-Key:")


def fingerprint(method: str | None, path: str, query: Mapping[str, Sequence[str]], body: Json) -> str:
    """The same for the same request, however its JSON is spaced and ordered."""
    request = json.dumps([method, path, query, body], sort_keys=True)
    return hashlib.sha256(request.encode()).hexdigest()


def recall(connection: Via, key: str, mark: str) -> KeptAnswer | None:
    """The KeptAnswer of this request, or None when it is new; the caller is inside a transaction.

    `mark` is the request's `fingerprint`.

    Raises InFlight while the first one is at work, KeyReused when the key came with another request.
    """
    if not locks.claim(f"idempotency:{connection.pk}:{key}"):
        raise InFlight("A request with this key is being worked on; ask again in a moment.")
    known = KeptAnswer.objects.filter(connection=connection.pk, key=key).first()
    if known and known.fingerprint != mark:
        raise KeyReused("This key came with another request before; take a new one.", field="Idempotency-Key:")
    return known


def is_known(connection: Via, key: str) -> bool:
    """Whether a request came with this key before, this one or another; without a lock."""
    return KeptAnswer.objects.filter(connection=connection.pk, key=key).exists()


def keep(connection: Via, key: str, mark: str, response: HttpResponse, *, body: str) -> None:
    """Remember the answer of a request that `recall` did not know, with this `body` where it is given again."""
    KeptAnswer.objects.create(
        connection_id=connection.pk,
        key=key,
        fingerprint=mark,
        status=response.status_code,
        body=body,
        location=response.headers.get("Location", ""),
    )


def purge(*, now: datetime | None = None) -> int:
    """Forget the answers that are older than KEPT_DAYS, a few thousand at a time; returns how many."""
    old = KeptAnswer.objects.filter(created_at__lt=(now or timezone.now()) - timedelta(days=KEPT_DAYS))
    total = 0
    while ids := list(old.order_by("created_at").values_list("pk", flat=True)[:_PURGED_AT_ONCE]):
        total += KeptAnswer.objects.filter(pk__in=ids).delete()[0]
    return total
