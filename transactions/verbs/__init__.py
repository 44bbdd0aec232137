"""How is each fact posted? One file for each verb of the ledger, and what they share."""

import sys
from collections.abc import Iterable

from loyalty_site.lib.registry import load
from transactions.books.items import Item
from transactions.models import Journal
from transactions.verbs.base import Verb


def by_item(kinds: Iterable[type[Verb[Item]]]) -> dict[type[Item], Verb[Item]]:
    """{class of items: the verb that posts them}. Raises ImportError where two verbs take the same items."""
    found: dict[type[Item], Verb[Item]] = {}
    for kind in kinds:
        if kind.Item in found:
            both = f"{type(found[kind.Item]).__module__} and {kind.__module__}"
            raise ImportError(f"{both} both post {kind.Item.__name__}: each item has one verb.")
        found[kind.Item] = kind()
    return found


registry = by_item(load(sys.modules[__name__], Verb).values())


def of(item: Item) -> Verb[Item]:
    """The verb that posts `item`."""
    return registry[type(item)]


#: The kind of the journals that items of a class are written down in, for those that are.
_kinds = {item: verb.kind.value for item, verb in registry.items() if verb.kind}


def kind_of(item: Item) -> str:
    """The kind of the journal in which `item` is written down, "" where none is."""
    return _kinds.get(type(item), "")


def stored_as(kind: str) -> type[Item]:
    """The class of items that open journals of this kind were reported as."""
    return next(item for item, verb in registry.items() if verb.is_resumed and verb.kind == Journal.Kind(kind))
