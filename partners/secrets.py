"""How are platform credentials kept? Encrypted in the row, readable only with the installation's key."""

import base64
import hashlib
import json
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression

from loyalty_site.lib.json_types import Json


def _cipher() -> MultiFernet:
    """Encrypts with SECRET_KEY; still reads what an older key of SECRET_KEY_FALLBACKS wrote."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = (hashlib.sha256(b"partners.secrets:" + key.encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


#: What is said of a value that nobody can read any more.
LOST = "It was encrypted with another SECRET_KEY: add the old key to SECRET_KEY_FALLBACKS, or enter it again."


class Lost(dict[str, Json]):
    """A value whose key is gone: empty for whoever reads it, and saved again as it was `stored`.

    Reading a row does not fail for it, so that one connection does not stop what all others send.
    """

    def __init__(self, stored: bytes) -> None:
        super().__init__()
        self.stored = stored


#: The encrypted value as the drivers take it.
Stored: TypeAlias = bytes | memoryview | None

if TYPE_CHECKING:
    _Column = models.BinaryField[Json, Json]
else:
    _Column = models.BinaryField


class EncryptedJSONField(_Column):
    """A JSON value that lies encrypted in the database. It cannot be filtered on."""

    def get_prep_value(self, value: Json) -> bytes | None:
        if value is None:
            return None
        if isinstance(value, Lost):
            return value.stored
        return _cipher().encrypt(json.dumps(value, sort_keys=True).encode())

    def get_db_prep_value(self, value: Json, connection: BaseDatabaseWrapper, prepared: bool = False) -> Stored:
        stored: Stored = super().get_db_prep_value(
            value if prepared else self.get_prep_value(value), connection, True
        )
        return stored

    def from_db_value(self, value: Stored, expression: Expression, connection: BaseDatabaseWrapper) -> Json:
        if value is None:
            return None
        try:
            found: Json = json.loads(_cipher().decrypt(bytes(value)))
        except InvalidToken:
            return Lost(bytes(value))
        return found

    def value_to_string(self, obj: models.Model) -> NoReturn:
        raise TypeError("Encrypted credentials are not serialised.")
