"""How long does a page take that looks for a member? Pages of the admin, and the look-up of the API, in one process.

Everything runs inside a process that `databases.use` has prepared, hence the imports inside.
"""

import re
import time
from collections.abc import Callable
from itertools import cycle
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.stage import calls, crowd, in_process

if TYPE_CHECKING:
    from django.http import HttpResponse

_LIST = "/admin/members/member/"
_CUSTOMERS = "/admin/members/customer/"
_CHOICE = "/admin/autocomplete/"
_LOOKUP = "/api/v1/members/lookup/"
#: Of which field the choices are.
_FIELD = {"app_label": "transactions", "model_name": "journal", "field_name": "member"}
#: What a row of an answer has, by the page.
_ROW = {
    _LIST: r'href="/admin/members/member/\d+/change/',
    _CUSTOMERS: r'href="/admin/members/customer/\d+/change/',
    _CHOICE: r'"id":',
    _LOOKUP: r'"number":',
}
#: Rows of a full page.
_FULL = {_LIST: 25, _CUSTOMERS: 25, _CHOICE: 20}
NONE, ONE, FEW, MANY = range(4)


class Page(NamedTuple):
    """What is `typed` and what the right answer `shows` may name what somebody is known by, as {email}."""

    path: str
    name: str
    typed: str
    shows: str
    hits: int


PAGES = {
    "members, the newest": Page(_LIST, "q", "", "", MANY),
    "members by number": Page(_LIST, "q", "{number}", "{number}", ONE),
    "members by card": Page(_LIST, "q", "{card}", "{number}", ONE),
    "members by e-mail": Page(_LIST, "q", "{email}", "{number}", ONE),
    "members by phone": Page(_LIST, "q", "{phone}", "{number}", ONE),
    "members by a name that few have": Page(_LIST, "q", "{name}", "{number}", FEW),
    "members by the start of a name that very many have": Page(_LIST, "q", "mart", "Martin", MANY),
    "members by one letter": Page(_LIST, "q", "o", "Oldman", MANY),
    "members by both names that very many have": Page(_LIST, "q", "eve martin", "Eve Martin", MANY),
    "members by a start of digits": Page(_LIST, "q", "123", "123", FEW),
    "members, nobody is found": Page(_LIST, "q", "nobodyatall", "", NONE),
    "customers by e-mail": Page(_CUSTOMERS, "q", "{email}", "{email}", ONE),
    "customers by phone": Page(_CUSTOMERS, "q", "{phone}", "{email}", ONE),
    "customers by the start of a name that very many have": Page(_CUSTOMERS, "q", "mart", "Martin", MANY),
    "choice by card": Page(_CHOICE, "term", "{card}", "{number}", ONE),
    "choice by a name that few have": Page(_CHOICE, "term", "{name}", "{number}", FEW),
    "choice by the start of a name that very many have": Page(_CHOICE, "term", "mart", "Martin", MANY),
    "API by number": Page(_LOOKUP, "number", "{number}", "{number}", ONE),
    "API by card": Page(_LOOKUP, "card", "{card}", "{number}", ONE),
    "API by external id": Page(_LOOKUP, "external_id", "{external_id}", "{number}", ONE),
    "API by e-mail": Page(_LOOKUP, "email", "{email}", "{number}", ONE),
    "API by phone": Page(_LOOKUP, "phone", "{phone}", "{number}", ONE),
}


def measure(places: list[int], rounds: int) -> dict[str, list[float]]:
    """{page: milliseconds of each round}: all pages in turn, in each round about another of those at `places`.

    Raises AssertionError where a page does not show who is looked for.
    """
    in_process.leave_logs_unread()
    people, ask = cycle([crowd.someone(place) for place in places]), _asker()
    measured: dict[str, list[float]] = {name: [] for name in PAGES}
    for number in range(rounds + 1):
        who = next(people)
        for name, page in PAGES.items():
            query = {page.name: page.typed.format(**who)} if page.typed else {}
            started = time.perf_counter()
            answer = ask(page.path, query)
            took = (time.perf_counter() - started) * 1000
            _check(name, page, who, answer)
            # The first round only warms up.
            measured[name] += [took] if number else []
    return measured


def _check(name: str, page: Page, who: dict[str, str], answer: "HttpResponse") -> None:
    body = answer.content.decode()
    rows, full = len(re.findall(_ROW[page.path], body)), _FULL.get(page.path, 1)
    fit = {NONE: range(1), ONE: range(1, 2), FEW: range(1, full + 1), MANY: range(full, full + 1)}[page.hits]
    assert answer.status_code == 200, f"{name}: {answer.status_code}"
    assert rows in fit, f"{name} shows {rows} rows"
    assert page.shows.format(**who) in body, f"{name} does not show {page.shows.format(**who)}"


def _asker() -> Callable[[str, dict[str, str]], "HttpResponse"]:
    """Asks for an address: a browser of somebody who may see everything, and a partner's system with its key."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    host = "127.0.0.1"
    browser, system = Client(HTTP_HOST=host), Client(HTTP_HOST=host)
    boss, _ = get_user_model().objects.get_or_create(username="boss", is_staff=True, is_superuser=True)
    browser.force_login(boss)
    key = {"Authorization": f"Bearer {calls.issue_key()}"}

    def ask(path: str, query: dict[str, str]) -> "HttpResponse":
        if path == _LOOKUP:
            return system.get(path, query, headers=key)
        return browser.get(path, (_FIELD if path == _CHOICE else {}) | query)

    return ask
