"""Which members did a promotion give something, and how often?"""

from collections.abc import Iterator
from datetime import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Count, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable

from members.segments.finding import number_of
from members.segments.promotions import unknown
from members.segments.ranges import between
from programs.segments.base import NOBODY, Condition, Scope, Surroundings, Unmet
from programs.segments.fields import CodeField, CountField, WindowField
from programs.segments.registry import register
from programs.segments.wording import days
from transactions.models import PromotionUse
from transactions.models.promotionuses import GIVEN
from transactions.segments import purchases


class UsedParams(forms.Form):
    """A promotion, how often it was used at least, and in how many days."""

    code = CodeField(label="Promotion", help_text="Its code.")
    at_least = CountField(help_text="Times; once unless said.")
    days = WindowField(required=False, help_text="So many days back, and today; empty: ever.")

    def clean_at_least(self) -> int | None:
        """Refuse 0, which would hold everybody."""
        least: int | None = self.cleaned_data["at_least"]
        if least == 0:
            raise ValidationError("Must be at least 1; for who never used it put the condition into not.")
        return least


@register
class Used(Condition):
    """Whom a promotion gave something so often; what the member did before two memberships became one counts."""

    key, label, family, place, Params = "promotion_used", "Used a promotion", "Promotions", 56, UsedParams

    def unmet(self, around: Surroundings) -> Unmet:
        yield from (("code", words) for words in unknown([self.params["code"]], around))

    def promotions(self) -> Iterator[str]:
        yield self.params["code"]

    def say(self, around: Surroundings) -> str:
        name = around.promotions.get(self.params["code"], self.params["code"])
        least, window = self.params["at_least"] or 1, self.params["days"]
        often = "" if least == 1 else f" at least {least:,} times"
        return f"used {name}{often}" + (f" in the last {days(window)}" if window else "")

    def asked(self, scope: Scope) -> Q:
        offer, window = scope.configuration.promotions.get(self.params["code"]), self.params["days"]
        if offer is None:
            return NOBODY
        since = scope.day_ago(window) if window else None
        return between(how_often(offer.id, since), self.params["at_least"] or 1, None)


def counted() -> QuerySet[PromotionUse]:
    """What promotions gave by transactions that were not taken back as a whole."""
    return PromotionUse.objects.filter(GIVEN, journal__status__in=purchases.COUNTS).order_by()


def how_often(promotion_id: int, since: datetime | None) -> Combinable:
    """How many transactions of the member whom the query around asks about, and of those who became part of that
    member, a promotion gave something since an instant. Each part is looked up by the member's own index."""
    uses = counted().filter(promotion=promotion_id)
    if since:
        uses = uses.filter(activity_at__gte=since)
    return _number(uses.filter(member=OuterRef("pk"))) + _number(uses.filter(member__merged_into=OuterRef("pk")))


def _number(uses: QuerySet[PromotionUse]) -> Combinable:
    return number_of(uses.values("promotion").annotate(number=Count("journal", distinct=True)).values("number"))
