"""Which rules of a document wait for what can never be: rules that are silent beside them, segments of nobody?"""

from collections.abc import Iterator

from programs import competing, rules
from programs.checks import Problem
from programs.document.format import Document, RuleSpec
from programs.rules import naming
from programs.rules.base import SEGMENTS
from programs.rules.conditions import reading
from programs.rules.conditions.others import OnlyIf


def in_vain(document: Document) -> Iterator[Problem]:
    """Conditions that rules need and that cannot hold, and rates that nobody gets."""
    specs = {spec["code"]: spec for spec in document["rules"] if spec["is_active"]}
    empty = {one["code"] for one in document.get("segments", ()) if not one["is_active"]}
    for place, spec in enumerate(document["rules"]):
        if spec["code"] not in specs:
            continue
        for one in reading.written(spec["conditions"]):
            named = one.value if one.is_needed and isinstance(one.value, list) else []
            why = ""
            if named and one.key == OnlyIf.key:
                why = _why_silent(document, spec, [specs[str(code)] for code in named if str(code) in specs])
            elif named and one.key == SEGMENTS and empty.issuperset(map(str, named)):
                why = "can never hold: nobody is in a segment that is switched off"
            if why:
                yield Problem(f"rules[{place}].conditions.{one.path}", why)
        for code in sorted(naming.segments(spec["kind"], spec["params"], {}) & empty):
            why = f"nobody gets the rate of “{code}”, because that segment is switched off"
            yield Problem(f"rules[{place}].params.by_segment", why)


def _why_silent(document: Document, spec: RuleSpec, others: list[RuleSpec]) -> str:
    """Why none of the rules, those that are switched on of all that a rule waits for, gives anything beside it."""
    if not others:
        return "can never hold: the rules that it names are switched off"
    own = _about(spec)
    if own is not None and all((about := _about(other)) is not None and own.isdisjoint(about) for other in others):
        return "can never hold: none of the rules that it names is about the same activity"
    place = rules.place(spec)
    said = [other.get("choice") for other in document["rules"] if rules.place(other) == place]
    is_one = rules.registry[spec["kind"]].phase == "base" and competing.ALL not in said
    if is_one and all(rules.place(other) == place for other in others):
        return "never counts beside the rules that it names: only one rule of their group does; take another group"
    return ""


def _about(spec: RuleSpec) -> frozenset[str] | None:
    """The kinds of activity that a rule is about, None for all."""
    made = rules.made(spec["kind"], spec["params"])
    return made.activities if made else None
