"""Which conditions are there? Those that the files of this folder list, each by its key in a rule's JSON."""

from programs.rules.conditions import basket, history, lines, member, others, times
from programs.rules.conditions.base import Condition

registry: dict[str, type[Condition]] = {
    condition.key: condition
    for family in (basket, member, history, times, lines, others)
    for condition in family.CONDITIONS
}
