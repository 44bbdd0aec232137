"""Do the channels, stores, SKUs and categories exist that rules name? Asked of the catalogues of who takes part."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeAlias

from loyalty_site.lib.json_types import ExactJson
from partners.models import Product, Store
from programs.checks import Problem, clipped

#: What a rule asks for, by the keys of its conditions.
Conditions: TypeAlias = Mapping[str, ExactJson]

#: Conditions whose values have to exist somewhere, and what is said of those that do not.
_WORDS = {
    "channels": "is no channel of the program",
    "stores": "is no active store of who takes part",
    "products": "is no SKU of who takes part",
    "categories": "is no category of the products of who takes part",
}
#: The conditions that name something of the kind.
NAMING = frozenset(_WORDS)


def unknown(
    rules: Sequence[Conditions], *, partners: Collection[str], channels: Collection[str]
) -> list[list[Problem]]:
    """The problems of each of `rules`, which are given by their conditions: what they name and nobody has.

    `partners` are the codes of who takes part, `channels` those of the program (empty: any). Where nobody keeps a
    catalogue of products, none can be missing in it.
    """
    named = {key: {text for conditions in rules for text in _texts(conditions, key)} for key in _WORDS}
    known = {
        "channels": frozenset(channels) or None,
        "stores": _stores(named["stores"], partners),
        "products": _of_products("sku", named["products"], partners),
        "categories": _of_products("category", named["categories"], partners),
    }
    return [list(_problems(conditions, known)) for conditions in rules]


def _texts(conditions: Conditions, key: str) -> Iterator[str]:
    given = conditions.get(key, ())
    yield from (text for text in given if isinstance(text, str)) if isinstance(given, list | tuple) else ()


def _stores(named: Collection[str], partners: Collection[str]) -> Collection[str] | None:
    if not named:
        return None
    rows = Store.objects.filter(partner__code__in=partners, is_active=True, code__in=named)
    return frozenset(rows.values_list("code", flat=True))


def _of_products(column: str, named: Collection[str], partners: Collection[str]) -> Collection[str] | None:
    """Which of `named` there are; None where no product says anything in this column."""
    if not named:
        return None
    rows = Product.objects.filter(partner__code__in=partners).exclude(**{column: ""})
    found = frozenset(rows.filter(**{f"{column}__in": named}).values_list(column, flat=True))
    return found if found or rows.exists() else None


def _problems(conditions: Conditions, known: Mapping[str, Collection[str] | None]) -> Iterator[Problem]:
    for key, there in known.items():
        if there is None:
            continue
        for text in _texts(conditions, key):
            if text not in there:
                words = f"“{clipped(text)}” {_WORDS[key]}"
                words += f"; known are {', '.join(sorted(there))}" if key == "channels" else ""
                yield Problem(f"conditions.{key}", words)
