"""What is answered when the database does not take a request? 503 and when to come again; never what may be false.

The API answers with it through its handler of exceptions, pages through the middleware.
"""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, InternalError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from loyalty_site.lib import commits, problems
from loyalty_site.lib.refusals import Refused

logger = logging.getLogger("loyalty.database")

Result = TypeVar("Result")

#: SQLSTATE of what Django takes for our own mistake: a transaction that idled for too long, and a database that only
#: reads.
_OTHERS = {"25P03", "25006"}
RETRY_S = 2
#: So many seconds whoever can go on by itself waits for a database that is away, such as one that is started anew.
PATIENCE_S = 60
_READING = {"GET", "HEAD", "OPTIONS"}


def is_one(error: Exception) -> bool:
    """Whether the database did not take what was right in itself: it is away, busy, full, or only reads."""
    if isinstance(error, InternalError):
        return getattr(error.__cause__, "sqlstate", None) in _OTHERS
    return isinstance(error, OperationalError | InterfaceError)


def insist(do: Callable[[], Result]) -> Result:
    """The result of `do`, which does nothing twice; done again where the connection was lost, over a new one.

    Raises what it raises where the connection is still there, inside a transaction, and after PATIENCE_S seconds.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return do()
        except (OperationalError, InterfaceError) as error:
            if connection.in_atomic_block or time.monotonic() > deadline or not commits.is_loss(error):
                raise
            logger.warning("the connection to the database was lost; going on over a new one", exc_info=True)
            connection.close()
            time.sleep(1)


def may_have_written(request: HttpRequest) -> bool:
    """Whether something of this request may be written, although it failed."""
    return request.method not in _READING and commits.count() > 0


def refused(error: Exception, request: HttpRequest, *, has_name: bool) -> Refused:
    """The refusal for an error that `is_one`. `has_name`: sent again, the request is known and does nothing twice."""
    logger.warning("the database did not take it", exc_info=error)
    if not may_have_written(request):
        return problems.unlike("busy", "The database is busy; nothing was written.", Retry_After=RETRY_S)
    detail = "The database went away in the middle: it may have been written. "
    if has_name:
        detail += "Send the same again; with its external_id or Idempotency-Key nothing is done twice."
        return problems.unlike("outcome_unknown", detail, Retry_After=RETRY_S)
    # Without Retry-After: who came again by itself might do it twice.
    detail += "Look first whether it is there: it has neither external_id nor Idempotency-Key."
    return problems.unlike("outcome_unknown", detail)


class DatabaseRefusals:
    """Django's middleware: pages, and what is counted of the commits of each request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        commits.begin()
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The page for what the database did not take; None where it is something else."""
        if not is_one(error):
            return None
        logger.warning("the database did not take it", exc_info=error)
        if may_have_written(request):
            detail = "The database went away in the middle: it may have been saved. Look before you do it again."
        else:
            detail = "The database is busy; nothing was saved. Go back and try again in a few seconds."
        kind = "text/plain; charset=utf-8"
        return HttpResponse(f"{detail}\n", status=503, headers={"Retry-After": str(RETRY_S)}, content_type=kind)
