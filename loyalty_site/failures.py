"""What is answered to what no view answers: a failure of ours, a database that refuses for a time, an unknown host?

Never what may be false: what fails behind a COMMIT, or in the middle of one, may have been written. Problem details
below /api/, a page elsewhere. Django asks `bad_request` and `server_error` by their names in urls.py.
"""

import logging
import sys
from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from loyalty_site.closed_pages import draw
from loyalty_site.lib import commits, problems
from loyalty_site.lib.database_refusals import refused_for_a_time
from loyalty_site.lib.refusals import Refused

logger = logging.getLogger("loyalty.failures")
RETRY_S = 2
_MAY_BE_WRITTEN = "The database went away in the middle: it may have been written."
_READING = {"GET", "HEAD", "OPTIONS"}
#: What a page adds, by the code of the refusal.
_ADVICE = {
    "busy": "Go back and send it again in a moment. Tell whoever operates this if it stays.",
    "outcome_unknown": "Look whether it is there before you do it again.",
}


def of_the_database(
    error: BaseException, request: HttpRequest, *, has_name: Callable[[], bool] | None = None
) -> Refused | None:
    """The refusal of a database that takes nothing for a time, or went away; None where `error` is something else.

    `has_name` says whether the request is known when it is sent again, and does nothing twice; a page never is.
    """
    busy = refused_for_a_time(error)
    if busy is None:
        return None
    logger.warning("the database did not take it", exc_info=error)
    if not _may_have_written(request):
        return busy
    if has_name and has_name():
        advice = "Send the same again: it is known by its name, so nothing is done twice."
        return problems.unlike("outcome_unknown", f"{_MAY_BE_WRITTEN} {advice}", Retry_After=RETRY_S)
    # Without Retry-After: who came again by itself might do it twice.
    advice = "Look first whether it is there: it has neither external_id nor Idempotency-Key."
    return problems.unlike("outcome_unknown", f"{_MAY_BE_WRITTEN} {advice}")


def failed(request: HttpRequest) -> str:
    """What is said of a failure of ours."""
    written = "it may have been written" if _may_have_written(request) else "nothing was written"
    return f"Something failed on our side; {written}."


def _may_have_written(request: HttpRequest) -> bool:
    """Whether something of this request may be written, although it failed."""
    return request.method not in _READING and commits.count() > 0


class DatabaseRefusals:
    """Django's middleware: a view that ran into a database which refuses for a time has not failed.

    It also counts what each request commits.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        commits.begin()
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """None: somebody else says what it is."""
        refused = of_the_database(error, request)
        return _told(request, refused) if refused else None


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What Django takes for a mistake of the client. A session that cannot be written is none."""
    refused = of_the_database(exception, request)
    if refused is None and isinstance(exception, DisallowedHost):
        detail = "This name is not served here: use one of ALLOWED_HOSTS, or have it added there."
        refused = problems.unlike("host_unknown", detail)
    return _told(request, refused or problems.unlike("bad_request", "The request cannot be read."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Whatever was raised outside of the views that have an answer of their own."""
    error = sys.exc_info()[1]
    refused = of_the_database(error, request) if error else None
    return _told(request, refused or problems.unlike("server_error", failed(request)))


def _told(request: HttpRequest, refused: Refused) -> HttpResponse:
    advice = _ADVICE.get(refused.refusal.code)
    if request.path_info.startswith("/api/") or not advice:
        return problems.at_the_door(refused, request)
    # Who is logged in would be asked of the database.
    request.user = AnonymousUser()
    title = "Not possible for a moment"
    detail = _MAY_BE_WRITTEN if refused.refusal.code == "outcome_unknown" else refused.refusal.detail
    page = draw(request, "busy", status=503, title=title, detail=detail, advice=advice)
    for name, value in refused.headers.items():
        page.headers[name] = value
    # It is written down as a warning already; Django would call it an error.
    page._has_been_logged = True  # type: ignore[attr-defined]
    return page
