"""Which members may somebody mean by what they typed? For people, who see the answers and choose.

Machines name a member exactly and use lookup.py. Each way is answered by an index and ends after MOST hits, so
that a search in millions of members stays quick, whatever was typed; a text inside a name is not found, its
start is.
"""

from collections.abc import Collection, Iterator
from typing import TypeVar

from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import RawSQL

from loyalty_site.lib import notation
from loyalty_site.lib.prefix import ByStart, starts
from loyalty_site.lib.texts import cannot_be
from members.lookup import notations
from members.models import Card, Customer, Member
from members.models.customers import LONGEST_KEY
from programs.models import Program

#: So many hits of each way are looked at, the nearest ones: nobody reads on, everybody types more.
MOST = 500
#: Shorter starts of numbers and addresses would match a great part of all members.
_SHORTEST = 3
#: Behind a start of digits: the last number that it can be the start of, in the order of any language.
_LAST_DIGITS = "9" * 24

Row = TypeVar("Row", bound=Model)


def matching(members: QuerySet[Member], text: str) -> QuerySet[Member]:
    """Those of the queryset `members` that `text` may mean: number, card, e-mail, phone or names."""
    if not (text := text.strip()):
        return members
    if cannot_be(text):
        return members.none()
    rows = members.order_by()
    return _found(members, [*_by_number(rows, text), *_by_person(rows, text, "customer__")])


def customers(everybody: QuerySet[Customer], text: str) -> QuerySet[Customer]:
    """Those of the queryset `everybody` that `text` may mean: e-mail, phone or names, or the start of one."""
    text = text.strip()
    if cannot_be(text):
        return everybody.none()
    return _found(everybody, list(_by_person(everybody.order_by(), text)))


def cards(everywhere: QuerySet[Card], text: str) -> QuerySet[Card]:
    """Those of the queryset `everywhere` whose number begins with `text`, in whatever letter case it is typed."""
    if not (text := text.strip()):
        return everywhere
    starting = Q()
    for start in notations("card", text):
        starting |= starts("number", start)
    return everywhere.none() if cannot_be(text) else everywhere.filter(starting)


def _found(rows: QuerySet[Row], ways: list[QuerySet[Row]]) -> QuerySet[Row]:
    """The first MOST rows of each way, asked for in one statement.

    Their keys are read at once: a list and its count then need no plan that depends on how many there are.
    """
    everything = rows.model._default_manager.order_by().values_list("pk", flat=True)
    # Each way lies in a subquery, because SQLite takes no limit inside a union.
    first = [everything.filter(pk__in=way.values("pk")[:MOST]) for way in ways]
    keys = set(first[0].union(*first[1:], all=True)) if first else ()
    # Written as the numbers that they are: hundreds of parameters take longer than all else of a search.
    return rows.filter(pk__in=RawSQL(",".join(map(str, keys)), ()) if keys else ())


def _by_number(members: QuerySet[Member], text: str) -> Iterator[QuerySet[Member]]:
    """The ways through numbers of members and of cards; their indexes begin with the program."""
    digits = notation.member_number(text)
    programs = Program.objects.order_by().values("pk")
    number = Q(number=digits)
    if len(digits) >= _SHORTEST and digits.isascii() and digits.isdigit():
        number = Q(number__gte=digits, number__lte=digits + _LAST_DIGITS)
    yield members.filter(number, program__in=programs).order_by("program_id")
    written = notations("card", text)
    if len(text) < _SHORTEST:
        whole = Card.objects.filter(number__in=written, program__in=programs)
        yield members.filter(pk__in=whole.values("member"))
    else:
        yield from (_starting(members, "cards__number", start) for start in written)


def _by_person(rows: QuerySet[Row], text: str, path: str = "") -> Iterator[QuerySet[Row]]:
    """The ways through what is known of the customer, whose columns stand at `path`."""
    if key := notation.email_key(text):
        yield rows.filter(**{f"{path}email_key": key})
    if "@" in text and len(text) >= _SHORTEST:
        yield _starting(rows, f"{path}email_key", key)
    for start in _phones(text):
        yield _starting(rows, f"{path}phone", start)
    for key in _names(text):
        yield _starting(rows, f"{path}last_name_key", key)


def _starting(rows: QuerySet[Row], column: str, text: str) -> QuerySet[Row]:
    return rows.filter(starts(column, text)).order_by(ByStart(column))


def _names(text: str) -> list[str]:
    """The name keys that a typed name may have: the last name may stand first or last."""
    words = text.replace(",", " ").split()
    if not words:
        return []
    orders = (words, [*words[-1:], *words[:-1]])
    return list(dict.fromkeys(key[:LONGEST_KEY] for order in orders for key in notation.name_keys(" ".join(order))))


def _phones(text: str) -> list[str]:
    """The phone numbers, or starts of some, that are meant: without a country, one of any that a program has."""
    if sum(map(str.isdecimal, text)) < _SHORTEST:
        return []
    countries: Collection[str] = ()
    if notation.is_national_phone(text):
        countries = Program.objects.order_by().exclude(country="").values_list("country", flat=True).distinct()
    return notation.phone_starts(text, countries)
