"""What is said to who sends something to an address that is only read?"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from loyalty_site.lib import problems

ALLOWED = "GET, HEAD"


def only_read(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The view, with a problem as the answer to every method but GET and HEAD."""

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **named: Any) -> HttpResponseBase:
        if request.method not in ALLOWED.split(", "):
            detail = f"{request.method} is not possible here; use {ALLOWED}."
            refused = problems.unlike("method_not_allowed", detail, Allow=ALLOWED)
            return problems.response(refused, path=request.path)
        return view(request, *args, **named)

    return answer
