"""Is this process alive, and can it do its work? What a balancer and an orchestrator ask."""

import logging
import os
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu import Connection

logger = logging.getLogger("loyalty.health")


class NotReady(Exception):
    """A part answers, but not as it must."""


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """The process answers. It asks nothing else: a database that is away is no reason to be restarted."""
    return JsonResponse({"status": "alive"})


@never_cache
@require_safe
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


def migrations_are_applied() -> None:
    """Raises NotReady while some are not."""
    executor = MigrationExecutor(connection)
    pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if pending:
        raise NotReady(f"{pending} pending")


def broker_answers() -> None:
    """Raises when no task could be sent: of Redis whatever its driver raises, of the folder NotReady."""
    if settings.REDIS_URL:
        options = {"socket_timeout": 2, "socket_connect_timeout": 2}
        with Connection(settings.REDIS_URL, transport_options=options) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0)
    elif not os.access(settings.BROKER_DIR, os.W_OK):
        raise NotReady("folder not writable")


CHECKS: dict[str, Callable[[], None]] = {
    "database": database_answers,
    "migrations": migrations_are_applied,
    "broker": broker_answers,
}
