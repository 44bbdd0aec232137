"""Which members joined in a store, or over a channel?"""

from collections.abc import Iterator

from django import forms
from django.db.models import Q

from members.models import Member
from partners.models import Store
from programs.capping import store_of
from programs.segments.base import NOBODY, Condition, Scope, Surroundings, Unmet
from programs.segments.fields import TextsField
from programs.segments.registry import register
from programs.segments.stores import strangers
from programs.segments.wording import either


class JoinedByParams(forms.Form):
    """Ways to enrol, of which one is enough."""

    channels = TextsField(
        choices=Member.Channel.choices,
        label="Enrolled over",
        help_text=f"{', '.join(Member.Channel.values)}; separated by commas.",
    )


@register
class JoinedBy(Condition):
    """Who enrolled over one of these channels."""

    key, label, family, place, Params = "enrolled_over", "Channel of the enrolment", "Places", 50, JoinedByParams

    def say(self, around: Surroundings) -> str:
        return f"enrolled over {either(self.params['channels'])}"

    def asked(self, scope: Scope) -> Q:
        return Q(channel__in=self.params["channels"])


class StoresParams(forms.Form):
    """Stores, of which one is enough."""

    stores = TextsField(
        label="Home store", help_text="Codes of the owner's stores, or partner/code; separated by commas."
    )


@register
class AtHome(Condition):
    """Whose home store, in which most of them enrolled, is one of these."""

    key, label, family, place, Params = "home_store", "Home store", "Places", 51, StoresParams

    def unmet(self, around: Surroundings) -> Unmet:
        yield from (("stores", words) for words in strangers(self.params["stores"], around))

    def stores(self) -> Iterator[tuple[str, str]]:
        yield from (("stores", store) for store in self.params["stores"])

    def say(self, around: Surroundings) -> str:
        return f"have the home store {either(self.params['stores'])}"

    def asked(self, scope: Scope) -> Q:
        found = stores_named(self.params["stores"], scope.configuration.owner)
        return Q(home_store__in=found) if found else NOBODY


def stores_named(texts: list[str], owner: str) -> list[int]:
    """The keys of the stores that conditions name."""
    asked = Q(pk__in=())
    for partner, code in filter(None, (store_of(text, owner) for text in texts)):
        asked |= Q(partner__code=partner, code=code)
    return list(Store.objects.filter(asked).values_list("pk", flat=True))
