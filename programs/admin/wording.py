"""How is a stored rule said in words? For pages and lists, where nobody wants to read its parameters as JSON."""

from collections.abc import Iterator

from programs import rules
from programs.compiled_rules import DISCOUNT
from programs.models import Rule


def describe(rule: Rule) -> str:
    """One sentence, e.g. "Members earn 10 points per visit, by web.", with its dates, and how it stands to others.

    Asks for the currency and the program of the rule.
    """
    return " ".join([rule.say(), *_beside(rule)])


def _beside(rule: Rule) -> Iterator[str]:
    """How the rule stands to others, where it is not just one of them."""
    phase = rules.registry[rule.kind].phase
    others = {"multiplier": "multiplier of the currency", DISCOUNT: "discount"}.get(phase, "rule of the currency")
    if rule.stacking == Rule.Stacking.EXCLUSIVE:
        yield f"If it gives, no other {others} does."
    elif rule.stacking == Rule.Stacking.STOPS:
        yield f"If it gives, no {others} with a higher priority number does."
    if rule.choice:
        yield f"Of the group {rule.group}: {Rule.Choice(rule.choice).label.lower()}."


def what(rule: Rule) -> str:
    """The label of the rule's kind."""
    kind = rules.registry.get(rule.kind)
    return kind.label if kind else rule.kind
