"""How is a rule said in words? For lists, where nobody wants to read its parameters as JSON."""

from collections.abc import Iterator
from typing import Any

from django.forms import Form
from django.utils.text import capfirst

from programs import rules
from programs.models import Rule
from programs.rules import conditions

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def describe(rule: Rule) -> str:
    """One sentence or two, e.g. "Points per visit: points 10. Only when channels: web."."""
    gives = f"{what(rule)}: {terms(rule)}" if terms(rule) else what(rule)
    limits = "; ".join(f"{name}: {value}" for name, value in circumstances(rule))
    return f"{gives}. Only when {limits}." if limits else f"{gives}."


def what(rule: Rule) -> str:
    """The label of the rule's kind."""
    kind = rules.registry.get(rule.kind)
    return kind.label if kind else rule.kind


def terms(rule: Rule) -> str:
    """The parameters of its kind that are set, in the order of its form, e.g. "points 10, per 5"."""
    kind = rules.registry.get(rule.kind)
    fields = kind.Params.base_fields if kind else Form.base_fields
    names = [name for name in fields if is_given(rule.params.get(name))]
    return ", ".join(_term(str(fields[name].label or label(name)), rule.params[name]) for name in names)


def _term(name: str, value: Any) -> str:
    """A parameter with its value; of a switch that is on its name says all."""
    return name.lower() if value is True else f"{name.lower()} {value}"


def circumstances(rule: Rule) -> Iterator[tuple[str, str]]:
    """(condition, its values as text) of each condition."""
    for key, value in rule.conditions.items():
        yield key, say(key, value)


def say(key: str, value: Any) -> str:
    """The value of a condition as text."""
    if not isinstance(value, list):
        return str(value)
    if key == conditions.Weekdays.key:
        return ", ".join(WEEKDAYS[day - 1] if day in range(1, 8) else str(day) for day in value)
    if key == conditions.Hours.key:
        return " to ".join(map(str, value))
    return ", ".join(map(str, value))


def label(name: str) -> str:
    """What a field of this name is called on a page."""
    return capfirst(name.replace("_", " "))


def is_given(value: Any) -> bool:
    """Whether a parameter says something: a switch that is off says nothing."""
    return value not in (None, "", []) and value is not False
