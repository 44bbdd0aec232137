"""How are platform credentials kept? Encrypted in the row, readable only with the installation's key."""

import base64
import hashlib
import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


def _cipher():
    """Encrypts with SECRET_KEY; still reads what an older key of SECRET_KEY_FALLBACKS wrote."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = (hashlib.sha256(b"partners.secrets:" + key.encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


class EncryptedJSONField(models.BinaryField):
    """A JSON value that lies encrypted in the database. It cannot be filtered on."""

    def get_prep_value(self, value):
        if value is None:
            return None
        return _cipher().encrypt(json.dumps(value, sort_keys=True).encode())

    def get_db_prep_value(self, value, connection, prepared=False):
        return super().get_db_prep_value(value if prepared else self.get_prep_value(value), connection, True)

    def from_db_value(self, value, expression, connection):
        if value is None:
            return None
        try:
            return json.loads(_cipher().decrypt(bytes(value)))
        except InvalidToken as error:
            raise ImproperlyConfigured(
                "Credentials were encrypted with another SECRET_KEY: add the old key to SECRET_KEY_FALLBACKS."
            ) from error

    def value_to_string(self, obj):
        raise TypeError("Encrypted credentials are not serialised.")
