"""What does a rule say to people? One English sentence, from its parameters, conditions and dates."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from django.core.exceptions import ValidationError

from loyalty_site.lib import instants
from loyalty_site.lib.json_types import ExactJson
from programs import rules
from programs.rules.conditions import reading
from programs.rules.conditions.base import LineCondition
from programs.rules.conditions.tree import All, Leaf, Node
from programs.rules.units import Units

if TYPE_CHECKING:
    # A document is made of models, whose choices are the kinds of rules.
    from programs.document.format import Document, RuleSpec

#: What is said of what no check would let pass; stored versions may be older than the checks.
_UNREADABLE = "under conditions that cannot be read"
_MEMBERS = "members"


class _Limits(NamedTuple):
    """What conditions ask: of `members`, the subject of the sentence; of lines; and of all else, "" for nothing."""

    members: str
    of_lines: str
    others: str


def of_rule(
    kind: str,
    params: Mapping[str, ExactJson],
    conditions: ExactJson,
    units: Units,
    *,
    starts_on: date | str | None = None,
    ends_on: date | str | None = None,
) -> str:
    """The whole rule: “Gold members earn 2 points per EUR on shoes, Mon to Fri, until 31 December 2026.”"""
    limits, gives = _limits(conditions), _gives(kind, params, units)
    verb = rules.registry[kind].verb if kind in rules.registry else "earn"
    said = f"{limits.members[:1].upper()}{limits.members[1:]} {verb} {gives}"
    parts = [part for part in (limits.of_lines, limits.others, _dates(starts_on, ends_on)) if part]
    # Of what lines points are stands right behind them, unless more was said in between.
    first = " " if limits.of_lines and "," not in gives else ", "
    return f"{said}{first}{', '.join(parts)}." if parts else f"{said}."


def of_spec(spec: "RuleSpec", document: "Document") -> str:
    """The whole rule, as a *valid* document has it."""
    names = {currency["code"]: currency["name"] for currency in document["currencies"]}
    units = Units(names.get(spec["currency"], spec["currency"]), document["program"]["money"])
    dates = {"starts_on": spec["starts_on"], "ends_on": spec["ends_on"]}
    return of_rule(spec["kind"], spec["params"], spec["conditions"], units, **dates)


def of_conditions(conditions: ExactJson) -> str:
    """The conditions of a rule, or of a part of them, as a part of a sentence; "" where there are none."""
    try:
        return reading.node(conditions).says()
    except (KeyError, ValueError):
        return _UNREADABLE


def _gives(kind: str, params: Mapping[str, ExactJson], units: Units) -> str:
    known = rules.registry.get(kind)
    if known is None:
        return f"{units.plural} by rules of a kind that there is no more, “{kind}”"
    try:
        return known.gives(params, units)
    except (KeyError, ValueError, ArithmeticError, ValidationError):
        return f"{units.plural} by parameters that cannot be read ({known.label})"


def _limits(conditions: ExactJson) -> _Limits:
    try:
        parts = reading.node(conditions).parts
    except (KeyError, ValueError):
        return _Limits(_MEMBERS, "", _UNREADABLE)
    members, limits = _MEMBERS, list[Node]()
    for part in parts:
        before, members = members, _of_whom(part, members)
        if members == before:
            limits.append(part)
    of_lines = [part for part in limits if isinstance(part, Leaf) and isinstance(part.condition, LineCondition)]
    others = [part for part in limits if part not in of_lines]
    return _Limits(members, All(of_lines).says(), All(others).says())


def _of_whom(part: Node, members: str) -> str:
    return part.condition.of_whom(members) if isinstance(part, Leaf) else members


def _dates(starts_on: date | str | None, ends_on: date | str | None) -> str:
    if starts_on and ends_on:
        return f"from {_day(starts_on)} to {_day(ends_on)}"
    if starts_on:
        return f"from {_day(starts_on)}"
    return f"until {_day(ends_on)}" if ends_on else ""


def _day(day: date | str) -> str:
    return instants.full_day(date.fromisoformat(day) if isinstance(day, str) else day)
