"""Which members take part in one of these promotions?"""

from collections.abc import Iterable, Iterator

from django import forms
from django.db.models import OuterRef, Q

from members.models import PromotionEnrolment
from members.segments.finding import there_is
from programs.checks import clipped
from programs.segments.base import NOBODY, Condition, Scope, Surroundings, Unmet
from programs.segments.fields import TextsField
from programs.segments.registry import register
from programs.segments.wording import either


class EnrolledInParams(forms.Form):
    """Promotions, of which one is enough."""

    promotions = TextsField(
        longest=40, label="Enrolled in one of these promotions", help_text="Codes, separated by commas."
    )


@register
class EnrolledIn(Condition):
    """Who takes part now in one of these promotions, which members must enrol in; whether it runs does not matter."""

    key, label, family, place, Params = (
        "promotion_enrolled",
        "Enrolled in promotions",
        "Promotions",
        55,
        EnrolledInParams,
    )

    def unmet(self, around: Surroundings) -> Unmet:
        yield from (("promotions", words) for words in unknown(self.params["promotions"], around))

    def promotions(self) -> Iterator[str]:
        yield from self.params["promotions"]

    def say(self, around: Surroundings) -> str:
        names = [around.promotions.get(code, code) for code in self.params["promotions"]]
        return f"have enrolled in {either(names)}"

    def asked(self, scope: Scope) -> Q:
        there = scope.configuration.promotions
        keys = [there[code].id for code in self.params["promotions"] if code in there]
        mine = PromotionEnrolment.objects.filter(
            member=OuterRef("pk"), promotion__in=keys, left_at=None, enrolled_at__lte=scope.now
        )
        return there_is(mine) if keys else NOBODY


def unknown(codes: Iterable[str], around: Surroundings) -> Iterator[str]:
    """What is said of promotions that the program does not have."""
    for code in codes:
        if code not in around.promotions:
            yield f"the program has no promotion “{clipped(code)}”"
