"""How is asked whether a number of a member lies in a range? With ends that do not exceed what a column holds."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from django.db.models import Q
from django.db.models.expressions import Combinable
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

#: What the columns of points and money hold at most.
_LARGEST = 2**63 - 1


def between(number: Combinable, least: Decimal | int | None, most: Decimal | int | None) -> Q:
    """The filter of members whose whole `number` is from `least` to `most`; None leaves an end open."""
    asked = Q()
    if least is not None:
        asked &= Q(GreaterThanOrEqual(number, _whole(least, ROUND_CEILING)))
    if most is not None:
        asked &= Q(LessThanOrEqual(number, _whole(most, ROUND_FLOOR)))
    return asked


def _whole(number: Decimal | int, rounding: str) -> int:
    return min(int(Decimal(number).to_integral_value(rounding)), _LARGEST)
