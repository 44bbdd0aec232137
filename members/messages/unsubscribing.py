"""How does somebody say that they want no more messages? On a page that needs no login, or with one click.

The address is what lets them in: it is signed (members/messages/addresses.py). Reading it changes nothing, so that
scanners of mail, which open every link, unsubscribe nobody; sending it does (RFC 8058). No form of ours has to come
before, so that there is no token of a session either.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import select_template
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from members import consenting
from members.messages import addresses
from members.messages.reaching import is_erased
from members.models import Consent, Member

#: What the consent says of where it was said.
SOURCE = "unsubscribe page"
#: Members may be merged into ones that are merged into others; nobody was so often.
_MOST_MERGES = 50


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """The page of one member and channel; sent with `again` it gives the consent, else it ends it."""
    found = addresses.read(token)
    member = _member(found[0]) if found else None
    if found is None or member is None or found[1] not in Consent.Channel.values:
        return _private(render(request, "unsubscribe/wrong.html", status=404))
    channel = found[1]
    is_given = consenting.latest([member.customer_id]).get((member.customer_id, channel))
    if request.method == "POST":
        wanted = "again" in request.POST
        if wanted and is_erased(member.customer):
            wanted = False
        if wanted != is_given:
            consenting.say(member.customer, channel, wanted, source=SOURCE)
        is_given = wanted
    return _private(HttpResponse(_page(request, member, channel, is_given)))


def _member(key: int) -> Member | None:
    """Who the member is now: one that was merged into another is that one."""
    rows = Member.objects.select_related("customer", "program")
    member = rows.filter(pk=key).first()
    for _ in range(_MOST_MERGES):
        if member is None or member.merged_into_id is None:
            break
        member = rows.filter(pk=member.merged_into_id).first()
    return member


def _page(request: HttpRequest, member: Member, channel: str, is_given: bool | None) -> str:
    """In the language of the person, else of the program, else in English. It names nobody."""
    asked = [member.customer.language, member.program.language]
    languages = [form for one in asked if one for form in (one.lower(), one.partition("-")[0])]
    template = select_template([f"unsubscribe/{language}.html" for language in [*languages, "en"]])
    shown = {
        "program": member.program.name,
        "channel": channel,
        "ended": is_given is False,
        "can_return": not is_erased(member.customer),
    }
    return str(template.render(shown, request))


def _private(response: HttpResponse) -> HttpResponse:
    """The address is the key: no search engine keeps it, and no other page hears of it."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
