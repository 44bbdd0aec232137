"""Is this process alive, and can it do its work? What a balancer and an orchestrator ask."""

import logging
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from kombu import Connection

logger = logging.getLogger("loyalty.health")


class NotReady(Exception):
    """A part answers, but not as it must."""


@never_cache
def live(request: HttpRequest) -> JsonResponse:
    """The process answers. It asks nothing else: a database that is away is no reason to be restarted."""
    return JsonResponse({"status": "alive"})


@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Everything that a request needs answers; 503 and which part does not, otherwise."""
    parts = {name: state_of(name, check) for name, check in CHECKS.items()}
    is_ready = all(state == "ok" for state in parts.values())
    body = {"status": "ready" if is_ready else "not ready", "checks": parts}
    return JsonResponse(body, status=200 if is_ready else 503)


def state_of(name: str, check: Callable[[], None]) -> str:
    """ "ok", or the kind of trouble; its words stay in the log, because they may name hosts and users."""
    try:
        check()
    except NotReady as trouble:
        return str(trouble)
    except Exception as trouble:
        logger.warning("not ready: %s", name, exc_info=True)
        return type(trouble).__name__
    return "ok"


def database_answers() -> None:
    """Raises whatever the driver raises when it does not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def database_takes_writes() -> None:
    """Raises NotReady for a database that only reads, and whatever the driver raises where its disk is full."""
    if connection.vendor != "postgresql":
        sqlite_takes_writes(Path(connection.settings_dict["NAME"]))
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_read_only')")
        if cursor.fetchone()[0] == "on":
            raise NotReady("read-only")
        # More rows than fit into so little memory go into a file of the server, which vanishes again.
        cursor.execute("SET LOCAL work_mem = '64kB'")
        cursor.execute("SELECT count(*) FROM generate_series(1, 20000)")


def sqlite_takes_writes(path: Path) -> None:
    """Raises OSError where the disk is full, sqlite3.OperationalError where the file only reads."""
    folder_takes_writes(path.parent)
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as own:
        try:
            own.execute("BEGIN IMMEDIATE")
            # Beginning alone writes nothing.
            [(version,)] = own.execute("PRAGMA user_version")
            own.execute(f"PRAGMA user_version = {version}")
        except sqlite3.OperationalError as trouble:
            # Somebody else is writing: so it can be done.
            if trouble.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
        else:
            own.execute("ROLLBACK")


def folder_takes_writes(folder: Path) -> None:
    """Raises OSError where nothing more can be written into it."""
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(65_536))
        file.flush()


def migrations_are_applied() -> None:
    """Raises NotReady while some are not."""
    executor = MigrationExecutor(connection)
    pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if pending:
        raise NotReady(f"{pending} pending")


def broker_answers() -> None:
    """Raises when no task could be sent: of Redis whatever its driver raises, of the folder NotReady."""
    if settings.REDIS_URL:
        options = {"socket_timeout": 1, "socket_connect_timeout": 1}
        with Connection(settings.REDIS_URL, transport_options=options) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0)
        return
    try:
        folder_takes_writes(settings.BROKER_DIR)
    except OSError:
        logger.warning("not ready: broker", exc_info=True)
        raise NotReady("folder not writable") from None


CHECKS: dict[str, Callable[[], None]] = {
    "database": database_answers,
    "writing": database_takes_writes,
    "migrations": migrations_are_applied,
    "broker": broker_answers,
}
