"""How does an API key come to be, and whose is the one in hand?"""

import hashlib
import hmac
import secrets
from datetime import timedelta

from django.utils import timezone

from partners.models import ApiKey

#: `last_used_at` is for people: writing it more often than this would cost a write per request.
_SEEN_EVERY = timedelta(minutes=5)


def _hash(secret):
    """SHA-256 is enough for 32 random bytes: there is nothing to guess slowly."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue(connection, *, name, scopes, expires_at=None):
    """(ApiKey, text of the key). The text is shown once and cannot be found again."""
    prefix, secret = secrets.token_hex(5), secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        connection=connection,
        name=name,
        scopes=sorted(set(scopes)),
        prefix=prefix,
        secret_hash=_hash(secret),
        expires_at=expires_at,
    )
    return key, f"lk_{prefix}_{secret}"


def find(text, *, now=None):
    """The usable ApiKey that `text` is, with connection and partner loaded, or None."""
    now = now or timezone.now()
    kind, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    if kind != "lk" or not secret or len(text) > 200 or "\0" in text:
        return None
    key = ApiKey.objects.usable(now).select_related("connection__partner").filter(prefix=prefix).first()
    if key is None or not hmac.compare_digest(key.secret_hash, _hash(secret)):
        return None
    if key.last_used_at is None or key.last_used_at < now - _SEEN_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def revoke(key, *, now=None):
    """End the life of a key at once. A key that is revoked already keeps its date."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now or timezone.now())
