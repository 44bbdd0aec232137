"""Do the channels, stores, SKUs and categories exist that rules name? Asked of the catalogues of who takes part."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from loyalty_site.lib.json_types import ExactJson
from partners.models import Product, Store
from programs.checks import Problem, clipped
from programs.rules.conditions import reading

#: What a rule asks for, by the keys of its conditions.
Conditions: TypeAlias = Mapping[str, ExactJson]

#: Conditions whose values have to exist somewhere, and what is said of those that do not.
_WORDS = {
    "channels": "is no channel of the program",
    "stores": "is no active store of who takes part",
    "products": "is no SKU of who takes part",
    "categories": "is no category of the products of who takes part",
}


def unknown(
    rules: Sequence[Conditions], *, partners: Collection[str], channels: Collection[str]
) -> list[list[Problem]]:
    """The problems of each of `rules`, which are given by their conditions: what they name and nobody has.

    `partners` are the codes of who takes part, `channels` those of the program (empty: any). Where nobody keeps a
    catalogue of products, none can be missing in it.
    """
    wanted = [list(names(conditions)) for conditions in rules]
    named = {key: {text for found in wanted for one, _, text in found if one == key} for key in _WORDS}
    known = {
        "channels": frozenset(channels) or None,
        "stores": _stores(named["stores"], partners),
        "products": _of_products("sku", named["products"], partners),
        "categories": _of_products("category", named["categories"], partners),
    }
    return [list(_problems(found, known)) for found in wanted]


def names(conditions: Conditions) -> Iterator[tuple[str, str, str]]:
    """(key, path, text) of all that conditions name and that has to exist, wherever they stand."""
    for one in reading.written(conditions):
        if one.key in _WORDS and isinstance(one.value, list):
            yield from ((one.key, one.path, text) for text in one.value if isinstance(text, str))


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


def _problems(
    wanted: Iterable[tuple[str, str, str]], known: Mapping[str, Collection[str] | None]
) -> Iterator[Problem]:
    for key, path, text in wanted:
        there = known[key]
        if there is not None and text not in there:
            words = f"“{clipped(text)}” {_WORDS[key]}"
            words += f"; known are {', '.join(sorted(there))}" if key == "channels" else ""
            yield Problem(f"conditions.{path}", words)
