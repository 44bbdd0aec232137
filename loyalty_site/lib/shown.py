"""What do we keep of a request and of its answer, for staff to read? All but secrets, and not too much of it."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote, quote_plus, unquote_plus, urlsplit

from loyalty_site.lib.http import Answer, NothingSent, Request, written

#: Characters of a body that are kept.
LONGEST_BODY = 10_000
#: Characters of all headers together.
LONGEST_HEADERS = 4_000
HIDDEN = "•••"
#: Characters that a value in an address has at least when it keeps others out.
SHORTEST_SECRET = 8
#: Headers that hold a secret whoever sends them.
_SECRET_HEADERS = {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"}
#: What PostgreSQL stores in no text, and what would rearrange a page.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def shown(request: Request) -> str:
    """The request as it leaves: method, address, headers, and the first LONGEST_BODY characters of its body."""
    try:
        made = written(request)
    except NothingSent:
        return hidden(f"{request.method} {request.url}", _secrets(request))
    head = f"{made.method} {made.url}"
    return _page(head, made.headers, made.content, _secrets(request))


def shown_answer(answer: Answer, request: Request) -> str:
    """The answer to `request`; one that repeats its secrets shows them as little."""
    return _page(f"HTTP {answer.status}", answer.headers, answer.body, _secrets(request))


def hidden(text: str, secrets: Sequence[str]) -> str:
    """`text` without `secrets`, however an address or a form spells them, and without control characters."""
    return _without(text, _spellings(secrets))


def _spellings(secrets: Sequence[str]) -> list[str]:
    return [
        spelling
        for secret in sorted(filter(None, secrets), key=len, reverse=True)
        for spelling in {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
    ]


def _without(text: str, spellings: Sequence[str]) -> str:
    for spelling in spellings:
        text = text.replace(spelling, HIDDEN)
    return _CONTROLS.sub("\ufffd", text)


def address(url: str) -> str:
    """An address without what may be a secret in it: its login and its query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" + ("?…" if parts.query else "")


def secrets_of(url: str) -> tuple[str, ...]:
    """What may be a secret in the query of an address: its values, as they are spelled and as they are meant."""
    parts = [part.partition("=")[2] or part for part in urlsplit(url).query.split("&")]
    found = {spelling for part in parts for spelling in (part, unquote_plus(part))}
    return tuple(sorted(one for one in found if len(one) >= SHORTEST_SECRET))


def _secrets(request: Request) -> list[str]:
    return [*request.secrets, *(request.basic[1:] if request.basic else ())]


def _page(head: str, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> str:
    lines = [f"{name}: {HIDDEN if name.lower() in _SECRET_HEADERS else value}" for name, value in headers.items()]
    # A character has four bytes at most. Hidden before it is cut, so that no half of a secret is left.
    text, spelt = body[: 8 * LONGEST_BODY].decode("utf-8", errors="replace"), _spellings(secrets)
    parts = [_without(head, spelt), cut(_without("\n".join(lines), spelt), LONGEST_HEADERS)]
    return "\n".join(filter(None, parts)) + (f"\n\n{cut(_without(text, spelt), LONGEST_BODY)}" if text else "")


def cut(text: str, longest: int) -> str:
    """`text`, or its first `longest` characters and how many more there are."""
    return text if len(text) <= longest else f"{text[:longest]}\n… and {len(text) - longest:,} more characters"
