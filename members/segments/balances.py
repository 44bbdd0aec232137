"""Which members have, or have ever had, so many points?"""

from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import BigIntegerField, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from members.models import Balance
from members.segments.ranges import between
from programs.checks import clipped
from programs.segments.base import NOBODY, Condition, Scope, Surroundings, Unmet
from programs.segments.fields import AmountField, CodeField, RangeForm
from programs.segments.registry import register
from programs.segments.wording import within


class PointsParams(RangeForm):
    """The currency, and how many of its points."""

    currency = CodeField(help_text="Its code.")
    at_least = AmountField(help_text="Points.")
    at_most = AmountField(help_text="Points.")


class _Points(Condition):
    """A number in the balance of one currency; who never had any of it has 0."""

    family, Params = "Tiers and points", PointsParams
    #: What is summed up of a balance, and how that is said around the number of points.
    counted: ClassVar[Any]
    words: ClassVar[str]

    def unmet(self, around: Surroundings) -> Unmet:
        if self.params["currency"] not in around.currencies:
            yield "currency", f"the program has no currency “{clipped(self.params['currency'])}”"

    def say(self, around: Surroundings) -> str:
        name = around.currencies.get(self.params["currency"], self.params["currency"])
        points = f"{within(self.params['at_least'], self.params['at_most'])} {name}"
        return self.words.format(points=points)

    def asked(self, scope: Scope) -> Q:
        currency = scope.configuration.currencies.get(self.params["currency"])
        if currency is None:
            return NOBODY
        held = Balance.objects.filter(member=OuterRef("pk"), currency=currency.id).order_by()
        points = Coalesce(
            Subquery(held.annotate(counted=self.counted).values("counted"), output_field=BigIntegerField()), Value(0)
        )
        least, most = (_units(self.params[name], currency.unit) for name in ("at_least", "at_most"))
        return between(points, least, most)


def _units(points: Decimal | None, unit: int) -> Decimal | None:
    return None if points is None else points * unit


@register
class Held(_Points):
    """What can be spent, less what is owed."""

    key, label, place = "balance", "Balance", 11
    counted, words = F("available") - F("arrears"), "have {points}"


@register
class EarnedInAll(_Points):
    """What was earned since the enrolment, whatever became of it."""

    key, label, place = "lifetime_earned", "Earned in all", 12
    counted, words = F("lifetime_earned"), "have earned {points} in all"


@register
class RedeemedInAll(_Points):
    """What was spent since the enrolment."""

    key, label, place = "lifetime_redeemed", "Redeemed in all", 13
    counted, words = F("lifetime_redeemed"), "have redeemed {points} in all"
