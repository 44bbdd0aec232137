"""Which members bought lately, how often, for how much, and where last?"""

from collections.abc import Iterator

from django import forms
from django.db.models import Q, Subquery

from members.segments.dates import DaysParams
from members.segments.finding import there_is
from members.segments.places import stores_named
from members.segments.ranges import between
from programs.checks import clipped
from programs.segments.base import NOBODY, Condition, Scope, Surroundings, Unmet
from programs.segments.fields import AmountField, CountField, RangeForm, TextsField, WindowField
from programs.segments.registry import register
from programs.segments.stores import strangers
from programs.segments.wording import days, either, within
from transactions.segments import purchases


@register
class LastPurchase(Condition):
    """Who bought last so many days ago; who never bought has no last purchase, and is not meant."""

    key, label, family, place, Params = (
        "last_purchase",
        "Days since the last purchase",
        "Purchases",
        20,
        DaysParams,
    )

    def say(self, around: Surroundings) -> str:
        return f"bought last {within(self.params['at_least'], self.params['at_most'])} days ago"

    def asked(self, scope: Scope) -> Q:
        least, most = self.params["at_least"], self.params["at_most"]
        since = None if most is None else scope.day_ago(most)
        asked = there_is(purchases.purchases(since))
        return asked if least is None else asked & ~there_is(purchases.purchases(scope.day_ago(least - 1)))


class FrequencyParams(RangeForm):
    """So many purchases in so many days."""

    days = WindowField(help_text="So many days back, and today.")
    at_least = CountField(help_text="Purchases.")
    at_most = CountField(help_text="Purchases.")


@register
class Purchases(Condition):
    """Who bought so often in the last days."""

    key, label, family, place, Params = "purchases", "Number of purchases", "Purchases", 21, FrequencyParams

    def say(self, around: Surroundings) -> str:
        often = within(self.params["at_least"], self.params["at_most"])
        return f"bought {often} times in the last {days(self.params['days'])}"

    def asked(self, scope: Scope) -> Q:
        number = purchases.how_many(scope.day_ago(self.params["days"]))
        return between(number, self.params["at_least"], self.params["at_most"])


class SpentParams(RangeForm):
    """So much money in so many days."""

    days = WindowField(help_text="So many days back, and today.")
    at_least = AmountField(help_text="In units of the program's base currency.")
    at_most = AmountField(help_text="In units of the program's base currency.")


@register
class Spent(Condition):
    """Who paid so much in the last days, less what was refunded."""

    key, label, family, place, Params = "spent", "Money spent", "Purchases", 22, SpentParams

    def say(self, around: Surroundings) -> str:
        paid = f"{within(self.params['at_least'], self.params['at_most'])} {around.money}".rstrip()
        return f"spent {paid} in the last {days(self.params['days'])}"

    def asked(self, scope: Scope) -> Q:
        major = scope.configuration.major
        ends = (None if end is None else end * major for end in (self.params["at_least"], self.params["at_most"]))
        return between(purchases.money(scope.day_ago(self.params["days"])), *ends)


class LastStoreParams(forms.Form):
    """Stores, of which one is enough."""

    stores = TextsField(
        label="Bought last in", help_text="Codes of the owner's stores, or partner/code; separated by commas."
    )


@register
class LastStore(Condition):
    """Whose last purchase was in one of these stores."""

    key, label, family, place, Params = "last_store", "Store of the last purchase", "Places", 52, LastStoreParams

    def unmet(self, around: Surroundings) -> Unmet:
        yield from (("stores", words) for words in strangers(self.params["stores"], around))

    def stores(self) -> Iterator[tuple[str, str]]:
        yield from (("stores", store) for store in self.params["stores"])

    def say(self, around: Surroundings) -> str:
        return f"bought last in {either(self.params['stores'])}"

    def asked(self, scope: Scope) -> Q:
        found = stores_named(self.params["stores"], scope.configuration.owner)
        return _last(Q(store__in=found)) if found else NOBODY


class LastPartnerParams(forms.Form):
    """Partners, of which one is enough."""

    partners = TextsField(longest=40, label="Bought last from", help_text="Codes of partners, separated by commas.")


@register
class LastPartner(Condition):
    """Whose last purchase was reported by one of these partners."""

    key, label, family, place, Params = (
        "last_partner",
        "Partner of the last purchase",
        "Places",
        53,
        LastPartnerParams,
    )

    def unmet(self, around: Surroundings) -> Unmet:
        for code in self.params["partners"]:
            if code not in around.partners:
                yield "partners", f"no partner “{clipped(code)}” takes part in the program"

    def say(self, around: Surroundings) -> str:
        return f"bought last from {either(self.params['partners'])}"

    def asked(self, scope: Scope) -> Q:
        return _last(Q(connection__partner__code__in=self.params["partners"]))


def _last(of: Q) -> Q:
    """The members whose last purchase is one `of` these."""
    newest = purchases.purchases(of="member").order_by("-activity_at", "-pk").values("pk")[:1]
    return there_is(purchases.purchases().filter(of, pk=Subquery(newest)))
