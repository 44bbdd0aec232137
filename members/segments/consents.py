"""Which members may be written to over a channel?"""

from django import forms
from django.db.models import OuterRef, Q, Subquery

from members.models import Consent
from members.segments.finding import there_is
from programs.segments.base import Condition, Scope, Surroundings
from programs.segments.registry import register

_SAID = {"given": "have given consent to", "refused": "want no", "unsaid": "have said nothing about"}


class ConsentParams(forms.Form):
    """The channel, and what was said last about it."""

    channel = forms.ChoiceField(choices=Consent.Channel.choices)
    said = forms.ChoiceField(
        choices=[("given", "Consent given"), ("refused", "Refused"), ("unsaid", "Never said anything")],
        label="Last word",
    )


@register
class Consented(Condition):
    """What somebody said last about messages over a channel."""

    key, label, family, place, Params = "consent", "Consent", "The person", 40, ConsentParams

    def say(self, around: Surroundings) -> str:
        label = Consent.Channel(self.params["channel"]).label.lower()
        return f"{_SAID[self.params['said']]} messages by {label}"

    def asked(self, scope: Scope) -> Q:
        about = Consent.objects.filter(customer=OuterRef("customer"), channel=self.params["channel"])
        if self.params["said"] == "unsaid":
            return ~there_is(about)
        mine = Consent.objects.filter(customer=OuterRef("customer"), channel=OuterRef("channel"))
        last = mine.order_by("-said_at", "-pk").values("pk")[:1]
        return there_is(about.filter(is_given=self.params["said"] == "given", pk=Subquery(last)))
