"""What does a rule say to people? One English sentence, from its parameters, conditions and dates."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from loyalty_site.lib import instants
from loyalty_site.lib.json_types import ExactJson
from programs import rules
from programs.rules.conditions import reading

if TYPE_CHECKING:
    # A document is made of models, whose choices are the kinds of rules.
    from programs.document.format import RuleSpec

#: What is said of what no check would let pass; stored versions may be older than the checks.
_UNREADABLE = "under conditions that cannot be read"


def of_rule(
    kind: str,
    params: Mapping[str, ExactJson],
    conditions: ExactJson,
    *,
    starts_on: date | str | None = None,
    ends_on: date | str | None = None,
) -> str:
    """The whole rule: “Points per visit: points 10; on shoes, Mon to Fri, until 31 December 2026.”"""
    known = rules.registry.get(kind)
    gives = known.gives(params) if known else kind
    limits = [part for part in (of_conditions(conditions), _dates(starts_on, ends_on)) if part]
    return f"{gives}; {', '.join(limits)}." if limits else f"{gives}."


def of_spec(spec: "RuleSpec") -> str:
    """The whole rule, as a *valid* document has it."""
    return of_rule(
        spec["kind"], spec["params"], spec["conditions"], starts_on=spec["starts_on"], ends_on=spec["ends_on"]
    )


def of_conditions(conditions: ExactJson) -> str:
    """The conditions of a rule, or of a part of them, as a part of a sentence; "" where there are none."""
    try:
        return reading.node(conditions).says()
    except (KeyError, ValueError):
        return _UNREADABLE


def _dates(starts_on: date | str | None, ends_on: date | str | None) -> str:
    if starts_on and ends_on:
        return f"from {_day(starts_on)} to {_day(ends_on)}"
    if starts_on:
        return f"from {_day(starts_on)}"
    return f"until {_day(ends_on)}" if ends_on else ""


def _day(day: date | str) -> str:
    return instants.full_day(date.fromisoformat(day) if isinstance(day, str) else day)
