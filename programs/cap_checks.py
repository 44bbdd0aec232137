"""Does a cap measure what its rule gives? Pure; asked by the model and by the check of a document alike."""

from collections.abc import Iterator

from programs import capping, rules
from programs.checks import Problem


def of_rule(*, kind: str, measure: str, is_of_currency: bool) -> Iterator[Problem]:
    """Of a cap of a rule of this kind, which `is_of_currency` of the cap; of that a discount says nothing."""
    if rules.takes_off(kind):
        if measure not in (capping.DISCOUNT, capping.USES):
            yield Problem("measure", "the rule takes money off and gives no points; measure that (discount), or uses")
    elif measure == capping.DISCOUNT:
        yield Problem("measure", "the rule takes no money off; choose one that does, or measure what it gives")
    elif not is_of_currency:
        yield Problem("rule", "gives another currency")
