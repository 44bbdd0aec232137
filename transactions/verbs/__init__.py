"""How is each fact posted? One file for each verb of the ledger, and what they share."""

import sys
from typing import Any

from loyalty_site.lib.registry import load
from transactions.books.items import Item
from transactions.models import Journal
from transactions.verbs.base import Verb

#: {class of items: the verb that posts them}.
registry: dict[type[Item], Verb[Any]] = {kind.Item: kind() for kind in load(sys.modules[__name__], Verb).values()}


def of(item: Item) -> Verb[Any]:
    """The verb that posts `item`."""
    return registry[type(item)]


def stored_as(kind: str) -> type[Item]:
    """The class of items that open journals of this kind were reported as."""
    return next(item for item, verb in registry.items() if verb.is_resumed and verb.kind == Journal.Kind(kind))
