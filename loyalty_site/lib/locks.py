"""Who goes on when two requests do the same at once? The one that claims its name first."""

import hashlib

from django.db import connection


def claim(name):
    """Whether `name` is ours alone until this transaction ends. It never waits.

    On SQLite it always is: transactions are IMMEDIATE, so the second one began only when the first had ended.
    """
    if connection.vendor != "postgresql":
        return True
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        return cursor.fetchone()[0]
