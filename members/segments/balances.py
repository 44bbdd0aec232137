"""Which members have, or have ever had, so many points?"""

from typing import Any, ClassVar

from django import forms
from django.db.models import F, OuterRef, Q, QuerySet

from members.models import Balance
from members.segments.finding import number_of
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


class Points(Condition):
    """So many points of one currency."""

    family: ClassVar[str] = "Tiers and points"
    Params: ClassVar[type[forms.Form]] = PointsParams

    def unmet(self, around: Surroundings) -> Unmet:
        if self.params["currency"] not in around.currencies:
            yield "currency", f"the program has no currency “{clipped(self.params['currency'])}”"

    def points(self, around: Surroundings) -> str:
        """How many, of which currency, in words."""
        name = around.currencies.get(self.params["currency"], self.params["currency"])
        return f"{within(self.params['at_least'], self.params['at_most'])} {name}"

    def number(self, currency_id: int, scope: Scope) -> QuerySet[Any, Any]:
        """The number of the member whom the query around asks about, in smallest units; no row is 0."""
        raise NotImplementedError

    def asked(self, scope: Scope) -> Q:
        currency = scope.configuration.currencies.get(self.params["currency"])
        if currency is None:
            return NOBODY
        number = number_of(self.number(currency.id, scope))
        ends = (self.params["at_least"], self.params["at_most"])
        return between(number, *(None if end is None else end * currency.unit for end in ends))


class _OfBalance(Points):
    """A number in the balance; who never had any of the currency has 0."""

    #: What is summed up of a balance, and how that is said around the number of points.
    counted: ClassVar[Any]
    words: ClassVar[str]

    def say(self, around: Surroundings) -> str:
        return self.words.format(points=self.points(around))

    def number(self, currency_id: int, scope: Scope) -> QuerySet[Any, Any]:
        held = Balance.objects.filter(member=OuterRef("pk"), currency=currency_id).order_by()
        return held.annotate(counted=self.counted).values("counted")


@register
class Held(_OfBalance):
    """What can be spent, less what is owed."""

    key, label, place = "balance", "Balance", 11
    counted, words = F("available") - F("arrears"), "have {points}"


@register
class EarnedInAll(_OfBalance):
    """What was earned since the enrolment, whatever became of it."""

    key, label, place = "lifetime_earned", "Earned in all", 12
    counted, words = F("lifetime_earned"), "have earned {points} in all"


@register
class RedeemedInAll(_OfBalance):
    """What was spent since the enrolment."""

    key, label, place = "lifetime_redeemed", "Redeemed in all", 13
    counted, words = F("lifetime_redeemed"), "have redeemed {points} in all"
