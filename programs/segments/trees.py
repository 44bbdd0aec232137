"""How are conditions over members combined? By all, any and not, and said, checked and asked as a whole.

A tree is a JSON object with one name: `{"all": [...]}`, `{"any": [...]}`, `{"not": {...}}`, or the key of a condition
with what it needs to know: `{"tags": {"names": ["vip"]}}`.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import and_, or_
from typing import NamedTuple

from django.db.models import Q

from loyalty_site.lib.json_types import ExactJson
from programs.checks import Problem, absurd, clipped
from programs.segments import fields, registry
from programs.segments.base import Condition, Scope, Surroundings

#: How deep all, any and not may lie in each other, and how many conditions there may be.
DEEPEST, MOST = 3, 60
_COMBINED = ("all", "any", "not")


class Leaf(NamedTuple):
    """A condition, and where it stands."""

    path: str
    condition: Condition


def problems(tree: ExactJson) -> list[Problem]:
    """What is wrong with a tree by itself, whatever program it is in; [] if it is right."""
    return list(absurd(tree)) or list(_problems(tree, "", 0)) or list(_too_many(tree))


def _problems(tree: ExactJson, path: str, depth: int) -> Iterator[Problem]:
    if not isinstance(tree, dict) or len(tree) != 1:
        known = ", ".join((*_COMBINED, *registry.conditions()))
        yield Problem(path, f"must be an object with one name: {known}")
        return
    ((name, inner),) = tree.items()
    where = f"{path}.{clipped(name)}".lstrip(".")
    if name in _COMBINED:
        yield from _combined(name, inner, where, depth + 1)
        return
    kind = registry.conditions().get(name)
    if kind is None:
        yield Problem(where, f"unknown condition; known are {', '.join(registry.conditions())}")
        return
    yield from (problem.under(where) for problem in fields.problems(kind.Params, inner))


def _combined(name: str, inner: ExactJson, path: str, depth: int) -> Iterator[Problem]:
    if depth > DEEPEST:
        yield Problem(path, f"lies on level {depth}; all, any and not are nested at most {DEEPEST} deep")
    elif name == "not":
        yield from _problems(inner, path, depth)
    elif not isinstance(inner, list) or not inner:
        yield Problem(path, "must be a list of at least one condition")
    else:
        for place, part in enumerate(inner):
            yield from _problems(part, f"{path}[{place}]", depth)


def _too_many(tree: ExactJson) -> Iterator[Problem]:
    if len(list(leaves(tree))) > MOST:
        yield Problem("", f"has more than {MOST} conditions")


def leaves(tree: ExactJson, path: str = "") -> Iterator[Leaf]:
    """The conditions of a tree that is right by itself."""
    name, inner = _only(tree)
    where = f"{path}.{name}".lstrip(".")
    if name == "not":
        yield from leaves(inner, where)
    elif isinstance(inner, list):
        for place, part in enumerate(inner):
            yield from leaves(part, f"{where}[{place}]")
    else:
        yield Leaf(where, _condition(name, inner))


def unmet(tree: ExactJson, around: Surroundings) -> Iterator[Problem]:
    """What a tree that is right by itself names and the program does not have."""
    for leaf in leaves(tree):
        yield from (Problem(f"{leaf.path}.{name}", words) for name, words in leaf.condition.unmet(around))


def stores(tree: ExactJson) -> list[tuple[str, str]]:
    """(path, store) of the stores that it names."""
    return [(f"{leaf.path}.{name}", store) for leaf in leaves(tree) for name, store in leaf.condition.stores()]


def segments(tree: ExactJson) -> set[str]:
    """The codes of the other segments that it names."""
    return {code for leaf in leaves(tree) for code in leaf.condition.segments()}


def promotions(tree: ExactJson) -> set[str]:
    """The codes of the promotions that it names; of one that cannot be read any more none."""
    return set() if problems(tree) else {code for leaf in leaves(tree) for code in leaf.condition.promotions()}


def depends_on(tree: ExactJson) -> set[str]:
    """What a tree that is right by itself depends on: codes of segments, and ladders as `ladder` names them."""
    return segments(tree) | {ladder(code) for leaf in leaves(tree) for code in leaf.condition.tier_groups()}


def ladder(code: str) -> str:
    """A ladder among segments, whose codes have no blanks."""
    return f"tiers of {code}"


def keys(tree: ExactJson) -> set[str]:
    """The keys of the conditions of which it is made; of one that cannot be read any more none."""
    return set() if problems(tree) else {leaf.condition.key for leaf in leaves(tree)}


def circle(code: str, named: Mapping[str, set[str]]) -> list[str]:
    """The codes from `code` back to itself, where the segments that are `named` lead there; [] where they do not."""
    ways, seen = [[code]], set[str]()
    while ways:
        way = ways.pop(0)
        for following in sorted(named.get(way[-1], ())):
            if following == code:
                return [*way, code]
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return []


def circular(code: str, named: Mapping[str, set[str]]) -> Iterator[Problem]:
    """Problem of a segment that is, by way of others, a condition of itself."""
    if way := circle(code, named):
        yield Problem("conditions", f"the segment would depend on itself: {' → '.join(way)}")


def say(tree: ExactJson, around: Surroundings) -> str:
    """A tree that is right by itself as a sentence, e.g. “Members who hold Gold (Main), and have the tag vip.”."""
    return f"Members who {_said(tree, around, is_outermost=True)}."


def _said(tree: ExactJson, around: Surroundings, *, is_outermost: bool = False) -> str:
    name, inner = _only(tree)
    if name == "not":
        return f"do not belong to those who {_said(inner, around)}"
    if not isinstance(inner, list):
        return _condition(name, inner).say(around)
    parts = [_said(part, around) for part in inner]
    words = (", and " if name == "all" else ", or ").join(parts)
    return words if is_outermost or len(parts) == 1 else f"({words})"


def asked(tree: ExactJson, scope: Scope) -> Q:
    """A tree that is right by itself as a filter of members."""
    name, inner = _only(tree)
    if name == "not":
        return ~asked(inner, scope)
    if not isinstance(inner, list):
        return _condition(name, inner).asked(scope)
    parts: Sequence[Q] = [asked(part, scope) for part in inner]
    return reduce(and_ if name == "all" else or_, parts)


def _only(tree: ExactJson) -> tuple[str, ExactJson]:
    """The one name of a part, and what stands below it."""
    assert isinstance(tree, dict)
    ((name, inner),) = tree.items()
    return name, inner


def _condition(key: str, params: ExactJson) -> Condition:
    assert isinstance(params, dict)
    kind = registry.conditions()[key]
    form = kind.Params(data=params)
    assert form.is_valid(), f"{key}: {form.errors.as_json()}"
    return kind(form.cleaned_data)
