"""Which members earned so many points of late?"""

from typing import Any

from django.db.models import OuterRef, QuerySet, Sum

from members.segments.balances import Points
from programs.segments.base import Scope, Surroundings
from programs.segments.fields import AmountField, CodeField, RangeForm, WindowField
from programs.segments.registry import register
from programs.segments.wording import days
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
class Earned(Points):
    """Who earned so many points in the last days, less what refunds took back in them."""

    key, label, place, Params = "earned", "Points earned lately", 14, EarnedParams

    def say(self, around: Surroundings) -> str:
        return f"earned {self.points(around)} in the last {days(self.params['days'])}"

    def number(self, currency_id: int, scope: Scope) -> QuerySet[Any, Any]:
        since = scope.day_ago(self.params["days"])
        rows = Entry.objects.filter(
            member=OuterRef("pk"), currency=currency_id, kind__in=_KINDS, activity_at__gte=since
        ).order_by()
        return rows.values("member").annotate(total=Sum("points")).values("total")
