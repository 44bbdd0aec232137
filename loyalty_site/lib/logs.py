"""How does a log line look? One JSON object with the id of the request, and with nothing personal in it.

Logs name things by id and by route. Addresses, bodies, headers and query strings stay out: a path may
hold a connection's token, a search may hold an e-mail address.
"""

import json
import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

logger = logging.getLogger("loyalty.request")

# What this thread works for: a request's id, or a task's.
request_id: ContextVar[str] = ContextVar("request_id", default="")

GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
ORDINARY = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
# PostgreSQL quotes the offending values in this line of an error.
DETAIL = re.compile(r"(?m)^\s*DETAIL:.*\n?")


class JsonFormatter(logging.Formatter):
    """One line of JSON per record; plain values given as `extra` become members of it."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, str | int | float | bool] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
            "request_id": request_id.get(),
        }
        for name, value in vars(record).items():
            if name not in ORDINARY and isinstance(value, str | int | float | bool):
                line[name] = value
        if record.exc_info:
            line["exception"] = DETAIL.sub("", self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def _message(record: logging.LogRecord) -> str:
    """The text of the record; Django puts paths into its own, and the route takes their place."""
    message, request = record.getMessage(), getattr(record, "request", None)
    return message.replace(request.path, route_of(request)) if isinstance(request, HttpRequest) else message


class RequestLogMiddleware:
    """Gives each request an id, answers it as X-Request-Id, and writes one line about it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-Id", "")
        own_id = given if GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
        token = request_id.set(own_id)
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            response["X-Request-Id"] = own_id
            if is_worth_a_line(request, response):
                logger.info(
                    "%s %s %s",
                    request.method,
                    route_of(request),
                    response.status_code,
                    extra={
                        "status": response.status_code,
                        "ms": round((time.perf_counter() - started) * 1000, 1),
                        "user_id": getattr(getattr(request, "user", None), "pk", None),
                    },
                )
            return response
        finally:
            request_id.reset(token)


def route_of(request: HttpRequest) -> str:
    """The pattern that the path matched, such as hooks/<token>/: the path itself may hold secrets."""
    return "/" + request.resolver_match.route if request.resolver_match else "(no route)"


def is_worth_a_line(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether the request is logged: static files and healthy probes would bury the rest."""
    if response.status_code >= 400:
        return True
    return bool(request.resolver_match) and not request.path_info.startswith("/health/")


def configuration(level: str) -> dict[str, Any]:
    """The setting LOGGING: everything from `level` on as lines on standard error, each once."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "loyalty_site.lib.logs.JsonFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            # The middleware writes one line per request; a refused one needs no second line.
            "django.request": {"level": "ERROR"},
            "gunicorn.error": {"handlers": [], "propagate": True, "level": "INFO"},
            # Names and addresses of people.
            "axes": {"level": "CRITICAL"},
            "celery.beat": {"level": "WARNING"},
            # Addresses and headers of what leaves hold secrets.
            "httpcore": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
        },
    }
