"""How long may the database keep a web request waiting? Not for ever: somebody waits for the answer.

For the web server only. The night, the import and commands wait as long as it takes, unless the address of the
database says otherwise.
"""

from typing import Any

from django.conf import settings
from django.db import connections

from loyalty_site.lib.locks import long_waits


def limit_waits() -> None:
    """Let all connections that this process opens from now on end what waits too long; `OperationalError` says so."""
    for found in connections.settings.values():
        if "sqlite" in found["ENGINE"]:
            found["OPTIONS"] = limited_on_sqlite(found.get("OPTIONS", {}))
        elif settings.PREPARED_STATEMENTS:
            # PgBouncer in transaction mode refuses such parameters; there they are set for the role.
            found["OPTIONS"] = limited_on_postgresql(found.get("OPTIONS", {}))
    long_waits.limit(max(1, settings.WEB_THREADS // 2))


def limited_on_sqlite(options: dict[str, Any]) -> dict[str, Any]:
    """With the time for which one waits for the one writer."""
    return options | ({"timeout": settings.WEB_LOCK_TIMEOUT} if settings.WEB_LOCK_TIMEOUT else {})


def limited_on_postgresql(options: dict[str, Any]) -> dict[str, Any]:
    """What the address of the database says stands last, and wins."""
    limits = {
        "lock_timeout": settings.WEB_LOCK_TIMEOUT,
        "statement_timeout": settings.WEB_STATEMENT_TIMEOUT,
        "idle_in_transaction_session_timeout": settings.WEB_IDLE_TRANSACTION_TIMEOUT,
    }
    ours = [f"-c {name}={seconds}s" for name, seconds in limits.items() if seconds]
    return options | {"options": " ".join([*ours, options.get("options", "")]).strip()}
