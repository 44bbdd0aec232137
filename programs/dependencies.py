"""May a rule wait for the rules that it names, and which others wait for it? Pure."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from loyalty_site.lib.json_types import ExactJson
from programs import rules
from programs.checks import Problem, clipped
from programs.rules import naming
from programs.rules.conditions import reading
from programs.rules.conditions.others import OnlyIf
from programs.segments.trees import circle


class Other(NamedTuple):
    """What a rule of a program is to those who may wait for it."""

    kind: str
    waits_for: frozenset[str]

    @classmethod
    def of(cls, kind: str, conditions: ExactJson) -> "Other":
        """The rule of this kind under these conditions."""
        return cls(kind, naming.waits_for(conditions))

    @property
    def gives(self) -> bool:
        """Whether it gives points by itself; a multiplier does not."""
        return self.kind in rules.registry and rules.registry[self.kind].phase == "base"


def problems(code: str, conditions: ExactJson, others: Mapping[str, Other]) -> Iterator[Problem]:
    """Problems of a rule, right by itself, with the rules that it waits for; `others` are all of the program by code,
    among them perhaps the rule itself."""
    own = naming.waits_for(conditions)
    if not own:
        return
    way = circle(code, {name: set(other.waits_for) for name, other in others.items()} | {code: set(own)})
    for one in reading.written(conditions):
        if one.key != OnlyIf.key or not isinstance(one.value, list):
            continue
        named = [text for text in one.value if isinstance(text, str)]
        path = f"conditions.{one.path}"
        if missing := [text for text in named if text not in others and text != code]:
            yield Problem(path, f"none called {', '.join(map(clipped, missing))} is a rule of the program")
        elif idle := [text for text in named if text in others and not others[text].gives]:
            yield Problem(path, f"“{idle[0]}” gives no points by itself; name rules that do")
        elif way and way[1] in named:
            yield Problem(path, f"the rule would wait for itself: {' → '.join(way)}")
