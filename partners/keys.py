"""How does an API key come to be, and whose is the one in hand?"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.utils import timezone

from loyalty_site.lib.arrays import Row
from loyalty_site.lib.database_refusals import refused_for_a_time
from loyalty_site.lib.locks import without_waiting
from loyalty_site.lib.sql import Session, instant
from partners.callers import ApiCaller, CallingConnection, CallingPartner
from partners.models import ApiKey, Connection

#: `last_used_at` is for people: writing it more often than this would cost a write per request.
_SEEN_EVERY = timedelta(minutes=5)
_LONGEST = 200


def statement(columns: str = "", joins: str = "") -> str:
    """SQL for one usable key: neither revoked nor expired, of an active connection of an active partner.

    Further `columns` of tables that `joins` adds to the key `k`, its connection `c` and its partner `p` are read
    along: what a request needs to begin with then costs one statement.
    """
    return (
        f"SELECT k.id, k.secret_hash, k.scopes, k.last_used_at, c.id, p.id, p.code{columns} "
        "FROM partners_apikey k JOIN partners_connection c ON c.id = k.connection_id "
        f"JOIN partners_partner p ON p.id = c.partner_id {joins} "
        "WHERE k.prefix = %s AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > %s) "
        f"AND c.status = '{Connection.Status.ACTIVE.value}' AND p.is_active"
    )


_STATEMENT = statement()
#: How many columns `statement` has of its own.
_OWN = 7


def _hash(secret: str) -> str:
    """SHA-256 is enough for 32 random bytes: there is nothing to guess slowly."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue(
    connection: Connection, *, name: str, scopes: Iterable[str], expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
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


def find(text: str, *, now: datetime | None = None) -> ApiCaller | None:
    """Whose usable key `text` is, or None."""
    found = read(text, _STATEMENT, now=now)
    return found and found[0]


def read(text: str, asked: str, *, now: datetime | None = None) -> tuple[ApiCaller, Sequence[Row]] | None:
    """(whose usable key `text` is, the further columns of each row that `asked` gives), or None.

    `asked` is made by `statement`.
    """
    now = now or timezone.now()
    kind, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    if kind != "lk" or not secret or len(text) > _LONGEST or "\0" in text:
        return None
    rows = Session().run_first(asked, [prefix, now]).fetchall()
    if not rows or not hmac.compare_digest(rows[0][1], _hash(secret)):
        return None
    key_id, _, scopes, last_used_at, connection_id, partner_id, partner_code = rows[0][:_OWN]
    if last_used_at is None or instant(last_used_at) < now - _SEEN_EVERY:
        _note_use(key_id, now)
    connection = CallingConnection(connection_id, CallingPartner(partner_id, partner_code))
    return ApiCaller(key_id, frozenset(json.loads(scopes)), connection), [row[_OWN:] for row in rows]


def _note_use(key_id: int, now: datetime) -> None:
    """Write down that the key is in use. Where nothing can be written at the moment, reading goes on without."""
    try:
        with without_waiting():
            ApiKey.objects.filter(pk=key_id).update(last_used_at=now)
    except DatabaseError as error:
        if refused_for_a_time(error) is None:
            raise


def revoke(key: ApiKey, *, now: datetime | None = None) -> None:
    """End the life of a key at once. A key that is revoked already keeps its date."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now or timezone.now())
