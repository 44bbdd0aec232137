"""What do the conditions in the JSON of a rule mean, and what is wrong with them?

A node is an object whose entries must all hold: conditions by their keys, `all` and `any` with lists of nodes, and
`not` with one.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from loyalty_site.lib.json_types import ExactJson
from programs.rules.conditions import registry
from programs.rules.conditions.base import Condition, LineCondition, TotalCondition
from programs.rules.conditions.tree import All, Any, Leaf, Node, Not

#: What combines nodes; how deep they may lie in each other, and how many may stand in one list.
COMBINING = ("all", "any", "not")
DEEPEST, MOST_NODES = 3, 100


class Compiled(NamedTuple):
    """The conditions of a rule as it asks them: first the `plain` ones, each of the whole basket, of which the
    `filters` choose lines; then the `tree` of all the others, if there are any."""

    plain: tuple[Condition, ...]
    filters: tuple[LineCondition, ...]
    tree: All | None

    @property
    def chooses_lines(self) -> bool:
        """Whether any of them asks for lines."""
        leaves = self.tree.leaves() if self.tree else ()
        return bool(self.filters) or any(isinstance(leaf, LineCondition | TotalCondition) for leaf in leaves)


class Written(NamedTuple):
    """A condition as it is written, with the path to it."""

    path: str
    key: str
    value: ExactJson
    is_needed: bool


def compiled(conditions: Mapping[str, ExactJson]) -> Compiled:
    """The conditions of a rule, which are valid. Raises ValueError or KeyError where they are not."""
    parts = [_part(key, value) for key, value in conditions.items()]
    plain = [part.condition for part in parts if isinstance(part, Leaf) and not part.is_total]
    rest = [part for part in parts if part.is_total or not isinstance(part, Leaf)]
    filters = tuple(condition for condition in plain if isinstance(condition, LineCondition))
    return Compiled(tuple(plain), filters, All(rest) if rest else None)


def node(value: ExactJson) -> All:
    """A valid node as it is asked. Raises ValueError or KeyError where it is not valid."""
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    return All(_part(key, inner) for key, inner in value.items())


def _part(key: str, value: ExactJson) -> Node:
    if key == "not":
        return Not(node(value))
    if key in COMBINING:
        parts = [node(one) for one in value] if isinstance(value, list) else []
        return All(parts) if key == "all" else Any(parts)
    return Leaf(registry[key](value))


def problems(conditions: ExactJson) -> Iterator[tuple[str, str]]:
    """(path, what is wrong there) of the conditions of a rule; the path "" is that of all of them."""
    yield from _wrong_node(conditions, "", 0)


def _wrong_node(value: ExactJson, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, "must be an object"
        return
    if depth and not value:
        yield path, "must name at least one condition"
    for key, inner in value.items():
        at = f"{path}.{str(key)[:60]}" if path else str(key)[:60]
        if key in COMBINING:
            yield from _wrong_nodes(key, inner, at, depth + 1)
        elif key not in registry:
            yield at, f"unknown condition; known are {', '.join([*registry, *COMBINING])}"
        else:
            try:
                registry[key](inner)
            except ValueError as error:
                yield at, str(error)


def _wrong_nodes(key: str, value: ExactJson, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Of what is combined by `key`."""
    if depth > DEEPEST:
        yield path, f"conditions lie at most {DEEPEST} levels of all, any and not deep"
    elif key == "not":
        yield from _wrong_node(value, path, depth)
    elif not isinstance(value, list) or not 1 <= len(value) <= MOST_NODES:
        yield path, f"must be a list of 1 to {MOST_NODES} objects with conditions"
    else:
        for place, one in enumerate(value):
            yield from _wrong_node(one, f"{path}[{place}]", depth)


def written(conditions: ExactJson, path: str = "", *, is_needed: bool = True) -> Iterator[Written]:
    """The conditions in the JSON of a rule, wherever they stand in it; what is none of them is left out.

    `is_needed` where nothing is given unless it holds: neither inside `any`, unless alone there, nor inside `not`.
    """
    if not isinstance(conditions, dict):
        return
    for key, value in conditions.items():
        at = f"{path}.{key}" if path else str(key)
        if key == "not":
            yield from written(value, at, is_needed=False)
        elif key in COMBINING:
            nodes = value if isinstance(value, list) else []
            needed = is_needed and (key == "all" or len(nodes) == 1)
            for place, one in enumerate(nodes):
                yield from written(one, f"{at}[{place}]", is_needed=needed)
        elif key in registry:
            yield Written(at, key, value, is_needed)
