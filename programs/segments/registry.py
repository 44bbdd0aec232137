"""Which conditions over members are there? Those that the apps above have put here when they were ready.

A condition asks tables of members, or of the ledger, which lie above programs. So its class lies with the tables
that it asks (`members/segments/`, `transactions/segments/`), and programs know it by what all of them say.
"""

from typing import TypeVar

from programs.segments.base import Condition

Kind = TypeVar("Kind", bound=type[Condition])

_conditions: dict[str, type[Condition]] = {}


def register(kind: Kind) -> Kind:
    """Make a condition known under its key; a decorator. Raises ImportError where another one has it."""
    known = _conditions.setdefault(kind.key, kind)
    if known is not kind:
        raise ImportError(f"{kind.__name__} and {known.__name__} are both the condition “{kind.key}”.")
    return kind


def conditions() -> dict[str, type[Condition]]:
    """{key: class} in the order in which they are offered."""
    return dict(sorted(_conditions.items(), key=lambda item: item[1].place))
