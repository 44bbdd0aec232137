"""Which lines of a basket does a rule count? Those for which all of its conditions hold."""

from programs.compiled_rules import Rule
from programs.rules.base import Basket, BasketLine, Facts
from programs.rules.conditions import tree


def counted(rule: Rule, basket: Basket, facts: Facts) -> Basket | None:
    """The basket with the lines that the rule counts; None where there is none, or its tree does not hold.

    To be asked where each of its plain conditions holds by itself.
    """
    lines = _filtered(rule, basket)
    if rule.filters and not lines:
        return None
    if rule.tree:
        kept = tree.lines_kept(rule.tree, lines, basket, facts)
        if kept is None:
            return None
        lines = kept
    if len(lines) == len(basket.lines):
        return basket
    return basket._replace(lines=lines, eligible=sum([line.eligible for line in lines]))


def why_none(rule: Rule, basket: Basket, facts: Facts) -> str:
    """What was missing where `counted` has said None, as the end of a sentence."""
    lines = _filtered(rule, basket)
    if rule.tree and (lines or not rule.filters):
        return tree.why_none(rule.tree, lines, basket, facts)
    return "no line is all that it asks for"


def _filtered(rule: Rule, basket: Basket) -> tuple[BasketLine, ...]:
    """The lines of the basket that the plain conditions of the rule choose."""
    lines = basket.lines
    for condition in rule.filters:
        lines = tuple([line for line in lines if condition.keeps(line)])
    return lines
