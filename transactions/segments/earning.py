"""Which members earned so many points of late?"""

from django.db.models import BigIntegerField, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from members.segments.ranges import between
from programs.checks import clipped
from programs.segments.base import NOBODY, Condition, Scope, Surroundings, Unmet
from programs.segments.fields import AmountField, CodeField, RangeForm, WindowField
from programs.segments.registry import register
from programs.segments.wording import days, within
from transactions.models import Entry

#: What is earned, and what is taken back of it.
_KINDS = (Entry.Kind.CREDIT, Entry.Kind.REVERSAL_DEBIT)


class EarnedParams(RangeForm):
    """So many points of a currency in so many days."""

    currency = CodeField(help_text="Its code.")
    days = WindowField(help_text="So many days back, and today.")
    at_least = AmountField(help_text="Points.")
    at_most = AmountField(help_text="Points.")


@register
class Earned(Condition):
    """Who earned so many points in the last days, less what refunds took back in them."""

    key, label, family, place, Params = "earned", "Points earned lately", "Tiers and points", 14, EarnedParams

    def unmet(self, around: Surroundings) -> Unmet:
        if self.params["currency"] not in around.currencies:
            yield "currency", f"the program has no currency “{clipped(self.params['currency'])}”"

    def say(self, around: Surroundings) -> str:
        name = around.currencies.get(self.params["currency"], self.params["currency"])
        points = f"{within(self.params['at_least'], self.params['at_most'])} {name}"
        return f"earned {points} in the last {days(self.params['days'])}"

    def asked(self, scope: Scope) -> Q:
        currency = scope.configuration.currencies.get(self.params["currency"])
        if currency is None:
            return NOBODY
        since = scope.day_ago(self.params["days"])
        rows = Entry.objects.filter(
            member=OuterRef("pk"), currency=currency.id, kind__in=_KINDS, activity_at__gte=since
        ).order_by()
        summed = rows.values("member").annotate(total=Sum("points")).values("total")
        total = Coalesce(Subquery(summed, output_field=BigIntegerField()), Value(0))
        ends = (self.params["at_least"], self.params["at_most"])
        return between(total, *(None if end is None else end * currency.unit for end in ends))
