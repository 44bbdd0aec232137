"""How is a stored rule said in words? For pages and lists, where nobody wants to read its parameters as JSON."""

from collections.abc import Iterator

from programs import rules
from programs.models import Rule
from programs.rules import sentences


def describe(rule: Rule) -> str:
    """One sentence, e.g. "Points per visit: points 10; by web.", with its dates, and how it stands to other rules."""
    dates = {"starts_on": rule.starts_on, "ends_on": rule.ends_on}
    said = sentences.of_rule(rule.kind, rule.params, rule.conditions, **dates)
    return " ".join([said, *_beside(rule)])


def _beside(rule: Rule) -> Iterator[str]:
    """How the rule stands to others, where it is not just one of them."""
    others = "multiplier" if rules.registry[rule.kind].phase == "multiplier" else "rule"
    if rule.stacking == Rule.Stacking.EXCLUSIVE:
        yield f"If it gives, no other {others} of the currency does."
    elif rule.stacking == Rule.Stacking.STOPS:
        yield f"If it gives, no {others} of the currency with a higher priority number does."
    if rule.choice:
        yield f"Of the group {rule.group}: {Rule.Choice(rule.choice).label.lower()}."


def what(rule: Rule) -> str:
    """The label of the rule's kind."""
    kind = rules.registry.get(rule.kind)
    return kind.label if kind else rule.kind
